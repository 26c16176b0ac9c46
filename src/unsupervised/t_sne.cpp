// Affinities by a bell curve of fitting width around each point, then gradient descent on the plane.
#include "unsupervised/t_sne.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "base/rng.h"
#include "unsupervised/pca.h"

namespace tadpole::unsupervised {

namespace {

constexpr float kStartDeviation = 1e-4f;

/// Affinities of one point to the others: exp(-precision * squared distance), with the precision at which
/// their entropy is log(perplexity). `row` holds squared distances and is overwritten; own index: 0.
void fit_row(std::span<float> row, size_t self, double perplexity) {
  const double wanted = std::log(perplexity);
  double nearest = INFINITY, mean = 0;
  for (size_t j = 0; j < row.size(); ++j) {
    if (j == self) continue;
    nearest = std::min(nearest, static_cast<double>(row[j]));
    mean += static_cast<double>(row[j]) / static_cast<double>(row.size() - 1);
  }
  double low = 0, high = INFINITY, precision = mean > nearest ? 1 / (mean - nearest) : 1, total = 1;
  std::vector<double> weight(row.size(), 0);
  for (int step = 0; step < 100; ++step) {
    total = 0;
    double moment = 0;
    for (size_t j = 0; j < row.size(); ++j) {
      const double further = static_cast<double>(row[j]) - nearest;
      weight[j] = j == self ? 0 : std::exp(-precision * further);
      total += weight[j];
      moment += weight[j] * further;
    }
    const double entropy = std::log(total) + precision * moment / total;
    if (std::fabs(entropy - wanted) < 1e-5) break;
    (entropy > wanted ? low : high) = precision;
    precision = std::isinf(high) ? precision * 2 : (low + high) / 2;
  }
  for (size_t j = 0; j < row.size(); ++j) row[j] = static_cast<float>(weight[j] / total);
}

class Tsne {
 public:
  Tsne(const Points& points, double perplexity, Workers& workers)
      : count_(static_cast<size_t>(points.count)), workers_(workers), affinity_(count_ * count_) {
    each_point([&](size_t i) {
      for (size_t j = 0; j < count_; ++j) {
        affinity_[i * count_ + j] = static_cast<float>(
            squared_distance(points.row(static_cast<int>(i)), points.row(static_cast<int>(j))));
      }
      fit_row(std::span(affinity_).subspan(i * count_, count_), i, perplexity);
    });
    const float all = 2 * static_cast<float>(count_);
    for (size_t i = 0; i < count_; ++i) {
      for (size_t j = 0; j < i; ++j) {
        const float both = (affinity_[i * count_ + j] + affinity_[j * count_ + i]) / all;
        affinity_[i * count_ + j] = affinity_[j * count_ + i] = both;
      }
    }
  }

  /// From the first two principal components, and a little noise so that equal points can part.
  void place(std::span<const float> start, int axes, Rng rng) {
    double squares = 0;
    for (size_t i = 0; i < count_; ++i)
      squares += std::pow(static_cast<double>(start[i * static_cast<size_t>(axes)]), 2);
    const double deviation = std::sqrt(squares / static_cast<double>(count_));
    const float scale = deviation > 0 ? kStartDeviation / static_cast<float>(deviation) : 0;
    at_.assign(2 * count_, 0);
    for (size_t i = 0; i < count_; ++i) {
      for (size_t axis = 0; axis < 2; ++axis) {
        const bool there = axis < static_cast<size_t>(axes);
        at_[2 * i + axis] = (there ? scale * start[i * static_cast<size_t>(axes) + axis] : 0) +
                            0.01f * kStartDeviation * rng.normal();
      }
    }
    velocity_.assign(2 * count_, 0);
    gain_.assign(2 * count_, 1);
    attraction_.assign(2 * count_, 0);
    repulsion_.assign(2 * count_, 0);
  }

  void step(float exaggeration, float learning_rate, float momentum) {
    const double total = forces();
    for (size_t i = 0; i < at_.size(); ++i) {
      const float gradient = 4 * (exaggeration * attraction_[i] - repulsion_[i] / static_cast<float>(total));
      // A coordinate that keeps its direction goes faster, one that turns back goes slower (Jacobs 1988).
      const bool turns = (gradient > 0) == (velocity_[i] > 0);
      gain_[i] = turns ? std::max(0.01f, gain_[i] * 0.8f) : gain_[i] + 0.2f;
      velocity_[i] = momentum * velocity_[i] - learning_rate * gain_[i] * gradient;
      at_[i] += velocity_[i];
    }
    std::array<double, 2> centre{};
    for (size_t i = 0; i < at_.size(); ++i) centre[i % 2] += static_cast<double>(at_[i]);
    for (size_t i = 0; i < at_.size(); ++i)
      at_[i] -= static_cast<float>(centre[i % 2] / static_cast<double>(count_));
  }

