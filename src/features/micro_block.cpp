// micro_frontend: settings, and the formula in floating point.
#include "features/micro_block.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tadpole::features {
namespace {

/// |X[k]| of the windowed frame for k = 0 to fft_size / 2.
std::vector<double> magnitudes(std::span<const double> frame, int fft_size) {
  const int samples = static_cast<int>(frame.size());
  std::vector<double> windowed, cosine, out;
  for (int n = 0; n < samples; ++n) {
    windowed.push_back(frame[n] * (0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * (n + 0.5) / samples)));
  }
  for (int i = 0; i < fft_size; ++i) cosine.push_back(std::cos(2.0 * std::numbers::pi * i / fft_size));
  for (int k = 0; k <= fft_size / 2; ++k) {
    double re = 0, im = 0;
    int angle = 0;  // k n modulo fft_size
    for (int n = 0; n < samples; ++n) {
      re += windowed[n] * cosine[angle];
      im += windowed[n] * cosine[(angle + fft_size / 4) & (fft_size - 1)];
      angle = (angle + k) & (fft_size - 1);
    }
    out.push_back(std::sqrt(re * re + im * im));
  }
  return out;
}

/// The channels in the integer scale: spectrum divided by fft_size, weights by 2^6 too large.
std::vector<double> channel_values(const FeatureConfig& config, std::span<const double> spectrum) {
  const int fft_size = 2 * (static_cast<int>(spectrum.size()) - 1);
  const MicroBands bands = micro_bands(config, fft_size);
  std::vector<double> energies(bands.centres.size() + 1, 0.0);
  for (int k = bands.first_line; k < static_cast<int>(spectrum.size()); ++k) {
    const double mel = micro_mel(static_cast<float>(k) * bands.line_hz);
    const size_t i = static_cast<size_t>(std::lower_bound(bands.centres.begin(), bands.centres.end(), mel) -
                                         bands.centres.begin());
    if (i == bands.centres.size()) break;
    const double before = i == 0 ? bands.lowest : bands.centres[i - 1];
    const double falling = (bands.centres[i] - mel) / (bands.centres[i] - before);
    const double power = std::pow(spectrum[static_cast<size_t>(k)] / fft_size, 2);
    energies[i] += falling * power;
    energies[i + 1] += (1.0 - falling) * power;
  }
  std::vector<double> values;
  for (int i = 1; i <= config.bands; ++i) {
    values.push_back(std::sqrt(energies[static_cast<size_t>(i)] * (1 << dsp::kMicroWeightBits)));
  }
  return values;
}

}  // namespace

Result<std::shared_ptr<const Extractor>> MicroExtractor::create(const FeatureConfig& config) {
  TADPOLE_CHECK(check_frames(config));
  TADPOLE_CHECK(check_range("bands", config.bands, 4, dsp::kMaxBands, ""));
  TADPOLE_CHECK(check_band_limits(config));
  const int fft_size = frame_sizes(config).fft_size;
  if (fft_size > dsp::kMaxMicroFftSize) {
    return bad_setting("window_ms", std::to_string(config.window_ms),
                       "at most " + std::to_string(dsp::kMaxMicroFftSize * 1000 / config.sample_rate_hz) +
                           " ms at this sample rate: the 16-bit transform has no more points");
  }
  return std::shared_ptr<const Extractor>(new MicroExtractor(config));
}

// The classic int8 input is (256 f + 333) / 666 - 128, whatever the model's own input scale. With this one,
// 1/25.6 but for a thousandth, the quantisation of the public micro_speech model gives exactly that.
float MicroExtractor::scale() const { return static_cast<float>(0.10171568393707275 * 256 / 666); }

std::vector<float> MicroExtractor::reference_clip(const std::vector<double>& clip) const {
  const dsp::MicroFrontend& f = tables_.device;
  std::vector<double> noise(static_cast<size_t>(f.channels), 0.0);
  std::vector<float> features;
  for (int frame = 0; frame < f.frames; ++frame) {
    const std::span<const double> window(clip.data() + static_cast<ptrdiff_t>(frame) * f.stride_samples,
                                         static_cast<size_t>(f.window_samples));
    const std::vector<double> channels = channel_values(config_, magnitudes(window, f.fft_size));
    for (size_t i = 0; i < channels.size(); ++i) {
      const double smoothing = i % 2 == 0 ? MicroConstants::kEvenSmoothing : MicroConstants::kOddSmoothing;
      noise[i] += smoothing * (channels[i] - noise[i]);
      const double clean = std::max(channels[i] - noise[i], MicroConstants::kSignalKept * channels[i]);
      const double gain = std::pow(std::ldexp(noise[i], f.correction_bits) + MicroConstants::kGainOffset,
                                   -MicroConstants::kGainStrength);
      const double snr = std::ldexp(clean, f.correction_bits) * gain;
      const double value = std::ldexp(snr < 2 ? snr * snr / 4 : snr - 1, 6 + f.correction_bits);
      const double log = value > 1 ? std::log(value) * (1 << f.log_bits) : 0.0;
      features.push_back(static_cast<float>(log) * scale());
    }
  }
  return features;
}

DeviceConstants MicroExtractor::device_constants() const {
  const auto table = [](const auto& values) -> DeviceTable { return std::span(values); };
  const dsp::MicroFrontend& f = tables_.device;
  return {"MicroFrontend",
          "device/dsp/micro_frontend.h",
          "micro_frontend_features",
          {{"sample_rate_hz", f.sample_rate_hz},
           {"window_samples", f.window_samples},
           {"stride_samples", f.stride_samples},
           {"frames", f.frames},
           {"channels", f.channels},
           {"fft_size", f.fft_size},
           {"correction_bits", f.correction_bits},
           {"estimate_bits", f.estimate_bits},
           {"even_smoothing", f.even_smoothing},
           {"odd_smoothing", f.odd_smoothing},
           {"signal_kept", f.signal_kept},
           {"snr_shift", f.snr_shift},
           {"log_bits", f.log_bits},
           {"window", table(tables_.window)},
           {"order", table(tables_.order)},
           {"turns", table(tables_.turns)},
           {"halves", table(tables_.halves)},
           {"edges", table(tables_.edges)},
           {"falling", table(tables_.falling)},
           {"gain", table(tables_.gain)},
           {"log_excess", table(tables_.log_excess)}}};
}

std::string MicroExtractor::fingerprint() const {
  return fingerprint_of("micro_frontend", dsp::kMicroFrontendVersion) +
         fingerprint_field("bands", config_.bands) + fingerprint_field("low_hz", config_.low_hz) +
         fingerprint_field("high_hz", config_.high_hz);
}

}  // namespace tadpole::features
