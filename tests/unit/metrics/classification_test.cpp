// Hand-worked examples of every classification metric.
#include "metrics/classification.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tadpole::metrics {
namespace {

// Truth 0: answers 0 0 1. Truth 1: answers 1 1 1 0. Truth 2: answers 1 (class 2 is never answered).
const std::vector<int> kTruth = {0, 0, 0, 1, 1, 1, 1, 2};
const std::vector<int> kAnswer = {0, 0, 1, 1, 1, 1, 0, 1};

Confusion example() { return count_confusion(kTruth, kAnswer, 3).value(); }

TEST(Confusion, rows_are_truth_and_columns_are_answers) {
  EXPECT_EQ(example().cells, (std::vector<int64_t>{2, 1, 0, 1, 3, 0, 0, 1, 0}));
  EXPECT_EQ(example().total(), 8);
  EXPECT_EQ(example().correct(), 5);
  EXPECT_EQ(example().support(1), 4);
  EXPECT_EQ(example().answered(1), 5);
}

TEST(Confusion, an_index_outside_the_classes_is_refused_with_its_sample) {
  const auto bad_answer = count_confusion(std::vector{0, 1}, std::vector{0, 2}, 2);
  ASSERT_FALSE(bad_answer.ok());
  EXPECT_EQ(bad_answer.error().code, Code::evaluate_bad_scores);
  EXPECT_NE(bad_answer.error().detail.find("sample 1"), std::string::npos) << bad_answer.error().detail;
  EXPECT_FALSE(count_confusion(std::vector{-1}, std::vector{0}, 2).ok());
  EXPECT_FALSE(count_confusion(std::vector{0, 1}, std::vector{0}, 2).ok());
  EXPECT_FALSE(count_confusion(std::vector<int>{}, std::vector<int>{}, 0).ok());
  EXPECT_FALSE(count_confusion(std::vector<int>{}, std::vector<int>{}, 1 << 30).ok());
}

TEST(Confusion, without_a_true_class_only_its_samples_leave) {
  const Confusion rest = example().without_truth(0);
  EXPECT_EQ(rest.total(), 5);
  EXPECT_EQ(rest.correct(), 3);
  EXPECT_EQ(rest.at(1, 0), 1) << "answering the left-out class is still a mistake";
  EXPECT_EQ(example().without_truth(-1).cells, example().cells);
  EXPECT_EQ(example().without_truth(3).cells, example().cells);
}

TEST(Accuracy, is_the_share_of_the_diagonal_and_absent_without_samples) {
  EXPECT_DOUBLE_EQ(*accuracy(example()), 5.0 / 8);
  EXPECT_FALSE(accuracy(count_confusion({}, {}, 3).value()).has_value());
}

TEST(ClassScores, match_the_hand_worked_table) {
  const auto scores = score_classes(example());
  ASSERT_EQ(scores.size(), 3u);
  EXPECT_DOUBLE_EQ(*scores[0].precision, 2.0 / 3);
  EXPECT_DOUBLE_EQ(*scores[0].recall, 2.0 / 3);
  EXPECT_DOUBLE_EQ(*scores[0].f1, 2.0 / 3);
  EXPECT_DOUBLE_EQ(*scores[1].precision, 3.0 / 5);
  EXPECT_DOUBLE_EQ(*scores[1].recall, 3.0 / 4);
  EXPECT_DOUBLE_EQ(*scores[1].f1, 6.0 / 9);
  EXPECT_FALSE(scores[2].precision.has_value()) << "never answered: 0/0";
  EXPECT_DOUBLE_EQ(*scores[2].recall, 0);
  EXPECT_DOUBLE_EQ(*scores[2].f1, 0);
}

TEST(ClassScores, a_class_never_answered_counts_as_zero_in_the_macro_average) {
  const auto macro = macro_average(score_classes(example()));
  ASSERT_TRUE(macro.has_value());
  EXPECT_DOUBLE_EQ(macro->precision, (2.0 / 3 + 3.0 / 5 + 0) / 3);
  EXPECT_DOUBLE_EQ(macro->recall, (2.0 / 3 + 3.0 / 4 + 0) / 3);
  EXPECT_DOUBLE_EQ(macro->f1, (2.0 / 3 + 6.0 / 9 + 0) / 3);
}

TEST(ClassScores, a_class_without_samples_is_left_out_of_the_macro_average) {
  const auto macro = macro_average(score_classes(example().without_truth(2)));
  EXPECT_DOUBLE_EQ(macro->recall, (2.0 / 3 + 3.0 / 4) / 2);
  EXPECT_FALSE(macro_average({}).has_value());
}

TEST(WilsonInterval, equals_published_values) {
  // 8 of 10 at 95 %: 0.4902 to 0.9433 (Newcombe 1998 works with four decimals, hence 5e-5).
  const Interval eight = wilson_interval(8, 10);
  EXPECT_NEAR(eight.low, 0.4902, 5e-5);
  EXPECT_NEAR(eight.high, 0.9433, 5e-5);
  // Newcombe 1998, table I: 81 of 263 -> 0.2553 to 0.3662; 15 of 148 -> 0.0624 to 0.1605; 0 of 20 -> 0 to
  // 0.1611.
  EXPECT_NEAR(wilson_interval(81, 263).low, 0.2553, 5e-5);
  EXPECT_NEAR(wilson_interval(81, 263).high, 0.3662, 5e-5);
  EXPECT_NEAR(wilson_interval(15, 148).low, 0.0624, 5e-5);
  EXPECT_NEAR(wilson_interval(15, 148).high, 0.1605, 5e-5);
  EXPECT_EQ(wilson_interval(0, 20).low, 0.0);
  EXPECT_NEAR(wilson_interval(0, 20).high, 0.1611, 5e-5);
}

TEST(WilsonInterval, is_symmetric_and_stays_between_zero_and_one) {
  EXPECT_EQ(wilson_interval(20, 20).high, 1.0);
  EXPECT_NEAR(wilson_interval(20, 20).low, 1 - wilson_interval(0, 20).high, 1e-12);  // double rounding only
  EXPECT_EQ(wilson_interval(0, 0).low, 0.0);
  EXPECT_EQ(wilson_interval(0, 0).high, 1.0);
}

TEST(Agreement, counts_equal_answers) {
  const Agreement agreement = count_agreement(std::vector{1, 2, 3, 4}, std::vector{1, 2, 0, 4}).value();
  EXPECT_EQ(agreement.equal, 3);
  EXPECT_DOUBLE_EQ(*agreement.share(), 0.75);
  EXPECT_FALSE(count_agreement({}, {}).value().share().has_value());
  EXPECT_FALSE(count_agreement(std::vector{1}, std::vector{1, 2}).ok());
}

}  // namespace
}  // namespace tadpole::metrics
