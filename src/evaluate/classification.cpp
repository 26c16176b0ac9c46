#include "evaluate/classification.h"

#include <cmath>
#include <type_traits>

namespace tadpole::evaluate {
namespace {

template <class T>
Result<std::vector<int>> best_of_rows(std::span<const T> scores, int classes) {
  if (classes < 1 || scores.size() % static_cast<size_t>(classes) != 0) {
    return Error{Code::evaluate_bad_scores, "found " + std::to_string(scores.size()) + " scores for " +
                                                std::to_string(classes) +
                                                " classes; each sample needs one score for each class."};
  }
  std::vector<int> answers(scores.size() / classes);
  for (size_t i = 0; i < answers.size(); ++i) {
    const std::span<const T> row = scores.subspan(i * classes, classes);
    int best = 0;
    for (int c = 0; c < classes; ++c) {
      if constexpr (std::is_floating_point_v<T>) {
        if (std::isnan(row[c])) {
          return Error{Code::evaluate_bad_scores, "sample " + std::to_string(i) + ": the score of class " +
                                                      std::to_string(c) +
                                                      " is not a number. Train the model again."};
        }
      }
      if (row[c] > row[best]) best = c;
    }
    answers[i] = best;
  }
  return answers;
}

template <class T>
Result<ClassificationResult> evaluate_any(std::span<const T> scores, std::span<const int> targets,
                                          std::span<const std::string> classes, int silence) {
  TADPOLE_TRY(const std::vector<int> answers, best_of_rows(scores, static_cast<int>(classes.size())));
  return evaluate_answers(answers, targets, classes, silence);
}

nlohmann::json or_null(const std::optional<double>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

}  // namespace

Result<std::vector<int>> answers_of(std::span<const float> scores, int classes) {
  return best_of_rows(scores, classes);
}

Result<std::vector<int>> answers_of(std::span<const int8_t> scores, int classes) {
  return best_of_rows(scores, classes);
}

Result<ClassificationResult> evaluate_answers(std::span<const int> answers, std::span<const int> targets,
                                              std::span<const std::string> classes, int silence) {
  ClassificationResult result;
  TADPOLE_TRY(result.confusion, metrics::count_confusion(targets, answers, static_cast<int>(classes.size())));
  result.classes.assign(classes.begin(), classes.end());
  result.answers.assign(answers.begin(), answers.end());
  result.count = result.confusion.total();
  result.accuracy = metrics::accuracy(result.confusion);
  const metrics::Confusion spoken = result.confusion.without_truth(silence);
  result.count_without_silence = spoken.total();
  result.accuracy_without_silence = metrics::accuracy(spoken);
  result.interval_without_silence = metrics::wilson_interval(spoken.correct(), spoken.total());
  result.per_class = metrics::score_classes(result.confusion);
  result.macro = metrics::macro_average(result.per_class);
  return result;
}

Result<ClassificationResult> evaluate_scores(std::span<const float> scores, std::span<const int> targets,
                                             std::span<const std::string> classes, int silence) {
  return evaluate_any(scores, targets, classes, silence);
}

Result<ClassificationResult> evaluate_scores(std::span<const int8_t> scores, std::span<const int> targets,
                                             std::span<const std::string> classes, int silence) {
  return evaluate_any(scores, targets, classes, silence);
}

nlohmann::json to_json(const ClassificationResult& result) {
  using nlohmann::json;
  json rows = json::array(), per_class = json::array();
  for (int truth = 0; truth < result.confusion.classes; ++truth) {
    json row = json::array();
    for (int answer = 0; answer < result.confusion.classes; ++answer) {
      row.push_back(result.confusion.at(truth, answer));
    }
    rows.push_back(std::move(row));
  }
  for (size_t i = 0; i < result.per_class.size(); ++i) {
    const metrics::ClassScore& score = result.per_class[i];
    per_class.push_back({{"class", result.classes[i]},
                         {"precision", or_null(score.precision)},
                         {"recall", or_null(score.recall)},
                         {"f1", or_null(score.f1)},
                         {"count", score.support},
                         {"answered", score.answered}});
  }
  json out = {{"count", result.count},
              {"accuracy", or_null(result.accuracy)},
              {"count_without_silence", result.count_without_silence},
              {"accuracy_without_silence", or_null(result.accuracy_without_silence)},
              {"accuracy_low", result.interval_without_silence.low},
              {"accuracy_high", result.interval_without_silence.high},
              {"classes", result.classes},
              {"confusion", std::move(rows)},
              {"per_class", std::move(per_class)},
              {"macro", nullptr}};
  if (result.macro) {
    out["macro"] = {
        {"precision", result.macro->precision}, {"recall", result.macro->recall}, {"f1", result.macro->f1}};
  }
  return out;
}

}  // namespace tadpole::evaluate
