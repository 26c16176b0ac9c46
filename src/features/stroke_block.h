// The block stroke.
#pragma once

#include "device/dsp/stroke_features.h"
#include "features/extractor.h"

namespace tadpole::features {

class StrokeExtractor final : public Extractor {
 public:
  static Result<std::shared_ptr<const Extractor>> create(const FeatureConfig& config);

  std::array<int, 3> shape() const override { return {device_.height, device_.width, dsp::kStrokeChannels}; }
  float scale() const override { return 1.0f / 128.0f; }
  Result<void> accepts(const samples::Signal& signal) const override;
  std::vector<uint8_t> sensor_bytes(const samples::Signal& signal) const override;
  std::vector<int16_t> extract(const samples::Signal& signal) const override;
  std::vector<float> reference(const samples::Signal& signal) const override;
  DeviceConstants device_constants() const override;
  std::string fingerprint() const override;

 private:
  explicit StrokeExtractor(const FeatureConfig& config);

  FeatureConfig config_;
  dsp::StrokeFeatures device_{};
};

}  // namespace tadpole::features
