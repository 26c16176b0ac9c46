// Ranges of activations: what was seen, and what is worth keeping of it.
#include "quantise/range.h"

#include <algorithm>
#include <cmath>

namespace tadpole::quantise {

namespace {

/// An activation that never leaves a millionth carries no information; narrower scales only make multipliers
/// overflow.
constexpr double kNarrowest = 1e-6;

/// Shares of the extremes that are tried as clipping points.
constexpr double kSmallestShare = 0.25;
constexpr int kShares = 31;

double share(int index) { return kSmallestShare + (1 - kSmallestShare) * index / (kShares - 1); }

}  // namespace

void Extremes::see(std::span<const float> values) {
  float lowest = low, highest = high;
  bool all_finite = finite;
  for (const float value : values) {
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
    all_finite &= std::isfinite(value);
  }
  low = lowest;
  high = highest;
  finite = all_finite;
}

void Extremes::merge(const Extremes& other) {
  low = std::min(low, other.low);
  high = std::max(high, other.high);
  finite &= other.finite;
}

Histogram::Histogram(const Extremes& extremes)
    : low_(extremes.low),
      width_(std::max((double{extremes.high} - double{extremes.low}) / kBins, kNarrowest / kBins)),
      counts_(kBins, 0) {}

void Histogram::see(std::span<const float> values) {
  for (const float value : values) {
    if (value == 0) continue;
    const double bin = (double{value} - low_) / width_;
    ++counts_[static_cast<size_t>(std::clamp(bin, 0.0, kBins - 1.0))];
  }
}

void Histogram::merge(const Histogram& other) {
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

double Histogram::error_of(double low, double high) const {
  const double step = (high - low) / 255;
  const double inside = step * step / 12;
  double error = 0;
  for (int i = 0; i < kBins; ++i) {
    const auto count = static_cast<double>(counts_[static_cast<size_t>(i)]);
    if (count == 0) continue;
    const double value = low_ + (i + 0.5) * width_;
    const double outside = std::max({low - value, value - high, 0.0});
    error += count * (outside > 0 ? outside * outside : inside);
  }
  return error;
}

Range Histogram::best_range() const {
  const double lowest = low_, highest = low_ + width_ * kBins;
  double best_low = lowest, best_high = highest, best = error_of(lowest, highest);
  for (int i = 0; i < kShares; ++i) {
    const double low = lowest * share(i);
    for (int j = 0; j < kShares; ++j) {
      const double high = highest * share(j);
      if (high - low < kNarrowest) continue;
      const double error = error_of(low, high);
      if (error < best) {
        best = error;
        best_low = low;
        best_high = high;
      }
    }
    if (lowest == 0) break;  // all shares of 0 are the same
  }
  return {static_cast<float>(std::min(best_low, 0.0)), static_cast<float>(std::max(best_high, 0.0))};
}

ir::Quantisation activation_quantisation(Range range) {
  const double low = std::min(double{range.low}, 0.0);
  const double high = std::max({double{range.high}, 0.0, low + kNarrowest});
  const auto scale = static_cast<float>((high - low) / 255);
  const double zero = std::clamp(std::round(-128 - low / double{scale}), -128.0, 127.0);
  return {{scale}, {static_cast<int32_t>(zero)}, 0};
}

ir::Quantisation int16_quantisation(Range range) {
  const double largest = std::max({-double{range.low}, double{range.high}, 1e-6});
  return {{static_cast<float>(largest / 32767)}, {0}, 0};
}

Range range_of(const ir::Quantisation& quantisation) {
  const float scale = quantisation.scales[0];
  const auto zero = static_cast<float>(quantisation.zero_points[0]);
  return {scale * (-128 - zero), scale * (127 - zero)};
}

}  // namespace tadpole::quantise
