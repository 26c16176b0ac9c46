// Nothing here is clever: each step is the formula as it is written in docs/formats/features.md.
#include "features/reference.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include "features/feature_tables.h"

namespace tadpole::features {
namespace {

/// |X[k]|^2 / sum w^2 for k = 0 to lines - 1.
std::vector<double> power_spectrum(std::span<const double> frame, int fft_size, int lines) {
  const int samples = static_cast<int>(frame.size());
  std::vector<double> windowed, cosine;
  double window_energy = 0;
  for (int n = 0; n < samples; ++n) {
    const double weight = hann(n, samples);
    windowed.push_back(frame[n] * weight);
    window_energy += weight * weight;
  }
  for (int i = 0; i < fft_size; ++i) cosine.push_back(std::cos(2.0 * std::numbers::pi * i / fft_size));
  std::vector<double> power;
  for (int k = 0; k < lines; ++k) {
    double re = 0, im = 0;
    int angle = 0;  // k n modulo fft_size
    for (int n = 0; n < samples; ++n) {
      re += windowed[n] * cosine[angle];
      im += windowed[n] * cosine[(angle + fft_size / 4) & (fft_size - 1)];
      angle = (angle + k) & (fft_size - 1);
    }
    power.push_back((re * re + im * im) / window_energy);
  }
  return power;
}

std::vector<double> log_energies(const FeatureConfig& config, std::span<const double> power, int fft_size) {
  const std::vector<double> edges = mel_edges(config);
  std::vector<double> logs;
  for (int band = 0; band < config.bands; ++band) {
    double energy = 0;
    for (size_t k = 0; k < power.size(); ++k) {
      const double mel = mel_of_hz(static_cast<double>(k) * config.sample_rate_hz / fft_size);
      const double rise = (mel - edges[band]) / (edges[band + 1] - edges[band]);
      const double fall = (edges[band + 2] - mel) / (edges[band + 2] - edges[band + 1]);
      energy += std::max(0.0, std::min(rise, fall)) * power[k];
    }
    logs.push_back(std::log(1.0 + energy));
  }
  return logs;
}

std::vector<double> orthonormal_dct(std::span<const double> values, int coefficients) {
  const double count = static_cast<double>(values.size());
  std::vector<double> out;
  for (int k = 0; k < coefficients; ++k) {
    double sum = 0;
    for (size_t b = 0; b < values.size(); ++b) {
      sum += values[b] * std::cos(std::numbers::pi * k * (static_cast<double>(b) + 0.5) / count);
    }
    out.push_back(sum * std::sqrt((k == 0 ? 1.0 : 2.0) / count));
  }
  return out;
}

}  // namespace

std::vector<float> reference_features(const FeatureConfig& config, const std::vector<double>& clip) {
  const FrameSizes sizes = frame_sizes(config);
  const int lines = 1 + static_cast<int>(int64_t{config.high_hz} * sizes.fft_size / config.sample_rate_hz);
  std::vector<float> features;
  for (int frame = 0; frame < sizes.frames; ++frame) {
    const std::span<const double> window(clip.data() + static_cast<ptrdiff_t>(frame) * sizes.stride_samples,
                                         static_cast<size_t>(sizes.window_samples));
    std::vector<double> row =
        log_energies(config, power_spectrum(window, sizes.fft_size, lines), sizes.fft_size);
    if (config.block == "mfcc") row = orthonormal_dct(row, config.coefficients);
    for (const double value : row) features.push_back(static_cast<float>(value));
  }
  return features;
}

}  // namespace tadpole::features