  /// sum p log(p / q).
  double divergence() {
    const double total = forces();
    std::vector<double> of_point(count_, 0);
    each_point([&](size_t i) {
      for (size_t j = 0; j < count_; ++j) {
        const double p = static_cast<double>(affinity_[i * count_ + j]);
        if (i == j || p <= 0) continue;
        of_point[i] += p * std::log(p / (static_cast<double>(closeness(i, j)) / total));
      }
    });
    double sum = 0;
    for (const double value : of_point) sum += value;
    return sum;
  }

  std::vector<float> positions() && { return std::move(at_); }

 private:
  template <class Body>
  void each_point(const Body& body) {
    for_stretches(workers_, static_cast<int>(count_), [&](int, int begin, int end) {
      for (size_t i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) body(i);
    });
  }

  /// Student's t with one degree of freedom, not normalised.
  float closeness(size_t i, size_t j) const {
    const float dx = at_[2 * i] - at_[2 * j], dy = at_[2 * i + 1] - at_[2 * j + 1];
    return 1 / (1 + dx * dx + dy * dy);
  }

  /// Fills attraction_ and repulsion_; returns the sum of all closenesses.
  double forces() {
    std::array<double, kStretches> totals{};
    for_stretches(workers_, static_cast<int>(count_), [&](int stretch, int begin, int end) {
      for (size_t i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
        totals[static_cast<size_t>(stretch)] += forces_on(i);
    });
    double total = 0;
    for (const double part : totals) total += part;
    return total;
  }

  double forces_on(size_t i) {
    const float* p = &affinity_[i * count_];
    const float x = at_[2 * i], y = at_[2 * i + 1];
    float pull_x = 0, pull_y = 0, push_x = 0, push_y = 0, sum = 0;
    for (size_t j = 0; j < count_; ++j) {
      const float dx = x - at_[2 * j], dy = y - at_[2 * j + 1];
      const float close = 1 / (1 + dx * dx + dy * dy);
      const float pull = p[j] * close, push = close * close;
      pull_x += pull * dx;
      pull_y += pull * dy;
      push_x += push * dx;
      push_y += push * dy;
      sum += close;
    }
    attraction_[2 * i] = pull_x;
    attraction_[2 * i + 1] = pull_y;
    repulsion_[2 * i] = push_x;
    repulsion_[2 * i + 1] = push_y;
    return static_cast<double>(sum) - 1;  // its own closeness is 1
  }

  size_t count_;
  Workers& workers_;
  std::vector<float> affinity_;  ///< [count, count]
  std::vector<float> at_, velocity_, gain_, attraction_, repulsion_;
};

Result<void> check(const Points& points, const TsneOptions& options) {
  TADPOLE_CHECK(check_points(points, 4));
  if (points.count > kMostTsnePoints) {
    return Error{Code::points_unusable, "there are " + std::to_string(points.count) +
                                            " points; t-SNE takes at most " +
                                            std::to_string(kMostTsnePoints) + ". Draw a part of them."};
  }
  if (!(options.perplexity >= 1) || options.iterations < 1 || !(options.exaggeration >= 1) ||
      !(options.learning_rate >= 0) || options.principal_components < 2) {
    return Error{Code::unsupervised_bad_setting,
                 "t-SNE needs a perplexity and an exaggeration of at least 1, at least 1 iteration, 2 "
                 "principal components, and a learning rate that is not negative."};
  }
  return {};
}

}  // namespace

Result<Embedding> t_sne(const Points& points, const TsneOptions& options, Workers& workers,
                        Progress& progress) {
  TADPOLE_CHECK(check(points, options));
  TADPOLE_TRY(const Pca pca, fit_pca(points, options.principal_components, workers));
  const std::vector<float> reduced = pca.project(points);
  Embedding out;
  out.perplexity = std::min(options.perplexity, (points.count - 1) / 3.0);
  Tsne tsne({reduced, points.count, pca.kept}, out.perplexity, workers);
  tsne.place(reduced, pca.kept, Rng(options.seed).fork("t-SNE"));
  const float rate =
      static_cast<float>(options.learning_rate > 0 ? options.learning_rate
                                                   : std::max(points.count / options.exaggeration, 50.0));
  const int exaggerated = std::min(250, options.iterations / 3);
  for (int i = 0; i < options.iterations; ++i) {
    if (progress.cancelled()) return Error{Code::cancelled, "t-SNE was stopped."};
    progress.report("draw features", i, options.iterations, "");
    const bool early = i < exaggerated;
    tsne.step(early ? static_cast<float>(options.exaggeration) : 1.0f, rate, early ? 0.5f : 0.8f);
  }
  out.divergence = tsne.divergence();
  out.positions = std::move(tsne).positions();
  return out;
}

}  // namespace tadpole::unsupervised
