// The block wavelet.
#pragma once

#include "device/dsp/wavelet_features.h"
#include "features/audio_block.h"

namespace tadpole::features {

/// The low-pass filter of an orthonormal wavelet, or nothing when there is none of that name. Sum sqrt(2).
/// Source: I. Daubechies, Ten Lectures on Wavelets, table 6.1.
std::vector<double> wavelet_filter(std::string_view name);

class WaveletExtractor : public AudioExtractor {
 public:
  static Result<std::shared_ptr<const Extractor>> create(const FeatureConfig& config);

  const dsp::SpeechFeatures& device() const override { return device_; }
  float scale() const override;
  std::vector<float> reference_clip(const std::vector<double>& clip) const override;
  DeviceConstants device_constants() const override;
  std::string fingerprint() const override;

 private:
  explicit WaveletExtractor(const FeatureConfig& config);

  std::vector<int32_t> low_;
  dsp::WaveletFeatures tables_;
  dsp::SpeechFeatures device_;
};

}  // namespace tadpole::features
