// Anomaly scores as the report shows them.
#include "evaluate/anomaly.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluate/report.h"

namespace tadpole::evaluate {
namespace {

using testing::HasSubstr;

const std::vector<float> kScores = {1, 2, 3, 4, 8};
const std::vector<uint8_t> kAnomalies = {0, 0, 1, 0, 1};

TEST(AnomalyResult, counts_alarms_at_the_threshold_and_fills_the_histogram) {
  const auto result = evaluate_anomaly(kScores, kAnomalies, 3.5f);
  ASSERT_TRUE(result.ok());
  EXPECT_DOUBLE_EQ(*result->ranking.auc, 5.0 / 6);
  EXPECT_EQ(result->alarms.hits, 1);
  EXPECT_EQ(result->alarms.false_alarms, 1);
  EXPECT_EQ(result->bins[0][5], 1) << "1 of 8 is in the sixth of forty steps";
  EXPECT_EQ(result->bins[1][39], 1) << "the largest score is in the last";
  const nlohmann::json json = to_json(*result);
  EXPECT_EQ(json["anomalies"], 2);
  EXPECT_EQ(json["roc"].back(), nlohmann::json({1.0, 1.0}));
}

TEST(AnomalyResult, has_no_curves_without_anomalies) {
  const nlohmann::json json = to_json(*evaluate_anomaly(kScores, std::vector<uint8_t>(5, 0), 3.5f));
  EXPECT_TRUE(json["auc"].is_null());
  EXPECT_FALSE(json.contains("roc"));
  EXPECT_EQ(json["false_alarms"], 2);
}

TEST(AnomalyReport, shows_curves_scores_and_the_threshold) {
  nlohmann::json report = {{"format", 1}};
  report["evaluation"]["int8"] = to_json(*evaluate_anomaly(kScores, kAnomalies, 3.5f));
  const std::string html = render_report_html(report);
  EXPECT_THAT(html, HasSubstr("Does it notice what is strange?"));
  EXPECT_THAT(html, HasSubstr("Noticing against false alarms"));
  EXPECT_THAT(html, HasSubstr("Scores of normal samples and of anomalies"));
}

}  // namespace
}  // namespace tadpole::evaluate
