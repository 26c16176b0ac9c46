#include "evaluate/class_ranking.h"

#include <algorithm>
#include <cmath>

#include "metrics/ranking.h"

namespace tadpole::evaluate {

using nlohmann::json;

namespace {

constexpr size_t kMostCurvePoints = 100;

using Curve = std::vector<std::pair<double, double>>;

json or_null(const std::optional<double>& value) { return value ? json(*value) : json(); }

double rounded(double value) { return std::round(value * 10000) / 10000; }

/// Without the points that lie on the straight line between their neighbours.
Curve corners(const Curve& curve) {
  Curve kept;
  for (size_t i = 0; i < curve.size(); ++i) {
    if (i > 0 && i + 1 < curve.size()) {
      const auto [x0, y0] = kept.back();
      const auto [x1, y1] = curve[i];
      const auto [x2, y2] = curve[i + 1];
      if ((x1 - x0) * (y2 - y1) == (x2 - x1) * (y1 - y0)) continue;
    }
    kept.push_back(curve[i]);
  }
  return kept;
}

/// About kMostCurvePoints of the points, the first and the last always among them.
json thinned(const Curve& curve) {
  json rows = json::array();
  const size_t step = curve.size() / kMostCurvePoints + 1;
  for (size_t i = 0; i < curve.size(); ++i) {
    if (i % step == 0 || i + 1 == curve.size())
      rows.push_back({rounded(curve[i].first), rounded(curve[i].second)});
  }
  return rows;
}

json figures(const metrics::Ranking& ranking) {
  json out = {{"count", ranking.wanted}, {"auc", or_null(ranking.auc)}, {"average_precision", nullptr}};
  if (!ranking.auc) return out;
  out["average_precision"] = or_null(ranking.average_precision);
  Curve roc = {{0, 0}}, trade;
  for (const metrics::RankedPoint& point : ranking.points) {
    const metrics::Alarms& at = point.alarms;
    roc.emplace_back(at.false_alarm_rate().value_or(0), at.recall().value_or(0));
    trade.emplace_back(at.recall().value_or(0), at.precision().value_or(1));
  }
  out["roc"] = thinned(corners(roc));
  out["precision_recall"] = thinned(trade);
  return out;
}

}  // namespace

Result<json> rank_classes(std::span<const float> scores, std::span<const int> targets,
                          std::span<const std::string> classes, std::span<const uint8_t> words) {
  const size_t width = classes.size();
  if (scores.size() != targets.size() * width || (!words.empty() && words.size() != width)) {
    return Error{Code::evaluate_bad_scores, "found " + std::to_string(scores.size()) + " scores for " +
                                                std::to_string(targets.size()) + " samples and " +
                                                std::to_string(width) + " classes."};
  }
  std::vector<float> column(targets.size());
  std::vector<uint8_t> wanted(targets.size());
  json rows = json::array();
  double auc = 0, precision = 0;
  int counted = 0;
  for (size_t c = 0; c < width; ++c) {
    for (size_t i = 0; i < targets.size(); ++i) {
      column[i] = scores[i * width + c];
      wanted[i] = targets[i] == static_cast<int>(c);
    }
    TADPOLE_TRY(const metrics::Ranking ranking, metrics::rank_scores(column, wanted));
    json row = figures(ranking);
    row["class"] = classes[c];
    rows.push_back(std::move(row));
    if (!ranking.auc) continue;
    auc += *ranking.auc;
    precision += ranking.average_precision.value_or(0);
    ++counted;
  }
  json out = {{"classes", std::move(rows)},
              {"macro_auc", nullptr},
              {"macro_average_precision", nullptr},
              {"words", nullptr}};
  if (counted > 0) out["macro_auc"] = auc / counted, out["macro_average_precision"] = precision / counted;
  const auto listed = std::count_if(words.begin(), words.end(), [](uint8_t is) { return is != 0; });
  if (listed == 0 || listed == static_cast<std::ptrdiff_t>(words.size())) return out;
  for (size_t i = 0; i < targets.size(); ++i) {
    bool first = true;
    for (size_t c = 0; c < width; ++c) {
      if (words[c] == 0) continue;
      column[i] = first ? scores[i * width + c] : std::max(column[i], scores[i * width + c]);
      first = false;
    }
    const auto target = static_cast<size_t>(targets[i]);
    wanted[i] = target < width && words[target] != 0;
  }
  TADPOLE_TRY(const metrics::Ranking ranking, metrics::rank_scores(column, wanted));
  out["words"] = figures(ranking);
  return out;
}

}  // namespace tadpole::evaluate
