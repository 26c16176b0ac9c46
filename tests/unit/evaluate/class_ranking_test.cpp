// ROC and precision-recall of classes, one against the rest.
#include "evaluate/class_ranking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluate/classification.h"
#include "evaluate/report.h"

namespace tadpole::evaluate {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::vector<std::string> kClasses = {"silence", "yes", "no"};
const std::vector<uint8_t> kWords = {0, 1, 1};
const std::vector<int> kTargets = {0, 0, 1, 1, 2, 2};
// "yes" ranks its two samples first and third among six; "no" is perfect.
const std::vector<float> kScores = {0.9f, 0.1f, 0.0f, 0.3f, 0.6f, 0.1f, 0.1f, 0.8f, 0.1f,
                                    0.6f, 0.3f, 0.1f, 0.1f, 0.2f, 0.7f, 0.2f, 0.0f, 0.8f};

json ranking(const std::vector<uint8_t>& words = kWords) {
  auto found = rank_classes(kScores, kTargets, kClasses, words);
  EXPECT_TRUE(found.ok());
  return found.ok() ? *found : json();
}

TEST(ClassRanking, each_class_is_ranked_against_all_others) {
  const json found = ranking();
  const json& yes = found["classes"][1];
  EXPECT_EQ(yes["class"], "yes");
  EXPECT_DOUBLE_EQ(yes["auc"], 7.0 / 8) << "one of the eight pairs is the wrong way round";
  EXPECT_DOUBLE_EQ(yes["average_precision"], (1.0 + 2.0 / 3) / 2);
  EXPECT_DOUBLE_EQ(found["classes"][2]["auc"], 1);
  EXPECT_DOUBLE_EQ(found["macro_auc"], (found["classes"][0]["auc"].get<double>() + 7.0 / 8 + 1) / 3);
}

TEST(ClassRanking, any_word_is_ranked_by_the_highest_of_the_words_scores) {
  // Highest word score: 0.1, 0.6 | 0.8, 0.3, 0.7, 0.8: the 0.6 of silence beats only the 0.3.
  EXPECT_DOUBLE_EQ(ranking()["words"]["auc"], 7.0 / 8);
  EXPECT_TRUE(ranking({})["words"].is_null());
  EXPECT_TRUE(ranking({1, 1, 1})["words"].is_null()) << "there is nothing to tell words from";
}

TEST(ClassRanking, curves_begin_and_end_in_the_corners_and_leave_out_straight_stretches) {
  const json perfect = ranking()["classes"][2]["roc"];
  EXPECT_EQ(perfect, (json{{0.0, 0.0}, {0.0, 1.0}, {1.0, 1.0}}));
  const json trade = ranking()["classes"][2]["precision_recall"];
  EXPECT_EQ(trade.back()[0], 1.0);
}

TEST(ClassRanking, a_class_without_samples_has_no_figures_and_does_not_count_in_the_mean) {
  const std::vector<int> targets = {0, 0, 1, 1, 1, 1};
  const json found = *rank_classes(kScores, targets, kClasses, {});
  EXPECT_TRUE(found["classes"][2]["auc"].is_null());
  EXPECT_FALSE(found["classes"][2].contains("roc"));
  EXPECT_DOUBLE_EQ(found["macro_auc"],
                   (found["classes"][0]["auc"].get<double>() + found["classes"][1]["auc"].get<double>()) / 2);
}

TEST(ClassRanking, refuses_scores_that_do_not_fit_the_samples) {
  const auto found = rank_classes(std::span(kScores).first(17), kTargets, kClasses, kWords);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, Code::evaluate_bad_scores);
}

TEST(ClassRanking, is_drawn_in_the_report_with_a_table) {
  json report = {{"format", 1}};
  report["evaluation"]["int8"] = to_json(*evaluate_scores(kScores, kTargets, kClasses));
  report["evaluation"]["int8"]["ranking"] = ranking();
  const std::string html = render_report_html(report);
  EXPECT_THAT(html, HasSubstr("Finding a class against false finds (ROC)"));
  EXPECT_THAT(html, HasSubstr("What is found against what can be trusted"));
  EXPECT_THAT(html, HasSubstr("any word"));
  EXPECT_THAT(html, HasSubstr("Int8 model: each class against the rest"));
}

}  // namespace
}  // namespace tadpole::evaluate
