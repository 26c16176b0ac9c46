// Thresholds and the ROC curve against values worked out by hand.
#include "unsupervised/threshold.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "metrics/roc.h"

namespace tadpole::unsupervised {
namespace {

TEST(Threshold, percentiles_lie_between_neighbours_in_proportion) {
  const std::vector<double> scores = {4, 1, 3, 2};
  EXPECT_DOUBLE_EQ(*percentile_threshold(scores, 0), 1);
  EXPECT_DOUBLE_EQ(*percentile_threshold(scores, 50), 2.5);
  EXPECT_DOUBLE_EQ(*percentile_threshold(scores, 90), 3.7);
  EXPECT_DOUBLE_EQ(*percentile_threshold(scores, 100), 4);
  EXPECT_EQ(percentile_threshold({}, 50).error().code, Code::points_unusable);
  EXPECT_EQ(percentile_threshold(scores, 101).error().code, Code::unsupervised_bad_setting);
}

TEST(Threshold, mean_and_deviations_divide_by_the_count) {
  const std::vector<double> scores = {2, 4, 4, 4, 5, 5, 7, 9};  // mean 5, deviation 2
  EXPECT_DOUBLE_EQ(*deviation_threshold(scores, 3), 11);
  const std::vector<double> bad = {1, NAN};
  EXPECT_EQ(deviation_threshold(bad, 1).error().code, Code::points_unusable);
}

TEST(Threshold, labelled_ones_are_best_by_trying_every_border) {
  Rng rng(3);
  std::vector<double> usual, anomalies;
  for (int i = 0; i < 60; ++i) usual.push_back(std::round(static_cast<double>(rng.normal()) * 4));
  for (int i = 0; i < 40; ++i) anomalies.push_back(std::round(static_cast<double>(rng.normal()) * 4 + 5));
  const auto share_above = [](const std::vector<double>& scores, double border) {
    double above = 0;
    for (const double score : scores) above += score > border;
    return above / static_cast<double>(scores.size());
  };
  for (const double most : {0.0, 0.05, 1.0}) {
    const auto chosen = labelled_threshold(usual, anomalies, most);
    ASSERT_TRUE(chosen.ok());
    EXPECT_DOUBLE_EQ(share_above(usual, chosen->threshold), chosen->false_positive_rate);
    EXPECT_DOUBLE_EQ(share_above(anomalies, chosen->threshold), chosen->true_positive_rate);
    EXPECT_LE(chosen->false_positive_rate, most);
    for (double border = -30; border < 30; border += 0.5) {
      if (share_above(usual, border) > most) continue;
      EXPECT_LE(share_above(anomalies, border) - share_above(usual, border),
                chosen->true_positive_rate - chosen->false_positive_rate + 1e-12);
    }
  }
}

TEST(Roc, area_is_the_share_of_pairs_won_with_ties_counting_half) {
  Rng rng(4);
  std::vector<double> low, high;
  for (int i = 0; i < 50; ++i) low.push_back(rng.below(10));
  for (int i = 0; i < 30; ++i) high.push_back(2 + rng.below(10));
  double won = 0;
  for (const double a : low) {
    for (const double b : high) won += b > a ? 1 : b == a ? 0.5 : 0;
  }
  EXPECT_DOUBLE_EQ(*metrics::roc_area(low, high), won / (50 * 30));
  const auto curve = metrics::roc_curve(low, high);
  EXPECT_EQ(curve->front().true_positive_rate, 0);
  EXPECT_EQ(curve->back().false_positive_rate, 1);
  double area = 0;  // of the trapezia under the curve
  for (size_t i = 1; i < curve->size(); ++i) {
    area += ((*curve)[i].false_positive_rate - (*curve)[i - 1].false_positive_rate) *
            ((*curve)[i].true_positive_rate + (*curve)[i - 1].true_positive_rate) / 2;
  }
  EXPECT_NEAR(area, won / 1500, 1e-12);
  EXPECT_EQ(metrics::roc_area({}, high).error().code, Code::evaluate_bad_scores);
}

TEST(Reconstruction, errors_are_mean_squares_of_rows) {
  const std::vector<float> a = {1, 2, 3, 4}, b = {1, 4, 0, 0};
  EXPECT_EQ(*reconstruction_errors(a, b, 2), (std::vector<double>{2, 12.5}));
  EXPECT_EQ(reconstruction_errors(a, b, 3).error().code, Code::points_unusable);
  EXPECT_EQ(reconstruction_errors(a, {b.data(), 2}, 2).error().code, Code::points_unusable);
}

}  // namespace
}  // namespace tadpole::unsupervised
