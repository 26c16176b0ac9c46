// Sound to the numbers that a network sees. Host side of device/dsp: the same fixed-point code, with its
// tables.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "device/dsp/speech_features.h"

namespace tadpole::features {

/// [features] of tadpole.toml. Ranges are checked by FeatureBlock::create.
struct FeatureConfig {
  std::string block = "mfcc";  ///< "mfcc" or "log_mel"
  int sample_rate_hz = 16000;  ///< 8000 to 48000
  int clip_ms = 1000;          ///< length of what the network sees at once
  int window_ms = 30;
  int stride_ms = 20;
  int bands = 40;         ///< mel bands
  int coefficients = 10;  ///< kept MFCC coefficients; not used by log_mel
  int low_hz = 20, high_hz = 4000;

  bool operator==(const FeatureConfig&) const = default;
};

/// A feature extractor ready to run. Immutable and thread-safe; copying shares the tables.
class FeatureBlock {
 public:
  /// Fails with Code::features_bad_setting, naming the setting, what was found and the range.
  static Result<FeatureBlock> create(const FeatureConfig& config);

  const FeatureConfig& config() const { return config_; }

  int clip_samples() const;      ///< samples in one clip
  int frames() const;            ///< rows: 1 + (clip_samples - window) / stride
  int values_per_frame() const;  ///< columns: coefficients for mfcc, bands for log_mel
  int size() const { return frames() * values_per_frame(); }
  /// A feature's real value is its int16 times this. A power of two.
  float scale() const;

  /// Features of one clip, row-major [frames, values_per_frame]. A shorter clip is padded with zeros in equal
  /// parts on both sides, a longer one is cut to its middle. Equal, bit for bit, to what the board computes.
  /// Allocates its scratch.
  std::vector<int16_t> extract(std::span<const int16_t> pcm) const;

  /// A recording as the clip that extract() sees: clip_samples() samples, padded or cut as it does.
  std::vector<int16_t> clip_of(std::span<const int16_t> pcm) const;

  /// Float32 judge of the same formula with a plain DFT: slow; for tests and for the stated error.
  std::vector<float> extract_reference(std::span<const int16_t> pcm) const;

  /// The device-side description (with pointers into this block's tables), for codegen and for the host
  /// application.
  const dsp::SpeechFeatures& device() const;

  /// A text that changes whenever the features' values would: configuration and version of the algorithm.
  std::string fingerprint() const;

 private:
  FeatureBlock() = default;

  struct Tables;
  FeatureConfig config_;
  std::shared_ptr<const Tables> tables_;
};

/// The integers for dsp::quantise_feature. Scales: positive and finite; otherwise every feature becomes the
/// zero point (reading a model file refuses such scales). input_zero_point is clamped to int8.
dsp::FeatureQuantiser make_feature_quantiser(float feature_scale, float input_scale, int input_zero_point);

/// Turns a feature into the int8 that an int8 model expects: round(real / input_scale) + zero_point, computed
/// with the integer arithmetic that the board uses (dsp::quantise_feature).
std::vector<int8_t> quantise_features(std::span<const int16_t> features, float feature_scale,
                                      float input_scale, int input_zero_point);

}  // namespace tadpole::features
