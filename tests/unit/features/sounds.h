// Seeded sounds and real recordings for the tests of features.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numbers>
#include <string>
#include <vector>

#include "base/rng.h"

namespace tadpole::features {

using Pcm = std::vector<int16_t>;

inline Pcm noise(int samples, float amplitude, uint64_t seed) {
  Rng rng(seed);
  Pcm pcm;
  for (int n = 0; n < samples; ++n) {
    pcm.push_back(static_cast<int16_t>(std::lround(rng.uniform(-amplitude, amplitude))));
  }
  return pcm;
}

inline Pcm tone(int samples, double amplitude, double hz, int sample_rate_hz) {
  Pcm pcm;
  for (int n = 0; n < samples; ++n) {
    pcm.push_back(static_cast<int16_t>(
        std::lround(amplitude * std::sin(2 * std::numbers::pi * hz * n / sample_rate_hz))));
  }
  return pcm;
}

inline Pcm square(int samples, int half_period) {
  Pcm pcm;
  for (int n = 0; n < samples; ++n) pcm.push_back(n / half_period % 2 == 0 ? 32767 : -32768);
  return pcm;
}

inline Pcm impulse(int samples, int at, int16_t height) {
  Pcm pcm(static_cast<size_t>(samples), 0);
  pcm[static_cast<size_t>(at)] = height;
  return pcm;
}

/// Every `every`th clip of the Speech Commands subset (one second, 16 kHz, plain 44-byte header); empty when
/// it is absent.
inline std::vector<Pcm> recordings(size_t every) {
  const std::filesystem::path root =
      std::filesystem::path(TADPOLE_SOURCE_DIR) / "../shared/data/speech_commands";
  std::vector<std::filesystem::path> paths;
  if (std::filesystem::is_directory(root)) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      if (entry.path().extension() == ".wav" && entry.file_size() == 44 + 32000)
        paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Pcm> clips;
  for (size_t i = 0; i < paths.size(); i += every) {
    std::ifstream file(paths[i], std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    Pcm pcm(16000);
    std::memcpy(pcm.data(), bytes.data() + 44, 32000);
    clips.push_back(pcm);
  }
  return clips;
}

}  // namespace tadpole::features
