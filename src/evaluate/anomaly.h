// From anomaly scores to what the report shows: curves, the chosen threshold and what it does. JSON:
// docs/formats/report.md.
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "base/result.h"
#include "metrics/ranking.h"

namespace tadpole::evaluate {

struct AnomalyResult {
  metrics::Ranking ranking;  ///< of the anomalies
  float threshold = 0;       ///< scores above it are alarms
  metrics::Alarms alarms;    ///< at the threshold
  /// Samples in kBins equal steps of the score from 0 to the largest, normal ones and anomalies.
  float largest_score = 0;
  std::array<std::vector<int64_t>, 2> bins;
};

inline constexpr int kBins = 40;

/// scores: higher is stranger, >= 0. anomalies: which samples are. Fails: evaluate_bad_scores.
Result<AnomalyResult> evaluate_anomaly(std::span<const float> scores, std::span<const uint8_t> anomalies,
                                       float threshold);

/// Curves have at most 200 points.
nlohmann::json to_json(const AnomalyResult& result);

}  // namespace tadpole::evaluate
