// The receiver operating characteristic of scores: what each threshold finds and what it costs.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"

namespace tadpole::metrics {

/// What calling every score >= threshold positive does.
struct RocPoint {
  double threshold = 0;            ///< of the first point: infinity
  double false_positive_rate = 0;  ///< share of the negatives
  double true_positive_rate = 0;   ///< share of the positives
};

/// One point for each different score, from the highest threshold (0, 0) to the lowest (1, 1). Fails:
/// evaluate_bad_scores when one side is empty or holds a NaN. Cost: a sort.
Result<std::vector<RocPoint>> roc_curve(std::span<const double> negatives, std::span<const double> positives);

/// Area under it: the chance that a positive scores above a negative, ties counting half (Mann and Whitney
/// 1947). Exact for up to 2^53 pairs. Fails as roc_curve.
Result<double> roc_area(std::span<const double> negatives, std::span<const double> positives);

}  // namespace tadpole::metrics
