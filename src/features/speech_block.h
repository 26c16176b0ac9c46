// The blocks behind dsp::MelFeatures: mfcc, log_mel, mfe and spectrogram.
#pragma once

#include "features/audio_block.h"

namespace tadpole::features {

class SpeechExtractor : public AudioExtractor {
 public:
  static Result<std::shared_ptr<const Extractor>> create(const FeatureConfig& config);

  const dsp::SpeechFeatures& device() const override { return device_; }
  float scale() const override;
  std::vector<float> reference_clip(const std::vector<double>& clip) const override;
  DeviceConstants device_constants() const override;
  std::string fingerprint() const override;

 private:
  explicit SpeechExtractor(const FeatureConfig& config);

  FeatureTables tables_;
  dsp::SpeechFeatures device_;
};

}  // namespace tadpole::features
