// What the blocks that hear share.
#pragma once

#include <span>

#include "device/dsp/speech_features.h"
#include "features/extractor.h"
#include "features/feature_tables.h"

namespace tadpole::features {

/// `pcm` as exactly `samples` samples: zeros in equal parts on both sides (the odd one at the end), or its
/// middle. T: int16_t or double.
template <class T>
std::vector<T> fitted_clip(std::span<const int16_t> pcm, size_t samples);

/// sample_rate_hz, window_ms, stride_ms and clip_ms; low_hz and high_hz.
Result<void> check_frames(const FeatureConfig& config);
Result<void> check_band_limits(const FeatureConfig& config);

/// A block of 16-bit PCM.
class AudioExtractor : public Extractor {
 public:
  explicit AudioExtractor(const FeatureConfig& config) : config_(config) {}

  size_t clip_samples() const { return static_cast<size_t>(frame_sizes(config_).clip_samples); }
  virtual const dsp::SpeechFeatures& device() const = 0;
  std::vector<int16_t> extract_clip(std::span<const int16_t> clip) const;
  virtual std::vector<float> reference_clip(const std::vector<double>& clip) const = 0;

  std::array<int, 3> shape() const override;
  Result<void> accepts(const samples::Signal& signal) const override;
  std::vector<uint8_t> sensor_bytes(const samples::Signal& signal) const override;
  std::vector<int16_t> extract(const samples::Signal& signal) const override;
  std::vector<float> reference(const samples::Signal& signal) const override;

 protected:
  /// Algorithm, its version, the block and the frames' settings.
  std::string fingerprint_of(const std::string& algorithm, int version) const;

  FeatureConfig config_;
};

}  // namespace tadpole::features
