// Errors of predicted numbers against sums by hand.
#include "metrics/regression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace tadpole::metrics {
namespace {

TEST(Regression, gives_the_errors_that_a_person_works_out) {
  const auto score = score_regression(std::vector<float>{1, 2, 3, 6}, std::vector<float>{2, 2, 2, 8});
  ASSERT_TRUE(score.ok());
  EXPECT_EQ(score->count, 4);
  EXPECT_DOUBLE_EQ(score->mean_absolute_error, 1.0);
  EXPECT_DOUBLE_EQ(score->root_mean_square_error, std::sqrt(1.5));
  EXPECT_DOUBLE_EQ(score->largest_error, 2.0);
  EXPECT_DOUBLE_EQ(score->bias, 0.5);
  EXPECT_DOUBLE_EQ(*score->r_squared, 1 - 6.0 / 14.0);
}

TEST(Regression, has_no_r_squared_where_the_truth_never_changes) {
  EXPECT_FALSE(score_regression(std::vector<float>{5, 5}, std::vector<float>{4, 6})->r_squared);
  EXPECT_EQ(score_regression({}, {})->count, 0);
}

TEST(Regression, refuses_numbers_that_are_not_finite_and_lists_of_unequal_length) {
  const std::vector<float> two = {1, 2}, three = {1, 2, 3};
  EXPECT_EQ(score_regression(two, three).error().code, Code::evaluate_bad_scores);
  const std::vector<float> broken = {1, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_THAT(score_regression(two, broken).error().detail, testing::HasSubstr("sample 1"));
}

}  // namespace
}  // namespace tadpole::metrics
