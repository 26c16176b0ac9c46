// One recording, picture or row with what is known about it. Comes from the importers in data/, goes to
// features and evaluation.
#pragma once

#include <array>
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

/// A picture, 8 bits a channel. pixels: row-major [height, width, channels]; channels 1 (grey) or 3 (RGB).
struct Image {
  int width = 0, height = 0, channels = 1;
  std::vector<uint8_t> pixels;
};

/// Numbers over time: motion, vibration, temperatures. values: row-major [steps, axes], in each axis's own
/// unit. A row of a table is a series of one step whose axes are the columns, categories counted from 0.
struct Series {
  double rate_hz = 0;             ///< steps a second; 0: unknown, or a row of a table
  std::vector<std::string> axes;  ///< names, with a unit where known ("acceleration_x_g")
  std::vector<float> values;

  size_t steps() const { return axes.empty() ? 0 : values.size() / axes.size(); }
};

/// A line drawn on paper or in the air: points in the order of drawing, y upwards.
struct Stroke {
  std::vector<std::array<float, 2>> points;
};

/// What a sensor gave.
using Signal = std::variant<Audio, Image, Series, Stroke>;

/// Whether the person heard or seen agreed to the use of the recording.
enum class Consent : uint8_t { unknown, given, withdrawn };

/// Never changed in place: a cut or a relabel is a new Sample that shares nothing but the signal's bytes.
struct Sample {
  std::string
      id;  ///< path below the data folder, or a made-up one for cuts ("_background_noise_/dishes.wav@12.5s")
  std::string label;           ///< the folder's name; "_background_noise_" for noise
  std::vector<float> targets;  ///< regression: the numbers to predict; else empty
  std::string group;           ///< speaker, device or person; "" when unknown
  std::string source;          ///< where it came from, for the report: "recording", "synthetic", "noise"
  std::string sha256;          ///< 64 hex digits of the file's bytes; "" for cuts
  Consent consent = Consent::unknown;
  std::shared_ptr<const Signal> signal;

  const Audio& audio() const { return std::get<Audio>(*signal); }
  const Image& image() const { return std::get<Image>(*signal); }
  const Series& series() const { return std::get<Series>(*signal); }
  const Stroke& stroke() const { return std::get<Stroke>(*signal); }
};

}  // namespace tadpole::samples
