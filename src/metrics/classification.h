// How good a list of answers is: confusion matrix, accuracy with its uncertainty, precision, recall, F1,
// agreement. In: class indices. Out: plain structs. No files, no JSON; evaluate/ writes those.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"

namespace tadpole::metrics {

/// Counts of (truth, answer), row-major [classes, classes]: a row is a true class, a column is an answer.
struct Confusion {
  int classes = 0;
  std::vector<int64_t> cells;

  int64_t at(int truth, int answer) const { return cells[static_cast<size_t>(truth) * classes + answer]; }
  int64_t total() const;
  int64_t correct() const;             ///< sum of the diagonal
  int64_t support(int truth) const;    ///< sum of a row: how many samples truly are of the class
  int64_t answered(int answer) const;  ///< sum of a column: how often the class was the answer
  /// The same counts with one row emptied: samples of that true class are not counted, answers of it are
  /// still wrong.
  Confusion without_truth(int truth) const;
};

/// Counts the pairs. truth, answer: [n], values in [0, classes). n may be 0.
/// Fails: Code::evaluate_bad_scores when the lengths differ, classes < 1 or an index is outside (names the
/// sample).
Result<Confusion> count_confusion(std::span<const int> truth, std::span<const int> answer, int classes);

/// Share of samples on the diagonal, in [0, 1]. Nothing when there are no samples.
std::optional<double> accuracy(const Confusion& confusion);

/// Scores of one class, each in [0, 1] and absent where it would be 0/0.
struct ClassScore {
  std::optional<double> precision;  ///< right / answered: how far an answer of this class can be trusted
  std::optional<double> recall;     ///< right / support: how many of the class were found
  std::optional<double> f1;         ///< harmonic mean = 2 right / (support + answered)
  int64_t support = 0;
  int64_t answered = 0;
};
std::vector<ClassScore> score_classes(const Confusion& confusion);

/// Unweighted means over the classes that have samples. There, a precision of 0/0 counts as 0 (as
/// scikit-learn's zero_division=0 does), so that a class that is never answered is not rewarded. Nothing when
/// no class has samples.
struct MacroScore {
  double precision = 0, recall = 0, f1 = 0;
};
std::optional<MacroScore> macro_average(std::span<const ClassScore> scores);

/// A range of proportions, both ends in [0, 1].
struct Interval {
  double low = 0, high = 1;
};

/// Two-sided 95 % quantile of the standard normal distribution.
inline constexpr double kNormal95 = 1.959963984540054;

/// Wilson's score interval of a proportion: where the true share lies, if the samples are independent.
/// 0 <= hits <= trials; [0, 1] when trials == 0. Unlike p +- z*sqrt(p(1-p)/n) it holds for small counts and
/// near 0 and 1. Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
Interval wilson_interval(int64_t hits, int64_t trials, double z = kNormal95);

/// How many answers of two lists are the same.
struct Agreement {
  int64_t equal = 0, count = 0;

  std::optional<double> share() const;  ///< equal / count, nothing when count is 0
};

/// Fails: Code::evaluate_bad_scores when the lengths differ.
Result<Agreement> count_agreement(std::span<const int> left, std::span<const int> right);

}  // namespace tadpole::metrics
