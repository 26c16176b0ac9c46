// Every rounding from real numbers to the micro frontend's integers happens here. The formulas are published;
// where they round in single precision, so do we, because a table that differs in one bit gives other bytes.
#include "features/micro_tables.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "features/feature_tables.h"

namespace tadpole::features {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kUnit = 32767.0;  // of the transform's angles

int16_t rounded(double value) { return static_cast<int16_t>(std::floor(value + 0.5)); }

std::vector<int16_t> window_table(int samples) {
  std::vector<int16_t> table;
  for (int n = 0; n < samples; ++n) {
    const float weight = static_cast<float>(0.5 - 0.5 * std::cos(2.0 * kPi / samples * (n + 0.5)));
    table.push_back(rounded(weight * (1 << dsp::kMicroWeightBits)));
  }
  return table;
}

/// (cos, sin) of -2 pi i / points.
std::vector<int16_t> turn_table(int points) {
  std::vector<int16_t> table;
  for (int i = 0; i < points; ++i) {
    const double angle = -2.0 * kPi * i / points;
    table.push_back(rounded(kUnit * std::cos(angle)));
    table.push_back(rounded(kUnit * std::sin(angle)));
  }
  return table;
}

std::vector<int16_t> half_table(int points) {
  std::vector<int16_t> table;
  for (int i = 0; i < points / 2; ++i) {
    const double angle = -kPi * ((i + 1.0) / points + 0.5);
    table.push_back(rounded(kUnit * std::cos(angle)));
    table.push_back(rounded(kUnit * std::sin(angle)));
  }
  return table;
}

/// Digits of the index in base four, and in base two at the end where the number of points needs it, in
/// reverse.
std::vector<uint16_t> digit_reversal(int points) {
  std::vector<uint16_t> order;
  for (int position = 0; position < points; ++position) {
    int rest = position, length = points, weight = 1, index = 0;
    while (length > 1) {
      const int radix = length % 4 == 0 ? 4 : 2;
      length /= radix;
      index += rest / length * weight;
      rest %= length;
      weight *= radix;
    }
    order.push_back(static_cast<uint16_t>(index));
  }
  return order;
}

/// A parabola for each octave of the noise through its beginning, middle and end.
std::vector<int16_t> gain_table(int fraction_bits) {
  std::vector<int16_t> table(dsp::kMicroGainLength, 0);
  table[0] = micro_gain(fraction_bits, 0);
  table[1] = micro_gain(fraction_bits, 1);
  for (int octave = 2; octave <= 32; ++octave) {
    const uint32_t from = uint32_t{1} << (octave - 1);
    const uint32_t to = octave == 32 ? from + (from - 1) : 2 * from;
    const int start = micro_gain(fraction_bits, from);
    const int middle = micro_gain(fraction_bits, from + (from >> 1)) - start;
    const int end = micro_gain(fraction_bits, to) - start;
    const int linear = 4 * middle - end;
    int16_t* const piece = table.data() + (4 * octave - 6);
    piece[0] = static_cast<int16_t>(start);
    piece[1] = static_cast<int16_t>(linear);
    piece[2] = static_cast<int16_t>(end - linear);
  }
  return table;
}

std::vector<uint16_t> log_table() {
  std::vector<uint16_t> table;
  for (int i = 0; i <= 128; ++i) {
    table.push_back(static_cast<uint16_t>(std::lround((std::log2(1.0 + i / 128.0) - i / 128.0) * 65536.0)));
  }
  return table;
}

int of_16384(float share) { return static_cast<int>(share * (1 << dsp::kMicroSmoothingBits)); }

}  // namespace

float micro_mel(float hz) { return static_cast<float>(1127.0 * std::log1p(hz / 700.0)); }

int micro_correction_bits(int fft_size) {
  return std::bit_width(static_cast<unsigned>(fft_size)) - 1 - dsp::kMicroWeightBits / 2;
}

int16_t micro_gain(int fraction_bits, uint32_t x) {
  const float noise = static_cast<float>(x) / static_cast<float>(uint32_t{1} << fraction_bits);
  const float gain = static_cast<float>(uint32_t{1} << MicroConstants::kGainBits) *
                     std::pow(noise + MicroConstants::kGainOffset, -MicroConstants::kGainStrength);
  return gain > 32767.0f ? int16_t{32767} : static_cast<int16_t>(gain + 0.5f);
}

MicroBands micro_bands(const FeatureConfig& config, int fft_size) {
  MicroBands bands;
  bands.line_hz = static_cast<float>(0.5 * config.sample_rate_hz / (fft_size / 2));
  bands.first_line = static_cast<int>(1.5 + static_cast<float>(config.low_hz) / bands.line_hz);
  bands.lowest = micro_mel(static_cast<float>(config.low_hz));
  const float span = micro_mel(static_cast<float>(config.high_hz)) - bands.lowest;
  const float spacing = span / static_cast<float>(config.bands + 1);
  for (int i = 0; i <= config.bands; ++i) {
    bands.centres.push_back(bands.lowest + spacing * static_cast<float>(i + 1));
  }
  return bands;
}

MicroTables::MicroTables(const FeatureConfig& config) {
  const FrameSizes sizes = frame_sizes(config);
  const int points = sizes.fft_size / 2;
  window = window_table(sizes.window_samples);
  order = digit_reversal(points);
  turns = turn_table(points);
  halves = half_table(points);
  log_excess = log_table();

  const MicroBands bands = micro_bands(config, sizes.fft_size);
  int line = bands.first_line;
  for (size_t i = 0; i < bands.centres.size(); ++i) {
    edges.push_back(static_cast<uint16_t>(line));
    const float before = i == 0 ? bands.lowest : bands.centres[i - 1];
    for (; line <= points && micro_mel(static_cast<float>(line) * bands.line_hz) <= bands.centres[i];
         ++line) {
      const float mel = micro_mel(static_cast<float>(line) * bands.line_hz);
      const float weight = (bands.centres[i] - mel) / (bands.centres[i] - before);
      falling.push_back(static_cast<int16_t>(weight * (1 << dsp::kMicroWeightBits)));
    }
  }
  edges.push_back(static_cast<uint16_t>(line));

  const int correction_bits = micro_correction_bits(sizes.fft_size);
  gain = gain_table(MicroConstants::kEstimateBits - correction_bits);

  device = {};
  device.sample_rate_hz = config.sample_rate_hz;
  device.window_samples = sizes.window_samples;
  device.stride_samples = sizes.stride_samples;
  device.frames = sizes.frames;
  device.channels = config.bands;
  device.fft_size = sizes.fft_size;
  device.correction_bits = correction_bits;
  device.estimate_bits = MicroConstants::kEstimateBits;
  device.even_smoothing = of_16384(MicroConstants::kEvenSmoothing);
  device.odd_smoothing = of_16384(MicroConstants::kOddSmoothing);
  device.signal_kept = of_16384(MicroConstants::kSignalKept);
  device.snr_shift = MicroConstants::kGainBits - correction_bits - dsp::kMicroSnrBits;
  device.log_bits = MicroConstants::kLogBits;
  device.window = window.data();
  device.order = order.data();
  device.turns = turns.data();
  device.halves = halves.data();
  device.edges = edges.data();
  device.falling = falling.data();
  device.gain = gain.data();
  device.log_excess = log_excess.data();
}

}  // namespace tadpole::features
