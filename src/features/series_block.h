// The blocks of numbers over time: raw, statistics and spectral.
#pragma once

#include "device/dsp/series_features.h"
#include "features/extractor.h"

namespace tadpole::features {

/// A Butterworth section of second order, a0 = 1.
struct Biquad {
  double b0, b1, b2, a1, a2;
};
/// 0 < cutoff_hz < rate_hz / 2. Source: bilinear transform with the cut-off frequency prewarped, Oppenheim
/// and Schafer, Discrete-Time Signal Processing, section 7.1.
Biquad butterworth(double cutoff_hz, double rate_hz, bool high_pass);

class SeriesExtractor final : public Extractor {
 public:
  static Result<std::shared_ptr<const Extractor>> create(const FeatureConfig& config);

  std::array<int, 3> shape() const override;
  float scale() const override;
  Result<void> accepts(const samples::Signal& signal) const override;
  std::vector<uint8_t> sensor_bytes(const samples::Signal& signal) const override;
  std::vector<int16_t> extract(const samples::Signal& signal) const override;
  std::vector<float> reference(const samples::Signal& signal) const override;
  DeviceConstants device_constants() const override;
  std::string fingerprint() const override;

 private:
  explicit SeriesExtractor(const FeatureConfig& config);
  void make_spectrum_tables();

  FeatureConfig config_;
  std::vector<float> centre_, factor_, window_, sine_;
  std::vector<uint16_t> reversed_, band_edges_;
  dsp::SeriesFeatures device_{};
};

/// The steps of a series that a window of `steps` sees, with the columns `axes` only, [count, axes]: its
/// middle when it is longer, all of it when it is not. Every axis must be there.
std::vector<float> window_of(const samples::Series& series, std::span<const std::string> axes, int steps);

}  // namespace tadpole::features
