// Eigenvectors, principal components, t-SNE and the scatter picture.
#include <gtest/gtest.h>

#include <cmath>

#include "clouds.h"
#include "unsupervised/neighbours.h"
#include "unsupervised/pca.h"
#include "unsupervised/scatter.h"
#include "unsupervised/symmetric_eigen.h"
#include "unsupervised/t_sne.h"

namespace tadpole::unsupervised {
namespace {

TEST(SymmetricEigen, values_of_the_second_difference_matrix_are_the_closed_form) {
  const int n = 30;
  std::vector<double> matrix(n * n, 0);
  for (int i = 0; i < n; ++i) {
    matrix[static_cast<size_t>(i * n + i)] = 2;
    if (i > 0) matrix[static_cast<size_t>(i * n + i - 1)] = -1;
  }
  const EigenPairs found = symmetric_eigen(matrix, n);
  for (int k = 0; k < n; ++k) {
    const double expected = 2 - 2 * std::cos((n - k) * 3.141592653589793 / (n + 1));
    EXPECT_NEAR(found.values[static_cast<size_t>(k)], expected, 1e-13);
  }
}

TEST(SymmetricEigen, vectors_are_orthonormal_and_give_the_matrix_back) {
  Rng rng(5);
  for (const int n : {1, 2, 3, 17, 60}) {
    const size_t size = static_cast<size_t>(n);
    std::vector<double> matrix(size * size);
    for (size_t row = 0; row < size; ++row) {
      for (size_t column = 0; column <= row; ++column) {
        // Rank at most 5 beside the diagonal of every third axis: eigenvalues that are equal, and zeros.
        const double value = column % 3 == 0 ? static_cast<double>(rng.normal()) : 0;
        matrix[row * size + column] = matrix[column * size + row] = value;
      }
    }
    const EigenPairs found = symmetric_eigen(matrix, n);
    for (size_t a = 0; a < size; ++a) {
      EXPECT_GE(found.values[a == 0 ? 0 : a - 1], found.values[a]);
      for (size_t b = 0; b < size; ++b) {
        double inner = 0, entry = 0;
        for (size_t k = 0; k < size; ++k) {
          inner += found.vectors[a * size + k] * found.vectors[b * size + k];
          entry += found.values[k] * found.vectors[k * size + a] * found.vectors[k * size + b];
        }
        EXPECT_NEAR(inner, a == b, 1e-12);                // a few roundings a rotation
        EXPECT_NEAR(entry, matrix[a * size + b], 1e-11);  // the same, times values up to about 15
      }
    }
  }
}

TEST(Pca, finds_the_line_that_points_lie_on) {
  std::vector<float> values;
  for (int i = -5; i <= 5; ++i) {
    for (const float slope : {3.0f, -4.0f, 0.0f}) values.push_back(1 + slope * static_cast<float>(i));
  }
  Workers workers(1);
  const auto pca = fit_pca({values, 11, 3}, 2, workers);
  ASSERT_TRUE(pca.ok());
  // The direction (3, -4, 0) / 5, turned so that its largest number is positive; variance 25 * 10.
  EXPECT_NEAR(pca->components[0], -0.6, 1e-6);
  EXPECT_NEAR(pca->components[1], 0.8, 1e-6);
  EXPECT_NEAR(pca->variance[0], 250, 1e-4);
  EXPECT_NEAR(pca->share(0), 1, 1e-9);
  EXPECT_NEAR(pca->project(std::span(values).first(3))[0], 25, 1e-5);
}

TEST(Pca, is_the_same_from_the_covariance_and_from_products_of_points) {
  const Cloud wide = clouds({{0, 1, 2, 3, 4, 5, 6, 7}, {9, 1, 4, 3, 4, 5, 6, 7}}, 3, 1, 19);  // 6 of 8
  Cloud tall = wide;  // every point twice: the same means and variances, by the other way
  tall.values.insert(tall.values.end(), wide.values.begin(), wide.values.end());
  Workers one(1), three(3);
  const auto by_points = fit_pca(wide.points(), 3, one), by_axes = fit_pca(tall.points(), 3, three);
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(by_points->variance[i], by_axes->variance[i], 1e-6);
  for (size_t i = 0; i < 24; ++i) EXPECT_NEAR(by_points->components[i], by_axes->components[i], 1e-5);
  EXPECT_EQ(fit_pca(tall.points(), 3, one)->components, by_axes->components);
  EXPECT_EQ(fit_pca(wide.points(), 0, one).error().code, Code::unsupervised_bad_setting);
}

TEST(Tsne, keeps_clouds_apart_and_gives_the_same_bits_on_any_number_of_threads) {
  std::vector<std::vector<float>> centres(4, std::vector<float>(10, 0));
  for (size_t i = 0; i < 4; ++i) centres[i][i] = 12;
  const Cloud cloud = clouds(centres, 25, 1, 23);
  Workers one(1), three(3);
  Silent silent;
  const TsneOptions options{.perplexity = 10, .iterations = 300};
  const auto first = t_sne(cloud.points(), options, one, silent);
  const auto again = t_sne(cloud.points(), options, three, silent);
  ASSERT_TRUE(first.ok()) << first.error().message();
  EXPECT_EQ(first->positions, again->positions);
  EXPECT_EQ(first->divergence, again->divergence);
  const auto plane = Neighbours::make({first->positions, 100, 2});
  int same = 0;
  for (int i = 0; i < 100; ++i) {
    const auto near = plane->nearest(Points{first->positions, 100, 2}.row(i), 2);
    same += cloud.labels[static_cast<size_t>(near[1].index)] == cloud.labels[static_cast<size_t>(i)];
  }
  EXPECT_EQ(same, 100);  // clouds 12 deviations apart
  EXPECT_LT(first->divergence, 0.5);
  EXPECT_GT(first->divergence, 0);
}

TEST(Tsne, lowers_the_divergence_with_more_iterations_and_takes_equal_points) {
  const Cloud cloud = clouds({{0, 0, 0, 0}}, 60, 1, 29);
  Workers workers(2);
  Silent silent;
  const auto early = t_sne(cloud.points(), {.iterations = 60}, workers, silent);
  const auto late = t_sne(cloud.points(), {.iterations = 600}, workers, silent);
  EXPECT_LT(late->divergence, early->divergence);
  EXPECT_NEAR(late->perplexity, 59 / 3.0, 1e-9);
  const std::vector<float> same(40, 1.0f);
  const auto equal = t_sne({same, 20, 2}, {.iterations = 50}, workers, silent);
  ASSERT_TRUE(equal.ok());
  for (const float value : equal->positions) EXPECT_TRUE(std::isfinite(value));
}

class Stop final : public Progress {
 public:
  void report(std::string_view, long, long, std::string_view) override {}
  void say(std::string_view) override {}
  bool cancelled() const override { return true; }
};

TEST(Tsne, refuses_too_many_or_too_few_points_and_stops_when_asked) {
  Workers workers(1);
  Silent silent;
  Stop stop;
  const std::vector<float> values(6000, 1.0f);
  EXPECT_EQ(t_sne({values, 6000, 1}, {}, workers, silent).error().code, Code::points_unusable);
  EXPECT_EQ(t_sne({std::span(values).first(3), 3, 1}, {}, workers, silent).error().code,
            Code::points_unusable);
  EXPECT_EQ(t_sne({std::span(values).first(9), 9, 1}, {.perplexity = 0}, workers, silent).error().code,
            Code::unsupervised_bad_setting);
  EXPECT_EQ(t_sne({std::span(values).first(9), 9, 1}, {}, workers, stop).error().code, Code::cancelled);
}

TEST(Scatter, draws_every_point_names_every_class_and_escapes_what_it_is_given) {
  const ScatterPicture picture{.title = "a < b & \"c\"",
                               .positions = {0, 0, 1, 1, 2, 0},
                               .labels = {0, 1, -1},
                               .classes = {"yes", "<no>"},
                               .names = {"1.wav", "2.wav", "3.wav"}};
  const auto svg = draw_scatter(picture);
  ASSERT_TRUE(svg.ok());
  const auto count = [&](const std::string& what) {
    size_t found = 0;
    for (size_t at = svg->find(what); at != std::string::npos; at = svg->find(what, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count("<path"), 5u);  // three points and two classes in the legend
  EXPECT_EQ(count("<title>"), 3u);
  EXPECT_EQ(count("<no>"), 0u);
  EXPECT_EQ(count("&lt;no&gt; (1)"), 2u);  // the legend, and the words for those who do not see it
  EXPECT_EQ(count("a &lt; b &amp; &quot;c&quot;"), 2u);
}

TEST(Scatter, refuses_sizes_that_do_not_fit_and_positions_that_are_not_finite) {
  EXPECT_EQ(draw_scatter({.positions = {1}}).error().code, Code::points_unusable);
  EXPECT_EQ(draw_scatter({.positions = {1, NAN}}).error().code, Code::points_unusable);
  EXPECT_EQ(draw_scatter({.positions = {1, 2}, .labels = {0}}).error().code, Code::points_unusable);
  EXPECT_TRUE(draw_scatter({.positions = {1, 1, 1, 1}}).ok());
}

}  // namespace
}  // namespace tadpole::unsupervised
