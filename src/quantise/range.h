// From the values of an activation to its scale and zero point.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/graph.h"

namespace tadpole::quantise {

/// Reals that an int8 tensor can hold; always includes 0.
struct Range {
  float low = 0, high = 0;
};

/// Smallest and largest of the values seen. Merging is exact, in any order.
struct Extremes {
  float low = 0, high = 0;  ///< 0 counts as seen: the specification wants it to be exact
  bool finite = true;

  void see(std::span<const float> values);
  void merge(const Extremes& other);
};

/// Counts of values between two extremes, exact zeros left out: those are always stored exactly, and after a
/// ReLU they are half of all values. Merging is exact, in any order.
class Histogram {
 public:
  explicit Histogram(const Extremes& extremes);
  void see(std::span<const float> values);
  void merge(const Histogram& other);

  /// The range inside the extremes with the least expected squared error when values are stored in 255 steps:
  /// step^2 / 12 for each value inside, the squared distance for each outside.
  Range best_range() const;

 private:
  static constexpr int kBins = 2048;
  double error_of(double low, double high) const;

  double low_, width_;  ///< of one bin
  std::vector<int64_t> counts_;
};

/// Asymmetric int8: scale = (high - low) / 255; the zero point is nudged so that 0.0 is exact. A range
/// narrower than 1e-6 is widened to that, so that scales stay positive and multipliers small.
ir::Quantisation activation_quantisation(Range range);

/// Symmetric int16, in [-32767, 32767]; narrow ranges as above.
ir::Quantisation int16_quantisation(Range range);

/// The reals that -128 and 127 stand for.
Range range_of(const ir::Quantisation& quantisation);

}  // namespace tadpole::quantise
