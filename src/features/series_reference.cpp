#include "features/series_reference.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "device/dsp/series_features.h"
#include "features/feature_tables.h"
#include "features/series_block.h"

namespace tadpole::features {
namespace {

using Values = std::vector<double>;

double mean_of(const Values& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// Mean of (value - mean)^power.
double moment(const Values& values, double mean, int power) {
  double sum = 0;
  for (const double value : values) sum += std::pow(value - mean, power);
  return sum / static_cast<double>(values.size());
}

void filter(const FeatureConfig& config, Values& values) {
  if (config.filter == "gravity") {
    const double mean = mean_of(values);
    for (double& value : values) value -= mean;
  } else if (config.filter != "none") {
    const Biquad q = butterworth(static_cast<double>(config.cutoff_hz), static_cast<double>(config.rate_hz),
                                 config.filter == "high_pass");
    const double gain = (q.b0 + q.b1 + q.b2) / (1 + q.a1 + q.a2);
    double x1 = values[0], x2 = x1, y1 = gain * x1, y2 = y1;
    for (double& value : values) {
      const double y = q.b0 * value + q.b1 * x1 + q.b2 * x2 - q.a1 * y1 - q.a2 * y2;
      x2 = x1;
      x1 = value;
      y2 = y1;
      y1 = y;
      value = y;
    }
  }
  if (config.normalise == "window") {
    const double mean = mean_of(values), deviation = std::sqrt(moment(values, mean, 2));
    for (double& value : values) value = deviation > 0 ? (value - mean) / deviation : 0;
  }
}

Values statistics(const Values& v) {
  const double mean = mean_of(v), variance = moment(v, mean, 2), deviation = std::sqrt(variance);
  const auto [least, most] = std::minmax_element(v.begin(), v.end());
  const bool flat = deviation <= 1e-6 * std::max(*most, -*least);
  double change = 0, crossings = 0, peaks = 0;
  for (size_t i = 1; i < v.size(); ++i) {
    change += std::abs(v[i] - v[i - 1]);
    crossings += (v[i] >= mean) != (v[i - 1] >= mean) ? 1 : 0;
    peaks += i + 1 < v.size() && v[i] - mean > deviation && v[i] > v[i - 1] && v[i] >= v[i + 1] ? 1 : 0;
  }
  const double n = static_cast<double>(v.size()), pairs = std::max(1.0, n - 1);
  return {mean,
          std::sqrt(variance + mean * mean),
          deviation,
          flat ? 0 : moment(v, mean, 3) / std::pow(deviation, 3),
          flat ? 0 : moment(v, mean, 4) / (variance * variance) - 3,
          *least,
          *most,
          change / pairs,
          crossings / pairs,
          peaks / n};
}

Values bands(const Values& v, int steps, const std::vector<uint16_t>& edges, int fft_size) {
  const double mean = mean_of(v);
  double window_energy = 0;
  for (int n = 0; n < steps; ++n) window_energy += std::pow(hann(n, steps), 2);
  Values out = {std::sqrt(moment(v, mean, 2))};
  for (size_t band = 0; band + 1 < edges.size(); ++band) {
    double sum = 0;
    for (int k = edges[band]; k < edges[band + 1]; ++k) {
      double re = 0, im = 0;
      for (size_t n = 0; n < v.size(); ++n) {
        const double angle = -2 * std::numbers::pi * k * static_cast<double>(n) / fft_size;
        const double value = (v[n] - mean) * hann(static_cast<int>(n), steps);
        re += value * std::cos(angle);
        im += value * std::sin(angle);
      }
      sum += re * re + im * im;
    }
    out.push_back(
        std::log(sum / (edges[band + 1] - edges[band]) / window_energy + double{dsp::kSpectralFloor}));
  }
  return out;
}

}  // namespace

std::vector<float> series_reference(const FeatureConfig& config, const std::vector<float>& window,
                                    const std::vector<uint16_t>& band_edges, int fft_size) {
  const size_t axes = config.axes.size(), count = window.size() / axes;
  const bool raw = config.block == "raw";
  const size_t per_axis = raw                            ? static_cast<size_t>(config.steps)
                          : config.block == "statistics" ? size_t{dsp::kStatisticCount}
                                                         : band_edges.size();
  std::vector<float> out(axes * per_axis, 0.0f);
  if (count == 0) return out;
  for (size_t axis = 0; axis < axes; ++axis) {
    Values values;
    for (size_t i = 0; i < count; ++i) {
      const double value = static_cast<double>(window[i * axes + axis]);
      values.push_back(std::isfinite(value) ? value : 0);
    }
    filter(config, values);
    const Values found = raw                            ? values
                         : config.block == "statistics" ? statistics(values)
                                                        : bands(values, config.steps, band_edges, fft_size);
    for (size_t i = 0; i < found.size(); ++i) {
      const size_t column = raw ? axis : axis * per_axis + i;
      double value = found[i];
      if (config.normalise == "data" && !config.centre.empty()) value -= double{config.centre[column]};
      if (config.normalise == "data" && !config.spread.empty()) value /= double{config.spread[column]};
      out[raw ? i * axes + axis : column] = static_cast<float>(value);
    }
  }
  return out;
}

}  // namespace tadpole::features
