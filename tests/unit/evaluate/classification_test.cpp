// Scores to answers to JSON, checked by hand.
#include "evaluate/classification.h"

#include <gtest/gtest.h>

#include <limits>

namespace tadpole::evaluate {
namespace {

const std::vector<std::string> kClasses = {"silence", "unknown", "yes"};

TEST(Answers, the_highest_score_wins_and_the_first_of_equal_ones) {
  const std::vector<float> scores = {0.1f, 0.2f, 0.7f, 0.5f, 0.5f, 0.0f};
  EXPECT_EQ(answers_of(scores, 3).value(), (std::vector<int>{2, 0}));
  const std::vector<int8_t> bytes = {-128, -128, 127, -5, -4, -4};
  EXPECT_EQ(answers_of(bytes, 3).value(), (std::vector<int>{2, 1}));
}

TEST(Answers, a_score_that_is_not_a_number_is_refused_by_sample_and_class) {
  const std::vector<float> scores = {0, 1, 0, std::numeric_limits<float>::quiet_NaN()};
  const auto answers = answers_of(scores, 2);
  ASSERT_FALSE(answers.ok());
  EXPECT_EQ(answers.error().code, Code::evaluate_bad_scores);
  EXPECT_NE(answers.error().detail.find("sample 1"), std::string::npos) << answers.error().detail;
  EXPECT_FALSE(answers_of(std::vector<float>{1, 2, 3}, 2).ok());
  EXPECT_FALSE(answers_of(std::vector<float>{1, 2, 3}, 0).ok());
}

// Truth: silence, silence, unknown, yes, yes. Answers: silence, silence, yes, yes, silence.
const std::vector<int> kTargets = {0, 0, 1, 2, 2};
const std::vector<int> kAnswers = {0, 0, 2, 2, 0};

TEST(Evaluation, silence_is_not_counted_in_the_headline) {
  const auto result = evaluate_answers(kAnswers, kTargets, kClasses).value();
  EXPECT_DOUBLE_EQ(*result.accuracy, 3.0 / 5);
  EXPECT_EQ(result.count_without_silence, 3);
  EXPECT_DOUBLE_EQ(*result.accuracy_without_silence, 1.0 / 3);
  // Wilson at 95 % for 1 of 3, from the formula with z = 1.96: 0.0615 to 0.7923.
  EXPECT_NEAR(result.interval_without_silence.low, 0.0615, 5e-5);
  EXPECT_NEAR(result.interval_without_silence.high, 0.7923, 5e-5);
}

TEST(Evaluation, without_a_silence_class_both_accuracies_are_the_same) {
  const auto result = evaluate_answers(kAnswers, kTargets, kClasses, -1).value();
  EXPECT_EQ(result.count_without_silence, 5);
  EXPECT_EQ(*result.accuracy_without_silence, *result.accuracy);
}

TEST(Evaluation, scores_and_answers_give_the_same_result) {
  std::vector<float> scores(15, 0.0f);
  std::vector<int8_t> bytes(15, -128);
  for (size_t i = 0; i < kAnswers.size(); ++i) {
    scores[i * 3 + kAnswers[i]] = 1;
    bytes[i * 3 + kAnswers[i]] = 127;
  }
  const auto by_answers = to_json(evaluate_answers(kAnswers, kTargets, kClasses).value());
  EXPECT_EQ(to_json(evaluate_scores(scores, kTargets, kClasses).value()), by_answers);
  EXPECT_EQ(to_json(evaluate_scores(bytes, kTargets, kClasses).value()), by_answers);
  EXPECT_FALSE(evaluate_scores(std::span(scores).first(12), kTargets, kClasses).ok());
}

TEST(Evaluation, json_holds_the_hand_worked_numbers) {
  const auto json = to_json(evaluate_answers(kAnswers, kTargets, kClasses).value());
  EXPECT_EQ(json["confusion"], nlohmann::json::parse("[[2,0,0],[0,0,1],[1,0,1]]"));
  EXPECT_EQ(json["count"], 5);
  EXPECT_EQ(json["per_class"][2]["class"], "yes");
  EXPECT_EQ(json["per_class"][2]["precision"], 0.5);
  EXPECT_EQ(json["per_class"][2]["recall"], 0.5);
  EXPECT_TRUE(json["per_class"][1]["precision"].is_null()) << "unknown was never answered";
  EXPECT_DOUBLE_EQ(json["macro"]["recall"].get<double>(), (1.0 + 0 + 0.5) / 3);
}

TEST(Evaluation, of_nothing_is_null_and_not_zero) {
  const auto json = to_json(evaluate_answers({}, {}, kClasses).value());
  EXPECT_TRUE(json["accuracy"].is_null());
  EXPECT_TRUE(json["accuracy_without_silence"].is_null());
  EXPECT_TRUE(json["macro"].is_null());
  EXPECT_EQ(json["count"], 0);
}

}  // namespace
}  // namespace tadpole::evaluate
