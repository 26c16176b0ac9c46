// One axis after the other: its values are copied to the scratch, filtered, and measured there. The order of
// all additions is fixed, because another order would give other bits.
#include "device/dsp/series_features.h"

#include "device/dsp/float_math.h"
#include "device/dsp/float_spectrum.h"

namespace tadpole {
namespace dsp {
namespace {

/// round(value * 2^10), halves away from zero, saturated.
int16_t to_feature(float value) {
  const float scaled = value * static_cast<float>(1 << kSeriesFractionBits);
  if (!(scaled > -32768.0f)) return scaled <= -32768.0f ? int16_t{-32768} : int16_t{0};
  if (scaled >= 32767.0f) return 32767;
  return static_cast<int16_t>(scaled < 0 ? scaled - 0.5f : scaled + 0.5f);
}

int16_t normalised(const SeriesFeatures& f, int32_t column, float value) {
  if (f.centre != nullptr) value -= f.centre[column];
  if (f.factor != nullptr) value *= f.factor[column];
  return to_feature(value);
}

/// In two passes: the first mean is off by what large numbers lose.
float mean_of(const float* values, int32_t count) {
  float sum = 0, rest = 0;
  for (int32_t i = 0; i < count; ++i) sum += values[i];
  const float rough = sum / static_cast<float>(count);
  for (int32_t i = 0; i < count; ++i) rest += values[i] - rough;
  return rough + rest / static_cast<float>(count);
}

float variance_of(const float* values, int32_t count, float mean) {
  float sum = 0;
  for (int32_t i = 0; i < count; ++i) sum += (values[i] - mean) * (values[i] - mean);
  return sum / static_cast<float>(count);
}

void filter_axis(const SeriesFeatures& f, float* values, int32_t count) {
  if (f.filter == kNoGravity) {
    const float mean = mean_of(values, count);
    for (int32_t i = 0; i < count; ++i) values[i] -= mean;
  }
  if (f.filter == kBiquad) {
    const float x0 = values[0], y0 = f.rest_gain * x0;
    float late = f.b2 * x0 - f.a2 * y0;
    float soon = f.b1 * x0 - f.a1 * y0 + late;
    for (int32_t i = 0; i < count; ++i) {  // transposed direct form II
      const float x = values[i], y = f.b0 * x + soon;
      soon = f.b1 * x - f.a1 * y + late;
      late = f.b2 * x - f.a2 * y;
      values[i] = y;
    }
  }
  if (f.by_window != 0) {
    const float mean = mean_of(values, count);
    const float deviation = square_root(variance_of(values, count, mean));
    for (int32_t i = 0; i < count; ++i) values[i] = deviation > 0 ? (values[i] - mean) / deviation : 0.0f;
  }
}

/// The steps of one axis, filtered.
void load_axis(const SeriesFeatures& f, const float* values, int32_t axis, int32_t count, float* out) {
  for (int32_t i = 0; i < count; ++i) {
    const float value = values[i * f.axes + axis];
    out[i] = is_finite(value) ? value : 0.0f;
  }
  if (count > 0) filter_axis(f, out, count);
}

void measure(const float* v, int32_t count, float* out) {
  const float n = static_cast<float>(count), mean = mean_of(v, count), variance = variance_of(v, count, mean);
  const float deviation = square_root(variance);
  float cubes = 0, fourths = 0, change = 0, least = v[0], most = v[0];
  int32_t crossings = 0, peaks = 0;
  for (int32_t i = 0; i < count; ++i) {
    const float d = v[i] - mean;
    cubes += d * d * d;
    fourths += d * d * (d * d);
    if (v[i] < least) least = v[i];
    if (v[i] > most) most = v[i];
    if (i == 0) continue;
    change += v[i] > v[i - 1] ? v[i] - v[i - 1] : v[i - 1] - v[i];
    crossings += (v[i] >= mean) != (v[i - 1] >= mean) ? 1 : 0;
    peaks += i + 1 < count && d > deviation && v[i] > v[i - 1] && v[i] >= v[i + 1] ? 1 : 0;
  }
  // The deviation of equal large numbers is not exactly 0; their higher moments would be noise.
  const float size = most > -least ? most : -least;
  const bool flat = deviation <= 1e-6f * size;
  const float pairs = count > 1 ? n - 1 : 1;
  out[kMean] = mean;
  out[kRootMeanSquare] = square_root(variance + mean * mean);
  out[kDeviation] = deviation;
  out[kSkewness] = flat ? 0 : cubes / n / (variance * deviation);
  out[kKurtosis] = flat ? 0 : fourths / n / (variance * variance) - 3.0f;
  out[kMinimum] = least;
  out[kMaximum] = most;
  out[kChange] = change / pairs;
  out[kCrossings] = static_cast<float>(crossings) / pairs;
  out[kPeaks] = static_cast<float>(peaks) / n;
}

/// Deviation, then the logarithm of the mean power of each band. spectrum: [fft_size].
void measure_bands(const SeriesFeatures& f, const float* v, int32_t count, float* spectrum, int32_t column,
                   int16_t* out) {
  const float mean = mean_of(v, count);
  for (int32_t i = 0; i < f.fft_size; ++i) spectrum[i] = 0;
  for (int32_t i = 0; i < count; ++i) {
    spectrum[2 * f.reversed[i / 2] + (i & 1)] = (v[i] - mean) * f.window[i];
  }
  const int32_t points = f.fft_size / 2;
  float_transform(spectrum, points, f.sine);
  *out++ = normalised(f, column++, square_root(variance_of(v, count, mean)));
  for (int32_t band = 0; band < f.bands; ++band) {
    const int32_t from = f.band_edges[band], to = f.band_edges[band + 1];
    float sum = 0;
    for (int32_t k = from; k < to; ++k) sum += float_power(spectrum, points, f.sine, k);
    const float power = sum / static_cast<float>(to - from) * f.power_scale;
    *out++ = normalised(f, column++, natural_log(power + kSpectralFloor));
  }
}

}  // namespace

void extract(const SeriesFeatures& features, const uint8_t* samples, uint32_t count, void* scratch,
             int16_t* out) {
  const float* const values = static_cast<const float*>(static_cast<const void*>(samples));
  const SeriesFeatures& f = features;
  float* const axis_values = static_cast<float*>(scratch);
  const int32_t per_axis = values_per_axis(f);
  const int32_t there = count < static_cast<uint32_t>(f.steps) ? static_cast<int32_t>(count) : f.steps;
  for (int32_t axis = 0; axis < f.axes; ++axis) {
    if (there == 0) {
      for (int32_t i = 0; i < per_axis; ++i) out[axis * per_axis + i] = 0;
      continue;
    }
    load_axis(f, values, axis, there, axis_values);
    if (f.kind == kRawSeries) {
      for (int32_t i = 0; i < f.steps; ++i) {
        out[i * f.axes + axis] = i < there ? normalised(f, axis, axis_values[i]) : int16_t{0};
      }
    } else if (f.kind == kStatistics) {
      float found[kStatisticCount];
      measure(axis_values, there, found);
      for (int32_t i = 0; i < per_axis; ++i) {
        out[axis * per_axis + i] = normalised(f, axis * per_axis + i, found[i]);
      }
    } else {
      measure_bands(f, axis_values, there, axis_values + f.steps, axis * per_axis, out + axis * per_axis);
    }
  }
}

}  // namespace dsp
}  // namespace tadpole
