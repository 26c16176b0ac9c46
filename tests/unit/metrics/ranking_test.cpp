// ROC and precision-recall against counting every pair.
#include "metrics/ranking.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/rng.h"

namespace tadpole::metrics {
namespace {

TEST(Ranking, area_under_the_curve_equals_counting_every_pair_with_ties_as_halves) {
  Rng rng(5);
  for (int round = 0; round < 30; ++round) {
    std::vector<float> scores(2 + rng.below(40));
    std::vector<uint8_t> wanted(scores.size());
    for (size_t i = 0; i < scores.size(); ++i) {
      scores[i] = static_cast<float>(rng.below(8));  // many ties
      wanted[i] = i == 0 ? 1 : i == 1 ? 0 : static_cast<uint8_t>(rng.below(2));
    }
    double pairs = 0, won = 0;
    for (size_t a = 0; a < scores.size(); ++a) {
      for (size_t b = 0; b < scores.size(); ++b) {
        if (wanted[a] == 0 || wanted[b] != 0) continue;
        pairs += 1;
        won += scores[a] > scores[b] ? 1 : scores[a] == scores[b] ? 0.5 : 0;
      }
    }
    EXPECT_NEAR(*rank_scores(scores, wanted)->auc, won / pairs, 1e-12);
  }
}

TEST(Ranking, average_precision_follows_its_definition) {
  // From the top: hit (1/1), false alarm, hit (2/3), false alarm.
  const auto ranking =
      rank_scores(std::vector<float>{0.9f, 0.8f, 0.7f, 0.1f}, std::vector<uint8_t>{1, 0, 1, 0});
  EXPECT_DOUBLE_EQ(*ranking->average_precision, 0.5 * 1 + 0.5 * 2 / 3);
  ASSERT_EQ(ranking->points.size(), 4u);
  EXPECT_EQ(ranking->points.back().alarms.misses, 0);
  EXPECT_EQ(ranking->points.back().alarms.quiet, 0);
}

TEST(Ranking, knows_no_area_without_both_kinds) {
  EXPECT_FALSE(rank_scores(std::vector<float>{1, 2}, std::vector<uint8_t>{0, 0})->auc);
  EXPECT_FALSE(rank_scores(std::vector<float>{1, 2}, std::vector<uint8_t>{1, 1})->auc);
}

TEST(Ranking, refuses_scores_that_are_not_numbers) {
  const std::vector<float> scores = {1, std::numeric_limits<float>::infinity()};
  EXPECT_EQ(rank_scores(scores, std::vector<uint8_t>{0, 1}).error().code, Code::evaluate_bad_scores);
}

TEST(Alarms, come_from_scores_above_the_threshold_only) {
  const Alarms alarms = count_alarms(std::vector<float>{1, 2, 3, 4}, std::vector<uint8_t>{0, 1, 0, 1}, 2.0f);
  EXPECT_EQ(alarms.hits, 1);
  EXPECT_EQ(alarms.misses, 1);
  EXPECT_EQ(alarms.false_alarms, 1);
  EXPECT_EQ(alarms.quiet, 1);
  EXPECT_DOUBLE_EQ(*alarms.f1(), 0.5);
}

TEST(Quantile, lies_between_neighbours_in_proportion) {
  const std::vector<float> values = {4, 1, 3, 2};
  EXPECT_FLOAT_EQ(quantile(values, 0), 1);
  EXPECT_FLOAT_EQ(quantile(values, 1), 4);
  EXPECT_FLOAT_EQ(quantile(values, 0.5), 2.5f);
  EXPECT_FLOAT_EQ(quantile(std::vector<float>{7}, 0.99), 7);
}

}  // namespace
}  // namespace tadpole::metrics
