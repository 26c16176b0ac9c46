// Made-up words for tests that train: tones that any network tells apart.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "base/rng.h"
#include "tests/e2e/tadpole_program.h"

namespace tadpole {

/// "Words" that are easy to tell apart: a tone that rises, one that falls, and two that hover.
inline std::vector<int16_t> tone_word(double from_hz, double to_hz, Rng& rng) {
  constexpr double kPi = 3.14159265358979323846;
  std::vector<int16_t> pcm(16000);
  const int start = static_cast<int>(rng.below(4000)) + 2000, length = 7000;
  double phase = rng.uniform() * 2 * kPi;
  const double level = 3000 + rng.uniform() * 5000, detune = 0.95 + 0.1 * rng.uniform();
  for (size_t i = 0; i < pcm.size(); ++i) {
    double value = 40 * rng.normal();
    const int at = static_cast<int>(i) - start;
    if (at >= 0 && at < length) {
      const double share = static_cast<double>(at) / length;
      phase += 2 * kPi * detune * (from_hz + (to_hz - from_hz) * share) / 16000;
      value += level * std::sin(kPi * share) * std::sin(phase);
    }
    pcm[i] = static_cast<int16_t>(value);
  }
  return pcm;
}

/// words/rise, words/fall (`many` recordings each), words/low and words/high (`few` each) of eight speakers.
inline void make_words(const Folder& folder, int many = 40, int few = 12) {
  struct Word {
    const char* name;
    double from_hz, to_hz;
    int count;
  };
  Rng rng(11);
  for (const Word& word : {Word{"rise", 300, 1500, many}, Word{"fall", 1500, 300, many},
                           Word{"low", 250, 250, few}, Word{"high", 2500, 2500, few}}) {
    for (int i = 0; i < word.count; ++i) {
      const std::string path = std::string("words/") + word.name + "/" + std::to_string(i % 8) +
                               "abcdef0_nohash_" + std::to_string(i / 8) + ".wav";
      std::filesystem::create_directories(std::filesystem::path(folder.path(path)).parent_path());
      ASSERT_TRUE(data::write_wav(folder.path(path), {16000, tone_word(word.from_hz, word.to_hz, rng)}).ok());
    }
  }
}

}  // namespace tadpole
