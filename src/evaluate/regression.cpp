#include "evaluate/regression.h"

namespace tadpole::evaluate {

Result<RegressionResult> evaluate_regression(std::span<const float> answers, std::span<const float> truths,
                                             std::span<const std::string> names) {
  const size_t width = names.size();
  if (width == 0 || answers.size() != truths.size() || answers.size() % width != 0) {
    return Error{Code::evaluate_bad_scores, "there are " + std::to_string(answers.size()) + " answers for " +
                                                std::to_string(truths.size()) + " numbers of " +
                                                std::to_string(width) + " outputs."};
  }
  RegressionResult result;
  result.names.assign(names.begin(), names.end());
  const size_t count = answers.size() / width;
  result.count = static_cast<int64_t>(count);
  const size_t step = count / kMostPoints + 1;
  double sum = 0;
  int with_r_squared = 0;
  for (size_t output = 0; output < width; ++output) {
    std::vector<float> truth(count), answer(count);
    for (size_t i = 0; i < count; ++i) {
      truth[i] = truths[i * width + output];
      answer[i] = answers[i * width + output];
    }
    TADPOLE_TRY(result.outputs.emplace_back(), metrics::score_regression(truth, answer));
    if (const auto& r_squared = result.outputs.back().r_squared) {
      sum += *r_squared;
      ++with_r_squared;
    }
    auto& points = result.points.emplace_back();
    for (size_t i = 0; i < count; i += step) points.emplace_back(truth[i], answer[i]);
  }
  if (with_r_squared > 0) result.r_squared = sum / with_r_squared;
  return result;
}

nlohmann::json to_json(const RegressionResult& result) {
  using nlohmann::json;
  const auto or_null = [](const std::optional<double>& value) { return value ? json(*value) : json(); };
  json outputs = json::array();
  for (size_t i = 0; i < result.outputs.size(); ++i) {
    const metrics::RegressionScore& score = result.outputs[i];
    json points = json::array();
    for (const auto& [truth, answer] : result.points[i]) points.push_back({truth, answer});
    outputs.push_back({{"name", result.names[i]},
                       {"mean_absolute_error", score.mean_absolute_error},
                       {"root_mean_square_error", score.root_mean_square_error},
                       {"largest_error", score.largest_error},
                       {"bias", score.bias},
                       {"r_squared", or_null(score.r_squared)},
                       {"points", std::move(points)}});
  }
  return {{"count", result.count}, {"r_squared", or_null(result.r_squared)}, {"outputs", std::move(outputs)}};
}

}  // namespace tadpole::evaluate
