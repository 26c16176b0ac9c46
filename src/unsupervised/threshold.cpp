// Borders between usual and unusual.
#include "unsupervised/threshold.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "metrics/roc.h"

namespace tadpole::unsupervised {

namespace {

Result<void> check_scores(std::span<const double> scores, const std::string& what) {
  if (scores.empty())
    return Error{Code::points_unusable, "there are no " + what + "; a threshold needs at least one."};
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!std::isfinite(scores[i])) {
      return Error{Code::points_unusable,
                   "number " + std::to_string(i) + " of the " + what + " is not finite."};
    }
  }
  return {};
}

}  // namespace

Result<double> percentile_threshold(std::span<const double> usual, double percent) {
  TADPOLE_CHECK(check_scores(usual, "usual scores"));
  if (!(percent >= 0 && percent <= 100)) {
    return Error{Code::unsupervised_bad_setting,
                 "percentile is " + std::to_string(percent) + "; needs 0 to 100."};
  }
  std::vector<double> sorted(usual.begin(), usual.end());
  std::sort(sorted.begin(), sorted.end());
  const double place = percent / 100 * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Result<double> deviation_threshold(std::span<const double> usual, double deviations) {
  TADPOLE_CHECK(check_scores(usual, "usual scores"));
  double mean = 0, squares = 0;
  for (const double score : usual) mean += score;
  mean /= static_cast<double>(usual.size());
  for (const double score : usual) squares += (score - mean) * (score - mean);
  return mean + deviations * std::sqrt(squares / static_cast<double>(usual.size()));
}

Result<LabelledThreshold> labelled_threshold(std::span<const double> usual, std::span<const double> anomalies,
                                             double most_false_positives) {
  TADPOLE_CHECK(check_scores(usual, "usual scores"));
  TADPOLE_CHECK(check_scores(anomalies, "anomalies' scores"));
  TADPOLE_TRY(const std::vector<metrics::RocPoint> curve, metrics::roc_curve(usual, anomalies));
  LabelledThreshold best;
  double gain = -1;
  for (size_t i = 0; i < curve.size(); ++i) {
    const metrics::RocPoint& point = curve[i];
    const double here = point.true_positive_rate - point.false_positive_rate;
    if (point.false_positive_rate > most_false_positives || here <= gain) continue;
    gain = here;
    // The curve's thresholds are the lowest scores that still count as anomalies.
    const double beyond = std::max(1.0, std::fabs(curve[std::min(i + 1, curve.size() - 1)].threshold));
    const double low = i + 1 < curve.size() ? curve[i + 1].threshold : point.threshold - beyond;
    const double high = i > 0 ? point.threshold : low + beyond;
    const double middle = std::midpoint(low, high);
    best = {middle < high ? middle : low, point.false_positive_rate, point.true_positive_rate};
  }
  return best;
}

Result<std::vector<double>> reconstruction_errors(std::span<const float> original,
                                                  std::span<const float> reconstructed, int width) {
  if (width < 1 || original.size() != reconstructed.size() ||
      original.size() % static_cast<size_t>(width) != 0) {
    return Error{Code::points_unusable, std::to_string(original.size()) + " numbers against " +
                                            std::to_string(reconstructed.size()) +
                                            " reconstructed ones; needs as many, in rows of " +
                                            std::to_string(width) + "."};
  }
  std::vector<double> errors(original.size() / static_cast<size_t>(width), 0);
  for (size_t i = 0; i < original.size(); ++i) {
    const double difference = static_cast<double>(original[i]) - static_cast<double>(reconstructed[i]);
    errors[i / static_cast<size_t>(width)] += difference * difference;
  }
  for (double& error : errors) error /= width;
  return errors;
}

}  // namespace tadpole::unsupervised
