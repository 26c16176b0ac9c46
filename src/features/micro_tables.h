// The constant tables behind dsp::MicroFrontend, made once with libm. In: a FeatureConfig. Out: integers.
#pragma once

#include <cstdint>
#include <vector>

#include "device/dsp/micro_frontend.h"
#include "features/feature_config.h"

namespace tadpole::features {

/// The numbers that the well-known models were trained with.
struct MicroConstants {
  static constexpr int kEstimateBits = 10;
  static constexpr float kEvenSmoothing = 0.025f, kOddSmoothing = 0.06f, kSignalKept = 0.05f;
  static constexpr float kGainStrength = 0.95f, kGainOffset = 80.0f;
  static constexpr int kGainBits = 21;
  static constexpr int kLogBits = 6;
};

/// Centres of the channels - 1 to channels on the mel scale, in single precision as the published tables: the
/// share of a line in two neighbouring channels is where it lies between their centres.
struct MicroBands {
  int first_line;
  float line_hz;               ///< from one spectrum line to the next
  std::vector<float> centres;  ///< [channels + 1] in mel; the lowest frequency is the centre before the first
  float lowest;                ///< in mel
};
MicroBands micro_bands(const FeatureConfig& config, int fft_size);

/// mel of a frequency, rounded to single precision.
float micro_mel(float hz);

/// Gain for a noise estimate of x * 2^-fraction_bits: 2^21 (x + 80)^-0.95, at most 32767.
int16_t micro_gain(int fraction_bits, uint32_t x);

/// How far the channels of a transform of this size stay below the scale of the samples, in bits.
int micro_correction_bits(int fft_size);

/// Owns what a dsp::MicroFrontend points to. Not copyable: `device` points into it.
struct MicroTables {
  explicit MicroTables(const FeatureConfig& config);
  MicroTables(const MicroTables&) = delete;
  MicroTables& operator=(const MicroTables&) = delete;

  std::vector<int16_t> window, turns, halves, falling, gain;
  std::vector<uint16_t> order, edges, log_excess;
  dsp::MicroFrontend device;
};

}  // namespace tadpole::features
