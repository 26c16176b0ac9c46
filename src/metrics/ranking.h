// How well a score tells two kinds of things apart, for every threshold at once: ROC, precision and recall.
// In: scores and which of them are of the looked-for kind (anomalies). Out: plain structs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"

namespace tadpole::metrics {

/// What a threshold does: a score above it is an alarm.
struct Alarms {
  int64_t hits = 0, misses = 0;                    ///< of what was looked for
  int64_t false_alarms = 0, quiet = 0;             ///< of the rest
  std::optional<double> recall() const;            ///< hits / (hits + misses): the true positive rate
  std::optional<double> precision() const;         ///< hits / (hits + false_alarms)
  std::optional<double> false_alarm_rate() const;  ///< false_alarms / (false_alarms + quiet)
  std::optional<double> f1() const;                ///< 2 hits / (2 hits + false_alarms + misses)
};

struct RankedPoint {
  float threshold = 0;  ///< the alarms are those of scores that are at least this
  Alarms alarms;
};

struct Ranking {
  int64_t wanted = 0, others = 0;
  /// One point for each score that occurs, from the highest threshold to the lowest.
  std::vector<RankedPoint> points;
  /// Area under the ROC curve: the share of pairs (wanted, other) in which the wanted one scores higher,
  /// equal scores counting half. Nothing unless there are both kinds.
  std::optional<double> auc;
  /// Sum over points of (recall gained) * precision, without interpolation. Nothing unless something is
  /// wanted.
  std::optional<double> average_precision;
};

/// scores, wanted: [n]. Fails: Code::evaluate_bad_scores when the lengths differ or a score is not finite
/// (names the sample). O(n log n).
Result<Ranking> rank_scores(std::span<const float> scores, std::span<const uint8_t> wanted);

/// What a threshold does. Same lengths.
Alarms count_alarms(std::span<const float> scores, std::span<const uint8_t> wanted, float threshold);

/// The value that `share` (0 to 1) of the values do not exceed, linear between neighbours (Hyndman and Fan
/// 1996, definition 7). Values must not be empty.
float quantile(std::span<const float> values, double share);

}  // namespace tadpole::metrics
