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

std::vector<double> band_energies(const FeatureConfig& config, std::span<const double> power, int fft_size) {
  const std::vector<double> edges = mel_edges(config);
  std::vector<double> energies;
  for (int band = 0; band < config.bands; ++band) {
    double energy = 0;
    for (size_t k = 0; k < power.size(); ++k) {
      const double mel = mel_of_hz(static_cast<double>(k) * config.sample_rate_hz / fft_size);
      const double rise = (mel - edges[band]) / (edges[band + 1] - edges[band]);
      const double fall = (edges[band + 2] - mel) / (edges[band + 2] - edges[band + 1]);
      energy += std::max(0.0, std::min(rise, fall)) * power[k];
    }
    energies.push_back(energy);
  }
  return energies;
}

std::vector<double> emphasised(std::span<const double> frame) {
  std::vector<double> out;
  for (size_t n = 0; n < frame.size(); ++n) out.push_back(frame[n] - 0.98 * frame[n > 0 ? n - 1 : 0]);
  return out;
}

/// Decibels of full scale between the noise floor and the top, as 0 to 1. power: divided by the window's
/// energy, in LSB^2.
double mfe_value(const FeatureConfig& config, double energy, double window_energy, int fft_size) {
  const double full_scale = energy * window_energy / fft_size / (32768.0 * 32768.0);
  const double db = 10 * std::log10(std::max(full_scale, 1e-30));
  return std::clamp((db - config.noise_floor_db) / (kMfeTopDb - config.noise_floor_db), 0.0, 1.0);
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
  double window_energy = 0;
  for (int n = 0; n < sizes.window_samples; ++n) window_energy += std::pow(hann(n, sizes.window_samples), 2);
  std::vector<float> features;
  for (int frame = 0; frame < sizes.frames; ++frame) {
    const std::span<const double> window(clip.data() + static_cast<ptrdiff_t>(frame) * sizes.stride_samples,
                                         static_cast<size_t>(sizes.window_samples));
    const bool mfe = config.block == "mfe";
    const std::vector<double> power = power_spectrum(
        mfe ? emphasised(window) : std::vector<double>(window.begin(), window.end()), sizes.fft_size, lines);
    std::vector<double> row;
    if (config.block == "spectrogram") {
      const auto [first, end] = spectrogram_lines(config);
      for (int k = first; k < end; ++k) row.push_back(std::log(1.0 + power[static_cast<size_t>(k)]));
    } else {
      row = band_energies(config, power, sizes.fft_size);
      for (double& value : row) {
        value = mfe ? mfe_value(config, value, window_energy, sizes.fft_size) : std::log(1.0 + value);
      }
    }
    if (config.block == "mfcc") row = orthonormal_dct(row, config.coefficients);
    for (const double value : row) features.push_back(static_cast<float>(value));
  }
  return features;
}

}  // namespace tadpole::features
