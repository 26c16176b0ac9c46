// How far predicted numbers are from true ones. In: numbers. Out: plain structs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"

namespace tadpole::metrics {

/// Errors are answer - truth, in the unit of the truth.
struct RegressionScore {
  int64_t count = 0;
  double mean_absolute_error = 0;
  double root_mean_square_error = 0;
  double largest_error = 0;  ///< the largest |error|
  double bias = 0;           ///< mean error: above 0 the answers are too high
  /// 1 - sum of squared errors / sum of squared distances of the truth from its mean: 1 is perfect, 0 as good
  /// as always answering the mean, below 0 worse. Nothing when the truth never changes.
  std::optional<double> r_squared;
};

/// truth, answer: [n]. n may be 0. Fails: Code::evaluate_bad_scores when the lengths differ or a number is
/// not finite (names the sample). O(n).
Result<RegressionScore> score_regression(std::span<const float> truth, std::span<const float> answer);

}  // namespace tadpole::metrics
