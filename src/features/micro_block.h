// The block micro_frontend.
#pragma once

#include "features/audio_block.h"
#include "features/micro_tables.h"

namespace tadpole::features {

class MicroExtractor : public AudioExtractor {
 public:
  static Result<std::shared_ptr<const Extractor>> create(const FeatureConfig& config);

  const dsp::SpeechFeatures& device() const override { return device_; }
  float scale() const override;
  std::vector<float> reference_clip(const std::vector<double>& clip) const override;
  DeviceConstants device_constants() const override;
  std::string fingerprint() const override;

 private:
  explicit MicroExtractor(const FeatureConfig& config)
      : AudioExtractor(config), tables_(config), device_(dsp::micro_frontend_features(tables_.device)) {}

  MicroTables tables_;
  dsp::SpeechFeatures device_;
};

}  // namespace tadpole::features
