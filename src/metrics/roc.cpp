// ROC curve and area by walking the scores from the highest down.
#include "metrics/roc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace tadpole::metrics {

namespace {

Result<std::vector<double>> falling(std::span<const double> scores, const std::string& what) {
  if (scores.empty())
    return Error{Code::evaluate_bad_scores, "there are no " + what + "; a ROC curve needs some of each."};
  for (size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) {
      return Error{Code::evaluate_bad_scores,
                   "score " + std::to_string(i) + " of the " + what + " is not a number."};
    }
  }
  std::vector<double> sorted(scores.begin(), scores.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  return sorted;
}

/// How many negatives and positives are at least as high as each different score, from the highest down.
struct Step {
  double threshold;
  size_t negatives, positives;
};

Result<std::vector<Step>> steps_of(std::span<const double> negatives, std::span<const double> positives) {
  TADPOLE_TRY(const std::vector<double> low, falling(negatives, "negatives"));
  TADPOLE_TRY(const std::vector<double> high, falling(positives, "positives"));
  std::vector<Step> steps = {{std::numeric_limits<double>::infinity(), 0, 0}};
  size_t n = 0, p = 0;
  while (n < low.size() || p < high.size()) {
    const double score = n == low.size() ? high[p] : p == high.size() ? low[n] : std::max(low[n], high[p]);
    while (n < low.size() && low[n] == score) ++n;
    while (p < high.size() && high[p] == score) ++p;
    steps.push_back({score, n, p});
  }
  return steps;
}

}  // namespace

Result<std::vector<RocPoint>> roc_curve(std::span<const double> negatives,
                                        std::span<const double> positives) {
  TADPOLE_TRY(const std::vector<Step> steps, steps_of(negatives, positives));
  std::vector<RocPoint> curve;
  for (const Step& step : steps) {
    curve.push_back({step.threshold,
                     static_cast<double>(step.negatives) / static_cast<double>(negatives.size()),
                     static_cast<double>(step.positives) / static_cast<double>(positives.size())});
  }
  return curve;
}

Result<double> roc_area(std::span<const double> negatives, std::span<const double> positives) {
  TADPOLE_TRY(const std::vector<Step> steps, steps_of(negatives, positives));
  uint64_t twice = 0;  // pairs won count 2, ties 1
  for (size_t i = 1; i < steps.size(); ++i) {
    const uint64_t more = steps[i].negatives - steps[i - 1].negatives;
    twice += more * (steps[i].positives + steps[i - 1].positives);
  }
  return static_cast<double>(twice) / 2 /
         (static_cast<double>(negatives.size()) * static_cast<double>(positives.size()));
}

}  // namespace tadpole::metrics
