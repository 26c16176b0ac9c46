// Every rounding from real numbers to the device's integers happens here. Scales: docs/formats/features.md.
#include "features/feature_tables.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "device/dsp/fixed_log.h"

namespace tadpole::features {
namespace {

constexpr double kPi = std::numbers::pi;

/// Spectrum line's frequency.
double line_hz(const FeatureConfig& config, int fft_size, int line) {
  return static_cast<double>(line) * config.sample_rate_hz / fft_size;
}

/// First line at or above each mel edge; for the lowest edge the first one above it, which leaves out line 0
/// and a weight of 0.
std::vector<uint16_t> edge_lines(const FeatureConfig& config, int fft_size) {
  std::vector<uint16_t> lines;
  for (const double edge : mel_edges(config)) {
    int line = static_cast<int>(lines.empty() ? 1 : lines.back());
    while (mel_of_hz(line_hz(config, fft_size, line)) < edge) ++line;
    if (lines.empty() && mel_of_hz(line_hz(config, fft_size, line)) == edge) ++line;
    lines.push_back(static_cast<uint16_t>(line));
  }
  return lines;
}

/// Weight of each line, from band_edges[0] on, in the triangle that rises where the line lies.
std::vector<uint16_t> rising_weights(const FeatureConfig& config, int fft_size,
                                     const std::vector<uint16_t>& lines) {
  const std::vector<double> edges = mel_edges(config);
  std::vector<uint16_t> weights;
  for (size_t edge = 0; edge + 1 < edges.size(); ++edge) {
    for (int line = lines[edge]; line < lines[edge + 1]; ++line) {
      const double mel = mel_of_hz(line_hz(config, fft_size, line));
      const double rise = (mel - edges[edge]) / (edges[edge + 1] - edges[edge]);
      weights.push_back(static_cast<uint16_t>(std::clamp(std::lround(rise * 65536.0), 0L, 65535L)));
    }
  }
  return weights;
}

std::vector<int32_t> hann_table(int samples) {
  std::vector<int32_t> table;
  for (int n = 0; n <= samples / 2; ++n) {
    table.push_back(
        static_cast<int32_t>(std::min(std::llround(hann(n, samples) * 2147483648.0), 2147483647LL)));
  }
  return table;
}

std::vector<int32_t> sine_table(int size) {
  std::vector<int32_t> table;
  for (int i = 0; i < size; ++i) {
    table.push_back(static_cast<int32_t>(std::llround(std::sin(2.0 * kPi * i / size) * 1073741824.0)));
  }
  return table;
}

std::vector<uint16_t> bit_reversal(int size) {
  std::vector<uint16_t> table(static_cast<size_t>(size), 0);
  for (int i = 1; i < size; ++i) table[i] = static_cast<uint16_t>(table[i / 2] / 2 + (i % 2) * size / 2);
  return table;
}

/// Largest fraction with which sqrt(2 / bands), the bound of all entries, fits into 16 bits.
int dct_fraction_bits(int bands) {
  return static_cast<int>(std::floor(std::log2(32767.0 / std::sqrt(2.0 / bands))));
}

std::vector<int16_t> dct_table(int coefficients, int bands) {
  const double unit = std::ldexp(1.0, dct_fraction_bits(bands));
  std::vector<int16_t> table;
  for (int k = 0; k < coefficients; ++k) {
    const double norm = std::sqrt((k == 0 ? 1.0 : 2.0) / bands);
    for (int b = 0; b < bands; ++b) {
      table.push_back(static_cast<int16_t>(std::lround(unit * norm * std::cos(kPi * k * (b + 0.5) / bands))));
    }
  }
  return table;
}

}  // namespace

FrameSizes frame_sizes(const FeatureConfig& config) {
  const auto samples = [&](int ms) { return static_cast<int>(int64_t{config.sample_rate_hz} * ms / 1000); };
  FrameSizes sizes{samples(config.window_ms), samples(config.stride_ms), samples(config.clip_ms), 0,
                   dsp::kMinFftSize};
  sizes.frames = 1 + (sizes.clip_samples - sizes.window_samples) / sizes.stride_samples;
  while (sizes.fft_size < sizes.window_samples) sizes.fft_size *= 2;
  return sizes;
}

double mel_of_hz(double hz) { return 1127.0 * std::log(1.0 + hz / 700.0); }
double hz_of_mel(double mel) { return 700.0 * (std::exp(mel / 1127.0) - 1.0); }

std::vector<double> mel_edges(const FeatureConfig& config) {
  const double low = mel_of_hz(config.low_hz), high = mel_of_hz(config.high_hz);
  std::vector<double> edges;
  for (int i = 0; i < config.bands + 2; ++i) edges.push_back(low + (high - low) * i / (config.bands + 1));
  edges.back() = high;  // exactly, so that a line on high_hz is left out on every machine
  return edges;
}

double hann(int n, int samples) { return 0.5 - 0.5 * std::cos(2.0 * kPi * n / samples); }

FeatureTables::FeatureTables(const FeatureConfig& config) {
  const FrameSizes sizes = frame_sizes(config);
  const bool lines = config.block == "spectrogram";
  const int coefficients = config.block == "mfcc" ? config.coefficients : 0;
  window = hann_table(sizes.window_samples);
  sine = sine_table(sizes.fft_size);
  reversed = bit_reversal(sizes.fft_size / 2);
  if (lines) {
    const auto [first, end] = spectrogram_lines(config);
    band_edges = {static_cast<uint16_t>(first), static_cast<uint16_t>(end)};
  } else {
    band_edges = edge_lines(config, sizes.fft_size);
    mel_rise = rising_weights(config, sizes.fft_size, band_edges);
  }
  dct = dct_table(coefficients, config.bands);

  double window_energy = 0;
  for (int n = 0; n < sizes.window_samples; ++n) {
    window_energy += hann(n, sizes.window_samples) * hann(n, sizes.window_samples);
  }
  const double fft_size = sizes.fft_size;
  // The device's spectrum is X * 2^(headroom + 15) / fft_size, so this is the power of white noise of
  // variance 1.
  const double floor_energy = std::round(1073741824.0 * window_energy / (fft_size * fft_size));

  device = {};
  device.sample_rate_hz = config.sample_rate_hz;
  device.window_samples = sizes.window_samples;
  device.stride_samples = sizes.stride_samples;
  device.frames = sizes.frames;
  device.fft_size = sizes.fft_size;
  device.bands = lines ? 0 : config.bands;
  device.coefficients = coefficients;
  device.bins = lines ? band_edges[1] - band_edges[0] : static_cast<int32_t>(mel_rise.size());
  device.values_per_frame = coefficients > 0 ? coefficients : lines ? device.bins : config.bands;
  device.fraction_bits = coefficients > 0 ? dsp::kMfccFractionBits : dsp::kLogMelFractionBits;
  device.dct_fraction_bits = coefficients > 0 ? dct_fraction_bits(config.bands) : 0;
  device.floor_energy = static_cast<uint32_t>(floor_energy);
  device.floor_log2 = dsp::log2_q16(device.floor_energy);
  if (config.block == "mfe") {
    const double db_of_log2 = 10 * std::log10(2.0);
    device.fraction_bits = dsp::kMfeFractionBits;
    // Full scale is 2^15, the power of a line is divided by fft_size, and pre-emphasis carries one bit less.
    const double zero = config.noise_floor_db / db_of_log2 + 58 - std::log2(fft_size);
    device.floor_log2 = static_cast<int32_t>(std::lround(zero * 65536));
    const double growth = db_of_log2 / (kMfeTopDb - config.noise_floor_db) * (1 << dsp::kMfeFractionBits);
    device.log_gain = static_cast<int32_t>(std::lround(growth * 65536));  // 2^32 / 2^16 of the logarithm
  }
  device.window = window.data();
  device.sine = sine.data();
  device.reversed = reversed.data();
  device.band_edges = band_edges.data();
  device.mel_rise = lines ? nullptr : mel_rise.data();
  device.dct = coefficients > 0 ? dct.data() : nullptr;
}

std::array<int, 2> spectrogram_lines(const FeatureConfig& config) {
  const int fft_size = frame_sizes(config).fft_size;
  int first = 1, end = fft_size / 2;
  while (first < end && line_hz(config, fft_size, first) < config.low_hz) ++first;
  while (end > first && line_hz(config, fft_size, end - 1) > config.high_hz) --end;
  return {first, end};
}

int first_empty_band(const FeatureConfig& config) {
  const int fft_size = frame_sizes(config).fft_size;
  const std::vector<uint16_t> lines = edge_lines(config, fft_size);
  const std::vector<uint16_t> rise = rising_weights(config, fft_size, lines);
  for (int band = 0; band < config.bands; ++band) {
    double sum = 0;
    for (int line = lines[band]; line < lines[band + 1]; ++line) sum += rise[line - lines[0]] / 65536.0;
    for (int line = lines[band + 1]; line < lines[band + 2]; ++line)
      sum += 1.0 - rise[line - lines[0]] / 65536.0;
    if (sum < 1.0 / 64) return band;
  }
  return -1;
}

}  // namespace tadpole::features
