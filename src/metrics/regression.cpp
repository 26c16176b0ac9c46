#include "metrics/regression.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace tadpole::metrics {

Result<RegressionScore> score_regression(std::span<const float> truth, std::span<const float> answer) {
  if (truth.size() != answer.size()) {
    return Error{Code::evaluate_bad_scores, "there are " + std::to_string(answer.size()) + " answers for " +
                                                std::to_string(truth.size()) + " true numbers."};
  }
  RegressionScore score;
  score.count = static_cast<int64_t>(truth.size());
  if (truth.empty()) return score;
  double absolute = 0, squared = 0, sum = 0, mean = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    if (!std::isfinite(truth[i]) || !std::isfinite(answer[i])) {
      return Error{Code::evaluate_bad_scores,
                   "sample " + std::to_string(i) + ": answer " + std::to_string(answer[i]) + " for " +
                       std::to_string(truth[i]) + "; both must be finite numbers."};
    }
    const double error = static_cast<double>(answer[i]) - static_cast<double>(truth[i]);
    absolute += std::abs(error);
    squared += error * error;
    sum += error;
    mean += static_cast<double>(truth[i]);
    score.largest_error = std::max(score.largest_error, std::abs(error));
  }
  const double count = static_cast<double>(truth.size());
  mean /= count;
  double spread = 0;
  for (const float value : truth)
    spread += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
  score.mean_absolute_error = absolute / count;
  score.root_mean_square_error = std::sqrt(squared / count);
  score.bias = sum / count;
  if (spread > 0) score.r_squared = 1 - squared / spread;
  return score;
}

}  // namespace tadpole::metrics
