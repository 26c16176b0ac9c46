// One recording with what is known about it. Comes from the importers in data/, goes to features and
// evaluation.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace tadpole::samples {

/// Mono sound, 16-bit PCM.
struct Audio {
  int sample_rate_hz = 16000;
  std::vector<int16_t> pcm;

  double seconds() const { return static_cast<double>(pcm.size()) / sample_rate_hz; }
};

/// What a sensor gave. Audio now; images, motion and table rows join as further alternatives.
using Signal = std::variant<Audio>;

/// Whether the person heard or seen agreed to the use of the recording.
enum class Consent : uint8_t { unknown, given, withdrawn };

/// Never changed in place: a cut or a relabel is a new Sample that shares nothing but the signal's bytes.
struct Sample {
  std::string
      id;  ///< path below the data folder, or a made-up one for cuts ("_background_noise_/dishes.wav@12.5s")
  std::string label;   ///< the folder's name; "_background_noise_" for noise
  std::string group;   ///< speaker, device or person; "" when unknown
  std::string source;  ///< where it came from, for the report: "recording", "synthetic", "noise"
  std::string sha256;  ///< 64 hex digits of the file's bytes; "" for cuts
  Consent consent = Consent::unknown;
  std::shared_ptr<const Signal> signal;

  const Audio& audio() const { return std::get<Audio>(*signal); }
};

}  // namespace tadpole::samples
