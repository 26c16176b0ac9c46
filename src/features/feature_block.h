// Signals to the numbers that a network sees. Host side of device/dsp: the same code, with its tables.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "device/dsp/feature_quantiser.h"
#include "device/dsp/speech_features.h"
#include "features/device_constants.h"
#include "features/feature_config.h"

namespace tadpole::features {

class Extractor;

/// A feature extractor ready to run. Immutable and thread-safe; copying shares the tables.
class FeatureBlock {
 public:
  /// Fails with Code::features_bad_setting, naming the setting, what was found and the range.
  static Result<FeatureBlock> create(const FeatureConfig& config);

  const FeatureConfig& config() const { return config_; }

  /// What extract() takes.
  SignalKind kind() const { return kind_; }
  /// Height (time, for sound and series), width (values of one moment) and channels: the network's input is
  /// [1, height, width, channels].
  std::array<int, 3> shape() const;
  int size() const;  ///< numbers in all: the product of shape()
  /// A feature's real value is its int16 times this, for every block.
  float scale() const;

  /// Whether extract() can use `signal`: its kind, its rate, its axes. Fails: features_bad_setting, saying
  /// what differs and what to change.
  Result<void> accepts(const samples::Signal& signal) const;

  /// What the board's sensor would send for `signal`: the samples that dsp's code takes, 16-bit PCM, pixels
  /// in the sensor's format, steps or points of float32, little-endian. accepts() must be true.
  std::vector<uint8_t> sensor_bytes(const samples::Signal& signal) const;

  /// Features of one signal, row-major [height, width, channels]. Equal, bit for bit, to what the board
  /// computes. What does not fit is cut or padded as docs/formats/features.md says; a signal that accepts()
  /// refuses gives zeros. Allocates its scratch.
  std::vector<int16_t> extract(const samples::Signal& signal) const;

  /// Floating-point judge of the same formula: slow; for tests and for the stated error.
  std::vector<float> extract_reference(const samples::Signal& signal) const;

  /// The constants of the device side, for codegen.
  DeviceConstants device_constants() const;

  /// A text that changes whenever the features' values would: configuration and version of the algorithm.
  std::string fingerprint() const;

  // Sound only, from here on.

  int clip_samples() const;                  ///< samples in one clip
  int frames() const { return shape()[0]; }  ///< rows: 1 + (clip_samples - window) / stride
  int values_per_frame() const { return shape()[1]; }

  /// Features of one clip of 16-bit PCM at the block's rate. A shorter clip is padded with zeros in equal
  /// parts on both sides, a longer one is cut to its middle.
  std::vector<int16_t> extract(std::span<const int16_t> pcm) const;
  std::vector<float> extract_reference(std::span<const int16_t> pcm) const;

  /// Rows of an endless signal that begins with `pcm`, row-major [rows, values_per_frame], as a
  /// dsp::SpeechStream gives them; rows = 0 when it is shorter than a window.
  std::vector<int16_t> extract_stream(std::span<const int16_t> pcm) const;

  /// A recording as the clip that extract() sees: clip_samples() samples, padded or cut as it does.
  std::vector<int16_t> clip_of(std::span<const int16_t> pcm) const;

  /// The device-side description (with pointers into this block's tables), for the host application.
  const dsp::SpeechFeatures& device() const;

 private:
  FeatureBlock() = default;

  FeatureConfig config_;
  SignalKind kind_ = SignalKind::audio;
  std::shared_ptr<const Extractor> extractor_;
};

/// The integers for dsp::quantise_feature. Scales: positive and finite; otherwise every feature becomes the
/// zero point (reading a model file refuses such scales). input_zero_point is clamped to int8.
dsp::FeatureQuantiser make_feature_quantiser(float feature_scale, float input_scale, int input_zero_point);

/// Turns a feature into the int8 that an int8 model expects: round(real / input_scale) + zero_point, computed
/// with the integer arithmetic that the board uses (dsp::quantise_feature).
std::vector<int8_t> quantise_features(std::span<const int16_t> features, float feature_scale,
                                      float input_scale, int input_zero_point);

}  // namespace tadpole::features
