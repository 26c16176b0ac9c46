#include "metrics/classification.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace tadpole::metrics {
namespace {

std::optional<double> ratio(int64_t part, int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

Error bad_index(const char* what, size_t sample, int found, int classes) {
  return Error{Code::evaluate_bad_scores, std::string("sample ") + std::to_string(sample) + ": " + what +
                                              " " + std::to_string(found) + " is outside 0 to " +
                                              std::to_string(classes - 1) + "."};
}

Error bad_lengths(size_t left, size_t right) {
  return Error{Code::evaluate_bad_scores, "two lists of answers have different lengths: " +
                                              std::to_string(left) + " and " + std::to_string(right) + "."};
}

}  // namespace

int64_t Confusion::total() const {
  int64_t sum = 0;
  for (const int64_t cell : cells) sum += cell;
  return sum;
}

int64_t Confusion::correct() const {
  int64_t sum = 0;
  for (int i = 0; i < classes; ++i) sum += at(i, i);
  return sum;
}

int64_t Confusion::support(int truth) const {
  int64_t sum = 0;
  for (int answer = 0; answer < classes; ++answer) sum += at(truth, answer);
  return sum;
}

int64_t Confusion::answered(int answer) const {
  int64_t sum = 0;
  for (int truth = 0; truth < classes; ++truth) sum += at(truth, answer);
  return sum;
}

Confusion Confusion::without_truth(int truth) const {
  Confusion rest = *this;
  if (truth < 0 || truth >= classes) return rest;
  const auto row = rest.cells.begin() + static_cast<std::ptrdiff_t>(truth) * classes;
  std::fill(row, row + classes, 0);
  return rest;
}

Result<Confusion> count_confusion(std::span<const int> truth, std::span<const int> answer, int classes) {
  if (truth.size() != answer.size()) return bad_lengths(truth.size(), answer.size());
  // A square of counts: 4096 classes already cost 128 MB, and no model of ours comes near.
  if (classes < 1 || classes > 4096) {
    return Error{Code::evaluate_bad_scores,
                 "the number of classes is " + std::to_string(classes) + "; 1 to 4096 are possible."};
  }
  Confusion confusion{classes, std::vector<int64_t>(static_cast<size_t>(classes) * classes, 0)};
  for (size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] < 0 || truth[i] >= classes) return bad_index("target", i, truth[i], classes);
    if (answer[i] < 0 || answer[i] >= classes) return bad_index("answer", i, answer[i], classes);
    ++confusion.cells[static_cast<size_t>(truth[i]) * classes + answer[i]];
  }
  return confusion;
}

std::optional<double> accuracy(const Confusion& confusion) {
  return ratio(confusion.correct(), confusion.total());
}

std::vector<ClassScore> score_classes(const Confusion& confusion) {
  std::vector<ClassScore> scores(confusion.classes);
  for (int i = 0; i < confusion.classes; ++i) {
    ClassScore& score = scores[i];
    const int64_t right = confusion.at(i, i);
    score.support = confusion.support(i);
    score.answered = confusion.answered(i);
    score.precision = ratio(right, score.answered);
    score.recall = ratio(right, score.support);
    score.f1 = ratio(2 * right, score.support + score.answered);
  }
  return scores;
}

std::optional<MacroScore> macro_average(std::span<const ClassScore> scores) {
  MacroScore sum;
  int counted = 0;
  for (const ClassScore& score : scores) {
    if (score.support == 0) continue;
    sum.precision += score.precision.value_or(0);
    sum.recall += score.recall.value_or(0);
    sum.f1 += score.f1.value_or(0);
    ++counted;
  }
  if (counted == 0) return std::nullopt;
  return MacroScore{sum.precision / counted, sum.recall / counted, sum.f1 / counted};
}

Interval wilson_interval(int64_t hits, int64_t trials, double z) {
  if (trials <= 0) return {0, 1};
  const double n = static_cast<double>(trials);
  const double p = static_cast<double>(hits) / n;
  const double square = z * z / n;
  const double centre = (p + square / 2) / (1 + square);
  const double half = z * std::sqrt(p * (1 - p) / n + square / (4 * n)) / (1 + square);
  // At 0 and n hits one end is exactly 0 or 1; rounding must not push it outside.
  return {hits == 0 ? 0.0 : std::max(0.0, centre - half),
          hits == trials ? 1.0 : std::min(1.0, centre + half)};
}

std::optional<double> Agreement::share() const { return ratio(equal, count); }

Result<Agreement> count_agreement(std::span<const int> left, std::span<const int> right) {
  if (left.size() != right.size()) return bad_lengths(left.size(), right.size());
  Agreement agreement{0, static_cast<int64_t>(left.size())};
  for (size_t i = 0; i < left.size(); ++i) agreement.equal += left[i] == right[i];
  return agreement;
}

}  // namespace tadpole::metrics
