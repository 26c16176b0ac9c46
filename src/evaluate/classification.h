// From class scores and targets to every number that the report shows about single recordings.
// In: scores of a model, float or int8, host or board. Out: ClassificationResult and its JSON
// (docs/formats/report.md).
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "metrics/classification.h"

namespace tadpole::evaluate {

/// What a model answered on a set of samples, and how good that was.
/// The headline is accuracy_without_silence: samples whose true class is silence are easy and made by us, so
/// they are not counted; answering "silence" to a word is still wrong.
struct ClassificationResult {
  std::vector<std::string> classes;
  std::vector<int> answers;  ///< of each sample, for agreement with another run; not in the JSON
  int64_t count = 0;
  std::optional<double> accuracy;                  ///< absent without samples
  int64_t count_without_silence = 0;               ///< equal to count when there is no silence class
  std::optional<double> accuracy_without_silence;  ///< absent without samples
  metrics::Interval interval_without_silence;      ///< 95 % Wilson interval of it
  metrics::Confusion confusion;                    ///< rows: truth; columns: answer; silence included
  std::vector<metrics::ClassScore> per_class;      ///< silence included
  std::optional<metrics::MacroScore> macro;
};

/// The class with the highest score of each row; of equal ones the first, as the board does.
/// scores: row-major [n, classes]. Fails: Code::evaluate_bad_scores when the size is no multiple of classes,
/// classes < 1, or a float score is not a number (names the sample).
Result<std::vector<int>> answers_of(std::span<const float> scores, int classes);
Result<std::vector<int>> answers_of(std::span<const int8_t> scores, int classes);

/// Scores answers against targets. `silence` is the index of the silence class, -1 when there is none.
/// Fails: Code::evaluate_bad_scores when the lengths differ or an index is outside the classes.
Result<ClassificationResult> evaluate_answers(std::span<const int> answers, std::span<const int> targets,
                                              std::span<const std::string> classes, int silence = 0);

/// answers_of, then evaluate_answers. scores: row-major [targets.size(), classes.size()].
Result<ClassificationResult> evaluate_scores(std::span<const float> scores, std::span<const int> targets,
                                             std::span<const std::string> classes, int silence = 0);
Result<ClassificationResult> evaluate_scores(std::span<const int8_t> scores, std::span<const int> targets,
                                             std::span<const std::string> classes, int silence = 0);

/// The object under evaluation.float, .int8 and .board of report.json. Absent values become null.
nlohmann::json to_json(const ClassificationResult& result);

}  // namespace tadpole::evaluate
