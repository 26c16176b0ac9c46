// Predicted numbers as the report shows them.
#include "evaluate/regression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluate/groups.h"
#include "evaluate/report.h"

namespace tadpole::evaluate {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kNames = {"height", "weight"};

TEST(RegressionResult, judges_each_output_by_itself) {
  const std::vector<float> truths = {1, 10, 2, 20, 3, 30}, answers = {1, 10, 2, 20, 3, 33};
  const auto result = evaluate_regression(answers, truths, kNames);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->count, 3);
  EXPECT_EQ(result->outputs[0].largest_error, 0);
  EXPECT_EQ(result->outputs[1].largest_error, 3);
  EXPECT_DOUBLE_EQ(*result->r_squared, (1.0 + 1 - 9.0 / 200) / 2);
  const nlohmann::json json = to_json(*result);
  EXPECT_EQ(json["outputs"][1]["name"], "weight");
  EXPECT_EQ(json["outputs"][1]["points"][2], nlohmann::json({30.0, 33.0}));
}

TEST(RegressionResult, keeps_no_more_points_than_can_be_seen) {
  const std::vector<float> many(5000, 1.0f);
  const std::vector<std::string> one = {"y"};
  const auto result = evaluate_regression(many, many, one);
  EXPECT_LE(result->points[0].size(), kMostPoints);
  EXPECT_GT(result->points[0].size(), kMostPoints / 2);
  EXPECT_FALSE(result->r_squared) << "the truth never changes";
}

TEST(RegressionResult, refuses_answers_that_do_not_fit_the_outputs) {
  const std::vector<float> five(5), six(6);
  EXPECT_EQ(evaluate_regression(five, six, kNames).error().code, Code::evaluate_bad_scores);
  EXPECT_EQ(evaluate_regression(five, five, kNames).error().code, Code::evaluate_bad_scores);
}

TEST(RegressionReport, shows_errors_the_scatter_and_the_groups_and_no_words_about_classes) {
  const std::vector<float> truths = {1, 2, 3, 4}, answers = {1.5f, 2, 3, 3};
  const std::vector<std::string> name = {"degrees <C>"}, groups = {"a", "a", "b", "b"};
  const std::vector<double> errors = {0.5, 0, 0, 1};
  nlohmann::json report = {{"format", 1}};
  report["evaluation"]["float"] = to_json(*evaluate_regression(answers, truths, name));
  report["evaluation"]["float"]["groups"] = group_table("mean error", groups, errors, GroupFigure::error);
  const std::string html = render_report_html(report);
  EXPECT_THAT(html, HasSubstr("How near are its numbers?"));
  EXPECT_THAT(html, HasSubstr("degrees &lt;C&gt;"));
  EXPECT_THAT(html, HasSubstr("exactly right"));
  EXPECT_THAT(html, HasSubstr("Group by group"));
  EXPECT_THAT(html, Not(HasSubstr("Right answers on the test recordings")));
}

TEST(GroupTable, is_left_out_for_fewer_than_two_groups) {
  const std::vector<std::string> groups = {"a", "a", ""};
  const std::vector<double> values = {1, 0, 1};
  EXPECT_TRUE(group_table("right answers", groups, values).is_null());
  const std::vector<std::string> two = {"b", "a", "b"};
  const nlohmann::json table = group_table("right answers", two, values);
  EXPECT_EQ(table["rows"][0]["group"], "a");
  EXPECT_EQ(table["rows"][1]["count"], 2);
  EXPECT_EQ(table["rows"][1]["value"], 1.0);
}

TEST(GroupTable, names_the_group_that_is_surely_bad_and_not_the_one_that_is_small) {
  std::vector<std::string> groups = {"one sample"};
  std::vector<double> right = {0};
  for (int i = 0; i < 100; ++i) {
    groups.push_back(i < 50 ? "many" : "most");
    right.push_back(i % 10 < (i < 50 ? 4 : 9) ? 1 : 0);
  }
  const nlohmann::json table = group_table("right answers", groups, right);
  EXPECT_EQ(table["worst"], "many") << "40 % of 50 says more than 0 % of 1";
  EXPECT_NEAR(table["rows"][0]["low"], 0.2761, 1e-4) << "Wilson 1927, for 20 of 50";
  const std::vector<double> errors = {1, 2, 5};
  const std::vector<std::string> three = {"a", "b", "c"};
  EXPECT_EQ(group_table("mean error", three, errors, GroupFigure::error)["worst"], "c");
}

TEST(GroupReport, shows_a_table_for_each_kind_of_group_with_its_worst_and_few_rows) {
  std::vector<std::string> speakers, languages;
  std::vector<double> right;
  for (int i = 0; i < 300; ++i) {
    speakers.push_back("speaker " + std::to_string(i % 30));
    languages.push_back(i % 3 == 0 ? "ar" : "en");
    right.push_back(i % 3 == 0 && i % 2 == 0 ? 0 : 1);
  }
  nlohmann::json report = {{"format", 1}};
  nlohmann::json& result = report["evaluation"]["int8"];
  result = {{"accuracy", 0.8}, {"count", 300}};
  result["groups"] = group_table("right answers", speakers, right);
  result["more_groups"] = {group_table("right answers", languages, right)};
  result["more_groups"][0]["kind"] = "language";
  const std::string html = render_report_html(report);
  EXPECT_THAT(html, HasSubstr("Int8 model: right answers by group"));
  EXPECT_THAT(html, HasSubstr("Int8 model: right answers by language"));
  EXPECT_THAT(html, HasSubstr("Served worse than all together"));
  EXPECT_THAT(html, HasSubstr("language <strong>ar</strong>"));
  EXPECT_THAT(html, HasSubstr("The 20 worst of 30 are shown"));
}

}  // namespace
}  // namespace tadpole::evaluate
