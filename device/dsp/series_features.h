// Windows of motion, vibration or any other numbers over time, and rows of tables, to features: as they are,
// as statistics, or as the power of frequency bands. Strict IEEE float32 without fused operations and without
// a mathematical library; board and host compile this same source. Formulas: docs/formats/features.md.
#ifndef TADPOLE_DEVICE_DSP_SERIES_FEATURES_H_
#define TADPOLE_DEVICE_DSP_SERIES_FEATURES_H_

#include <stdint.h>

namespace tadpole {
namespace dsp {

/// Raised whenever the same numbers would give other features.
constexpr int32_t kSeriesFeaturesVersion = 1;

/// A feature's real value is its int16 times 2^-10: 32 either way, in steps of a thousandth.
constexpr int32_t kSeriesFractionBits = 10;

enum SeriesKind : int32_t { kRawSeries = 0, kStatistics = 1, kSpectral = 2 };

enum SeriesFilter : int32_t {
  kNoFilter = 0,
  kNoGravity = 1,  // the window's mean is taken away
  kBiquad = 2,     // a section of second order, which begins as if the first value had always been there
};

/// Values of one axis that kStatistics gives, in this order.
enum Statistic : int32_t {
  kMean = 0,
  kRootMeanSquare,
  kDeviation,  // standard deviation
  kSkewness,
  kKurtosis,  // above that of a normal distribution
  kMinimum,
  kMaximum,
  kChange,     // mean distance of neighbours
  kCrossings,  // share of neighbours on two sides of the mean
  kPeaks,      // share of values above mean + deviation that are above the one before, not below the next
  kStatisticCount
};

/// kSpectral: added to a band's power, in the axis's unit squared, before its logarithm.
constexpr float kSpectralFloor = 1e-6f;

/// Everything that defines one block; made by features::FeatureBlock. Lengths of the tables are in brackets.
struct SeriesFeatures {
  int32_t kind;                // a SeriesKind
  int32_t steps;               // of a window; a row of a table has 1
  int32_t axes;                // numbers in a step
  int32_t filter;              // a SeriesFilter, of each axis
  float b0, b1, b2, a1, a2;    // biquad: y = b0 x + b1 x' + b2 x'' - a1 y' - a2 y''
  float rest_gain;             // biquad: what a constant becomes
  int32_t by_window;           // 1: each axis minus its mean, over its standard deviation
  int32_t bands;               // spectral: of each axis
  int32_t fft_size;            // spectral: power of two, at least steps and 16; else 0
  float power_scale;           // spectral: 1 / sum of the window's squares
  const float* centre;         // [columns] taken away from a value; null: 0
  const float* factor;         // [columns] then multiplied; null: 1
  const float* window;         // spectral: [steps]
  const float* sine;           // spectral: [fft_size] sin(2 pi i / fft_size)
  const uint16_t* reversed;    // spectral: [fft_size / 2] bit-reversed index
  const uint16_t* band_edges;  // spectral: [bands + 1] first line of each band, and the one after the last
};

/// Numbers that one axis gives: steps for kRawSeries.
constexpr int32_t values_per_axis(const SeriesFeatures& f) {
  return f.kind == kStatistics ? static_cast<int32_t>(kStatisticCount)
         : f.kind == kSpectral ? f.bands + 1
                               : f.steps;
}

/// Columns of centre and factor: an axis each for kRawSeries, else all features.
constexpr int32_t series_columns(const SeriesFeatures& f) {
  return f.kind == kRawSeries ? f.axes : f.axes * values_per_axis(f);
}

/// Working memory of extract, 4-byte aligned.
constexpr uint32_t scratch_bytes(const SeriesFeatures& f) {
  return 4u * static_cast<uint32_t>(f.steps + f.fft_size);
}

/// All features of one window. values: `count` steps of `axes` float32, as they lie in memory, 4-byte
/// aligned; steps behind the window are not looked at, and of fewer the features are made, raw ones with
/// zeros at the end. What is not a finite number counts as 0. out: kRawSeries row-major [steps, axes], else
/// [axes, values_per_axis]; rounded to nearest, halves away from zero, saturated. No heap. Cost O(steps *
/// axes), kSpectral O(axes * fft_size log fft_size).
void extract(const SeriesFeatures& features, const uint8_t* values, uint32_t count, void* scratch,
             int16_t* out);

}  // namespace dsp
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_DSP_SERIES_FEATURES_H_
