// The blocks that hear: what they share, and those behind dsp::SpeechFeatures.
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

/// A block of 16-bit PCM.
class AudioExtractor : public Extractor {
 public:
  explicit AudioExtractor(const FeatureConfig& config) : config_(config) {}

  size_t clip_samples() const { return static_cast<size_t>(frame_sizes(config_).clip_samples); }
  virtual std::vector<int16_t> extract_clip(std::span<const int16_t> clip) const = 0;
  virtual std::vector<float> reference_clip(const std::vector<double>& clip) const = 0;

  Result<void> accepts(const samples::Signal& signal) const override;
  std::vector<int16_t> extract(const samples::Signal& signal) const override;
  std::vector<float> reference(const samples::Signal& signal) const override;

 protected:
  FeatureConfig config_;
};

/// mfcc and log_mel.
class SpeechExtractor : public AudioExtractor {
 public:
  static Result<std::shared_ptr<const AudioExtractor>> create(const FeatureConfig& config);

  const dsp::SpeechFeatures& device() const { return tables_.device; }

  std::array<int, 3> shape() const override;
  float scale() const override;
  std::vector<int16_t> extract_clip(std::span<const int16_t> clip) const override;
  std::vector<float> reference_clip(const std::vector<double>& clip) const override;
  DeviceConstants device_constants() const override;
  std::string fingerprint() const override;

 private:
  explicit SpeechExtractor(const FeatureConfig& config) : AudioExtractor(config), tables_(config) {}

  FeatureTables tables_;
};

}  // namespace tadpole::features
