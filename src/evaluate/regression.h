// From predicted and true numbers to what the report shows of a regression. JSON: docs/formats/report.md.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "metrics/regression.h"

namespace tadpole::evaluate {

struct RegressionResult {
  std::vector<std::string> names;                 ///< of the outputs, with a unit where known
  std::vector<metrics::RegressionScore> outputs;  ///< one an output
  int64_t count = 0;                              ///< samples
  std::optional<double> r_squared;                ///< mean over the outputs that have one: the headline
  /// At most kMostPoints samples, evenly spread, as (truth, answer) of each output.
  std::vector<std::vector<std::pair<float, float>>> points;
};

inline constexpr size_t kMostPoints = 400;

/// answers, truths: row-major [samples, names.size()]. Fails: evaluate_bad_scores.
Result<RegressionResult> evaluate_regression(std::span<const float> answers, std::span<const float> truths,
                                             std::span<const std::string> names);

nlohmann::json to_json(const RegressionResult& result);

}  // namespace tadpole::evaluate
