// The block image.
#pragma once

#include "device/dsp/image_features.h"
#include "features/extractor.h"

namespace tadpole::features {

/// A picture is first brought to what the board's camera gives (sensor_width, sensor_height, sensor_format),
/// then to the network's size by the device's own code.
class ImageExtractor final : public Extractor {
 public:
  static Result<std::shared_ptr<const Extractor>> create(const FeatureConfig& config);

  std::array<int, 3> shape() const override { return {device_.height, device_.width, device_.channels}; }
  float scale() const override;
  Result<void> accepts(const samples::Signal& signal) const override;
  std::vector<uint8_t> sensor_bytes(const samples::Signal& signal) const override;
  std::vector<int16_t> extract(const samples::Signal& signal) const override;
  std::vector<float> reference(const samples::Signal& signal) const override;
  DeviceConstants device_constants() const override;
  std::string fingerprint() const override;

 private:
  explicit ImageExtractor(const FeatureConfig& config);

  FeatureConfig config_;
  dsp::ImageFeatures device_{};
};

}  // namespace tadpole::features
