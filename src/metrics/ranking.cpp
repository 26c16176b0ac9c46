#include "metrics/ranking.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace tadpole::metrics {

namespace {
std::optional<double> ratio(int64_t part, int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}
}  // namespace

std::optional<double> Alarms::recall() const { return ratio(hits, hits + misses); }
std::optional<double> Alarms::precision() const { return ratio(hits, hits + false_alarms); }
std::optional<double> Alarms::false_alarm_rate() const { return ratio(false_alarms, false_alarms + quiet); }
std::optional<double> Alarms::f1() const { return ratio(2 * hits, 2 * hits + false_alarms + misses); }

Result<Ranking> rank_scores(std::span<const float> scores, std::span<const uint8_t> wanted) {
  if (scores.size() != wanted.size()) {
    return Error{Code::evaluate_bad_scores, "there are " + std::to_string(scores.size()) + " scores for " +
                                                std::to_string(wanted.size()) + " samples."};
  }
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!std::isfinite(scores[i]))
      return Error{Code::evaluate_bad_scores,
                   "the score of sample " + std::to_string(i) + " is not a finite number."};
  }
  Ranking ranking;
  ranking.wanted = std::count_if(wanted.begin(), wanted.end(), [](uint8_t is) { return is != 0; });
  ranking.others = static_cast<int64_t>(wanted.size()) - ranking.wanted;
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  int64_t hits = 0, false_alarms = 0;
  double area = 0, average_precision = 0;
  for (size_t i = 0; i < order.size();) {
    const float threshold = scores[order[i]];
    const int64_t hits_before = hits, false_before = false_alarms;
    for (; i < order.size() && scores[order[i]] == threshold; ++i) {
      (wanted[order[i]] != 0 ? hits : false_alarms) += 1;
    }
    const Alarms alarms{hits, ranking.wanted - hits, false_alarms, ranking.others - false_alarms};
    area += static_cast<double>(false_alarms - false_before) * static_cast<double>(hits + hits_before) / 2;
    average_precision += static_cast<double>(hits - hits_before) * alarms.precision().value_or(0);
    ranking.points.push_back({threshold, alarms});
  }
  if (ranking.wanted > 0) {
    ranking.average_precision = average_precision / static_cast<double>(ranking.wanted);
    if (ranking.others > 0)
      ranking.auc = area / (static_cast<double>(ranking.wanted) * static_cast<double>(ranking.others));
  }
  return ranking;
}

Alarms count_alarms(std::span<const float> scores, std::span<const uint8_t> wanted, float threshold) {
  Alarms alarms;
  for (size_t i = 0; i < scores.size(); ++i) {
    const bool alarm = scores[i] > threshold;
    if (wanted[i] != 0) {
      (alarm ? alarms.hits : alarms.misses) += 1;
    } else {
      (alarm ? alarms.false_alarms : alarms.quiet) += 1;
    }
  }
  return alarms;
}

float quantile(std::span<const float> values, double share) {
  std::vector<float> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = place - static_cast<double>(below);
  return static_cast<float>(static_cast<double>(sorted[below]) * (1 - part) +
                            static_cast<double>(sorted[above]) * part);
}

}  // namespace tadpole::metrics
