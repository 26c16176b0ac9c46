#include "evaluate/anomaly.h"

#include <algorithm>

namespace tadpole::evaluate {

using nlohmann::json;

namespace {

constexpr size_t kMostCurvePoints = 200;

json or_null(const std::optional<double>& value) { return value ? json(*value) : json(); }

/// About kMostCurvePoints of the points, the last always among them.
template <class Point>
json curve(const metrics::Ranking& ranking, Point point) {
  json rows = json::array();
  const size_t count = ranking.points.size(), step = count / kMostCurvePoints + 1;
  for (size_t i = 0; i < count; ++i) {
    if (i % step == 0 || i + 1 == count) rows.push_back(point(ranking.points[i].alarms));
  }
  return rows;
}

}  // namespace

Result<AnomalyResult> evaluate_anomaly(std::span<const float> scores, std::span<const uint8_t> anomalies,
                                       float threshold) {
  AnomalyResult result;
  TADPOLE_TRY(result.ranking, metrics::rank_scores(scores, anomalies));
  result.threshold = threshold;
  result.alarms = metrics::count_alarms(scores, anomalies, threshold);
  for (const float score : scores) result.largest_score = std::max(result.largest_score, score);
  for (auto& bins : result.bins) bins.assign(kBins, 0);
  for (size_t i = 0; i < scores.size(); ++i) {
    const float place = result.largest_score > 0 ? scores[i] / result.largest_score * kBins : 0;
    const auto bin = static_cast<size_t>(std::clamp(static_cast<int>(place), 0, kBins - 1));
    ++result.bins[anomalies[i] != 0 ? 1 : 0][bin];
  }
  return result;
}

json to_json(const AnomalyResult& result) {
  const metrics::Alarms& alarms = result.alarms;
  json out = {{"count", result.ranking.wanted + result.ranking.others},
              {"normal", result.ranking.others},
              {"anomalies", result.ranking.wanted},
              {"auc", or_null(result.ranking.auc)},
              {"average_precision", or_null(result.ranking.average_precision)},
              {"threshold", result.threshold},
              {"hits", alarms.hits},
              {"misses", alarms.misses},
              {"false_alarms", alarms.false_alarms},
              {"quiet", alarms.quiet},
              {"recall", or_null(alarms.recall())},
              {"precision", or_null(alarms.precision())},
              {"f1", or_null(alarms.f1())},
              {"false_alarm_rate", or_null(alarms.false_alarm_rate())}};
  if (result.ranking.auc) {
    out["roc"] = curve(result.ranking, [](const metrics::Alarms& at) {
      return json{at.false_alarm_rate().value_or(0), at.recall().value_or(0)};
    });
    out["precision_recall"] = curve(result.ranking, [](const metrics::Alarms& at) {
      return json{at.recall().value_or(0), at.precision().value_or(1)};
    });
  }
  out["histogram"] = {
      {"largest_score", result.largest_score}, {"normal", result.bins[0]}, {"anomalies", result.bins[1]}};
  return out;
}

}  // namespace tadpole::evaluate
