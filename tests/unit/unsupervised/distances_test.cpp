// k-means, neighbours, the Gaussian and the isolation forest against closed forms and known properties.
#include <gtest/gtest.h>

#include <cmath>

#include "clouds.h"
#include "unsupervised/gaussian.h"
#include "unsupervised/isolation_forest.h"
#include "unsupervised/k_means.h"
#include "unsupervised/neighbours.h"

namespace tadpole::unsupervised {
namespace {

TEST(Standardiser, gives_mean_0_and_deviation_1_and_leaves_constants_alone) {
  const std::vector<float> values = {1, 5, 3, 5, 5, 5, 7, 5};
  const auto fitted = fit_standardiser({values, 4, 2});
  ASSERT_TRUE(fitted.ok());
  EXPECT_FLOAT_EQ(fitted->mean[0], 4);
  EXPECT_FLOAT_EQ(fitted->deviation[0], std::sqrt(5.0f));
  EXPECT_EQ(fitted->deviation[1], 1);
  EXPECT_EQ(fitted->apply(Points{values, 4, 2})[1], 0);
}

TEST(Points, are_refused_when_they_are_not_finite_too_few_or_of_the_wrong_size) {
  std::vector<float> values = {1, 2, NAN, 4};
  EXPECT_NE(check_points({values, 2, 2}, 1).error().detail.find("point 1, value 0"), std::string::npos);
  values[2] = 3;
  EXPECT_EQ(check_points({values, 2, 2}, 3).error().code, Code::points_unusable);
  EXPECT_EQ(check_points({values, 3, 2}, 1).error().code, Code::points_unusable);
  EXPECT_TRUE(check_points({values, 2, 2}, 2).ok());
}

TEST(KMeans, finds_clouds_that_lie_apart_and_its_inertia_is_the_sum_of_squares) {
  const Cloud cloud = clouds({{0, 0}, {10, 0}, {0, 10}, {10, 10}}, 50, 0.5f, 3);
  Workers workers(1);
  Silent silent;
  const auto found = k_means(cloud.points(), {.centres = 4}, workers, silent);
  ASSERT_TRUE(found.ok()) << found.error().message();
  double inertia = 0;
  for (int i = 0; i < 200; ++i) {
    const size_t at = static_cast<size_t>(i);
    // Points of one cloud share a centre; those of different clouds do not.
    EXPECT_EQ(found->assignment[at], found->assignment[at % 4]);
    EXPECT_EQ(found->assignment[at], found->nearest(cloud.points().row(i)));
    inertia += std::pow(found->distance(cloud.points().row(i)), 2);
  }
  EXPECT_NE(found->assignment[0], found->assignment[1]);
  EXPECT_NEAR(found->inertia, inertia, 1e-9 * inertia);  // the same sum in another order
  // Centres are means: the inertia of a cloud of n points around its mean is (n - 1) deviation^2 an axis on
  // average, here 4 * 2 * 49 * 0.25 = 98; its spread is 98 * sqrt(2 / 392) = 7.
  EXPECT_NEAR(found->inertia, 98, 4 * 7);
}

TEST(KMeans, more_iterations_never_raise_the_inertia) {
  const Cloud cloud = clouds({{0, 0, 0}}, 300, 1, 5);
  Workers workers(1);
  Silent silent;
  double before = INFINITY;
  for (const int iterations : {1, 2, 4, 8, 16, 100}) {
    const auto found = k_means(
        cloud.points(), {.centres = 7, .iterations = iterations, .starts = 1, .seed = 9}, workers, silent);
    EXPECT_LE(found->inertia, before * (1 + 1e-6));  // centres are rounded to float
    before = found->inertia;
  }
}

TEST(KMeans, gives_the_same_bits_on_any_number_of_threads_and_others_for_another_seed) {
  const Cloud cloud = clouds({{0, 0}, {2, 1}}, 150, 1, 7);
  Silent silent;
  Workers one(1), three(3);
  const auto first = k_means(cloud.points(), {.centres = 5}, one, silent);
  const auto again = k_means(cloud.points(), {.centres = 5}, three, silent);
  const auto other = k_means(cloud.points(), {.centres = 5, .starts = 1, .seed = 2}, one, silent);
  EXPECT_EQ(first->centres, again->centres);
  EXPECT_EQ(first->inertia, again->inertia);
  EXPECT_NE(first->centres, other->centres);
}

TEST(KMeans, equal_points_and_as_many_centres_as_points_work) {
  Workers workers(1);
  Silent silent;
  const std::vector<float> same(10, 2.0f), different = {1, 2, 3, 4};
  const auto equal = k_means({same, 10, 1}, {.centres = 3}, workers, silent);
  ASSERT_TRUE(equal.ok());
  EXPECT_EQ(equal->inertia, 0);
  EXPECT_EQ(k_means({different, 4, 1}, {.centres = 4}, workers, silent)->inertia, 0);
  EXPECT_EQ(k_means({different, 4, 1}, {.centres = 5}, workers, silent).error().code, Code::points_unusable);
  EXPECT_EQ(k_means({different, 4, 1}, {.centres = 0}, workers, silent).error().code,
            Code::unsupervised_bad_setting);
}

TEST(Neighbours, equal_a_search_by_hand_and_ties_go_to_the_lower_index) {
  const std::vector<float> values = {0, 3, 1, 1, 10};
  const auto made = Neighbours::make({values, 5, 1});
  const float point = 1.5f;
  const auto three = made->nearest({&point, 1}, 3);
  ASSERT_EQ(three.size(), 3u);
  EXPECT_EQ(three[0].index, 2);
  EXPECT_EQ(three[1].index, 3);
  EXPECT_EQ(three[2].index, 0);  // 1.5 away, as is point 1
  EXPECT_DOUBLE_EQ(made->distance({&point, 1}, 3), (0.5 + 0.5 + 1.5) / 3);
  EXPECT_EQ(made->nearest({&point, 1}, 99).size(), 5u);
  Workers workers(2);
  EXPECT_EQ(made->own_distances(1, workers), (std::vector<double>{1, 2, 0, 0, 7}));
}

TEST(Neighbours, classify_by_most_votes_and_by_the_nearest_when_votes_are_equal) {
  const std::vector<float> values = {0, 1, 2, 10, 11};
  const std::vector<int> labels = {7, 4, 4, 7, 7};
  const auto made = Neighbours::make({values, 5, 1});
  const float near = 0.2f, far = 9;
  EXPECT_EQ(made->classify({&near, 1}, 1, labels), 7);
  EXPECT_EQ(made->classify({&near, 1}, 3, labels), 4);
  EXPECT_EQ(made->classify({&near, 1}, 2, labels), 7);  // one vote each
  EXPECT_EQ(made->classify({&far, 1}, 3, labels), 7);
}

TEST(Gaussian, of_a_plain_covariance_equals_the_closed_form) {
  // Mean (1, 2), covariance [[4, 2], [2, 3]] exactly, from four points.
  const double a = 2 * std::sqrt(2.0), b = std::sqrt(2.0), c = 2;
  std::vector<float> values;
  for (const double sign : {1.0, -1.0}) {
    for (const auto& [x, y] : {std::pair{a, b}, std::pair{0.0, c}}) {
      values.push_back(static_cast<float>(1 + sign * x));
      values.push_back(static_cast<float>(2 + sign * y));
    }
  }
  const auto fitted = fit_gaussian({values, 4, 2}, {.shrinkage = 0});
  ASSERT_TRUE(fitted.ok()) << fitted.error().message();
  const double kFloat = 1e-6;  // the points are floats
  EXPECT_NEAR(fitted->covariance[0], 4, 4 * kFloat);
  EXPECT_NEAR(fitted->covariance[1], 2, 4 * kFloat);
  EXPECT_NEAR(fitted->covariance[3], 3, 4 * kFloat);
  EXPECT_NEAR(fitted->log_determinant, std::log(8.0), 4 * kFloat);
  // The inverse is [[3, -2], [-2, 4]] / 8: for (1, 1) beyond the mean (3 - 4 + 4) / 8.
  const std::vector<float> point = {2, 3};
  EXPECT_NEAR(fitted->distance(point), std::sqrt(3.0 / 8), 4 * kFloat);
  EXPECT_NEAR(fitted->log_density(point),
              -0.5 * (3.0 / 8 + std::log(8.0) + 2 * std::log(2 * 3.141592653589793)), 8 * kFloat);
}

TEST(Gaussian, mean_squared_distance_of_its_own_points_is_the_number_of_axes) {
  const Cloud cloud = clouds({{0, 5, -3}, {1, 5, 0}}, 100, 2, 11);
  const auto fitted = fit_gaussian(cloud.points(), {.shrinkage = 0});
  double sum = 0;
  for (int i = 0; i < 200; ++i) sum += std::pow(fitted->distance(cloud.points().row(i)), 2);
  EXPECT_NEAR(sum / 200, 3, 1e-9);  // the trace of covariance^-1 * covariance
}

TEST(Gaussian, refuses_axes_that_never_vary_by_themselves_and_shrinkage_mends_it) {
  const std::vector<float> values = {1, 2, 3, 6, 5, 10};
  const auto refused = fit_gaussian({values, 3, 2}, {.shrinkage = 0});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().detail.find("value 1 of the 3 points"), std::string::npos);
  EXPECT_TRUE(fit_gaussian({values, 3, 2}, {.shrinkage = 0.1}).ok());
  EXPECT_EQ(fit_gaussian({values, 3, 2}, {.shrinkage = 1.5}).error().code, Code::unsupervised_bad_setting);
  const std::vector<float> constant(6, 1.0f);
  EXPECT_FALSE(fit_gaussian({constant, 3, 2}).ok());
}

TEST(Gaussian, chosen_shrinkage_falls_as_points_grow_and_is_full_for_round_clouds) {
  // Axes of deviation 1, 3 and 9 are far from a multiple of the identity: little shrinkage is right.
  const auto stretched = [](int count) {
    Cloud cloud = clouds({{0, 0, 0}}, count, 1, 13);
    for (size_t i = 0; i < cloud.values.size(); ++i)
      cloud.values[i] *= i % 3 == 0 ? 1.f : i % 3 == 1 ? 3.f : 9.f;
    return fit_gaussian(cloud.points())->shrinkage;
  };
  EXPECT_LT(stretched(1000), stretched(20));
  EXPECT_LT(stretched(1000), 0.02);
  EXPECT_GT(fit_gaussian(clouds({{0, 0, 0}}, 50, 1, 13).points())->shrinkage, 0.3);
}

TEST(IsolationForest, expected_depth_is_that_of_the_paper) {
  EXPECT_EQ(expected_depth(1), 0);
  EXPECT_EQ(expected_depth(2), 1);
  EXPECT_NEAR(expected_depth(3), 2 * 1.5 - 4.0 / 3, 1e-12);
  // 2 (ln 255 + 0.5772156649) - 2 * 255 / 256: the paper's approximation of the harmonic number, which is
  // short by about 1 / 255.
  EXPECT_NEAR(expected_depth(256), 10.244, 0.005);
}

TEST(IsolationForest, ranks_a_far_point_above_all_others_and_gives_the_same_bits_on_threads) {
  Cloud cloud = clouds({{0, 0}}, 300, 1, 17);
  Silent silent;
  Workers one(1), three(3);
  const auto forest = fit_forest(cloud.points(), {}, one, silent);
  const auto again = fit_forest(cloud.points(), {}, three, silent);
  ASSERT_TRUE(forest.ok());
  const std::vector<float> far = {9, -9}, middle = {0, 0};
  EXPECT_GT(forest->score(far), 0.7);
  EXPECT_LT(forest->score(middle), 0.5);
  EXPECT_EQ(forest->score(far), again->score(far));
  EXPECT_EQ(forest->score(middle), again->score(middle));
  for (int i = 0; i < 300; ++i) EXPECT_LT(forest->score(cloud.points().row(i)), forest->score(far));
}

TEST(IsolationForest, equal_points_all_score_one_half) {
  const std::vector<float> same(20, 3.0f);
  Silent silent;
  Workers workers(1);
  const auto forest = fit_forest({same, 10, 2}, {.trees = 5}, workers, silent);
  // Nothing can be cut: the leaf at depth 0 holds all, and its expected depth is the unit.
  EXPECT_DOUBLE_EQ(forest->score({same.data(), 2}), 0.5);
  EXPECT_EQ(fit_forest({same, 10, 2}, {.trees = 0}, workers, silent).error().code,
            Code::unsupervised_bad_setting);
}

}  // namespace
}  // namespace tadpole::unsupervised
