// Trees of random cuts; each has a generator of its own, so that they can be made in any order.
#include "unsupervised/isolation_forest.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "base/rng.h"

namespace tadpole::unsupervised {

/// Makes one tree.
class TreeMaker {
 public:
  TreeMaker(const Points& points, int sample, Rng rng) : points_(points), rng_(rng) {
    deepest_ = static_cast<int>(std::ceil(std::log2(std::max(sample, 2))));
    members_.resize(static_cast<size_t>(points.count));
    std::iota(members_.begin(), members_.end(), 0);
    for (int i = 0; i < sample; ++i) {  // the first steps of a shuffle: a sample without repetition
      const uint32_t other = static_cast<uint32_t>(i) + rng_.below(static_cast<uint32_t>(points.count - i));
      std::swap(members_[static_cast<size_t>(i)], members_[other]);
    }
    members_.resize(static_cast<size_t>(sample));
  }

  IsolationForest::Tree make() {
    tree_.emplace_back();
    grow(0, members_, 0);
    return std::move(tree_);
  }

 private:
  void grow(size_t node, std::span<int> members, int depth) {
    const int axis = depth < deepest_ && members.size() > 1 ? axis_that_varies(members) : -1;
    if (axis < 0) {
      tree_[node].depth = depth + expected_depth(static_cast<int>(members.size()));
      return;
    }
    const float cut = low_ + (high_ - low_) * rng_.uniform();
    // At least the lowest goes left and the highest right, whatever rounding did to the cut.
    const float between = cut > low_ ? cut : std::nextafter(low_, high_);
    const auto middle = std::stable_partition(members.begin(), members.end(),
                                              [&](int index) { return value(index, axis) < between; });
    const size_t left = tree_.size();
    tree_.resize(left + 2);
    tree_[node] = {axis, between, static_cast<int>(left), 0};
    grow(left, {members.begin(), middle}, depth + 1);
    grow(left + 1, {middle, members.end()}, depth + 1);
  }

  float value(int index, int axis) const { return points_.row(index)[static_cast<size_t>(axis)]; }

  /// A random axis on which the members differ, with their range in low_ and high_; -1 when they are equal.
  int axis_that_varies(std::span<const int> members) {
    std::vector<int> axes(static_cast<size_t>(points_.width));
    std::iota(axes.begin(), axes.end(), 0);
    while (!axes.empty()) {
      const size_t chosen = rng_.below(static_cast<uint32_t>(axes.size()));
      const int axis = axes[chosen];
      low_ = high_ = value(members[0], axis);
      for (const int index : members) {
        low_ = std::min(low_, value(index, axis));
        high_ = std::max(high_, value(index, axis));
      }
      if (low_ < high_ && std::isfinite(high_ - low_)) return axis;
      axes.erase(axes.begin() + static_cast<ptrdiff_t>(chosen));
    }
    return -1;
  }

  const Points& points_;
  Rng rng_;
  int deepest_ = 1;
  std::vector<int> members_;
  IsolationForest::Tree tree_;
  float low_ = 0, high_ = 0;
};

double expected_depth(int count) {
  if (count < 2) return 0;
  double harmonic = 0;
  for (int i = 1; i < count; ++i) harmonic += 1.0 / i;
  return 2 * harmonic - 2.0 * (count - 1) / count;
}

double IsolationForest::mean_depth(std::span<const float> point) const {
  double sum = 0;
  for (const Tree& tree : trees_) {
    const Node* node = tree.data();
    while (node->axis >= 0) {
      const bool right = !(point[static_cast<size_t>(node->axis)] < node->cut);
      node = &tree[static_cast<size_t>(node->left + right)];
    }
    sum += node->depth;
  }
  return sum / static_cast<double>(trees_.size());
}

double IsolationForest::score(std::span<const float> point) const {
  return std::exp2(-mean_depth(point) / expected_depth_);
}

Result<IsolationForest> fit_forest(const Points& points, const ForestOptions& options, Workers& workers,
                                   Progress& progress) {
  TADPOLE_CHECK(check_points(points, 2));
  if (options.trees < 1 || options.sample < 2) {
    return Error{Code::unsupervised_bad_setting, "an isolation forest got " + std::to_string(options.trees) +
                                                     " trees of " + std::to_string(options.sample) +
                                                     " points; needs at least 1 tree of 2 points."};
  }
  const int sample = std::min(options.sample, points.count);
  IsolationForest forest;
  forest.trees_.resize(static_cast<size_t>(options.trees));
  forest.expected_depth_ = expected_depth(sample);
  const Rng rng(options.seed);
  workers.run(options.trees, [&](int tree) {
    if (progress.cancelled()) return;
    TreeMaker maker(points, sample, rng.fork("tree " + std::to_string(tree)));
    forest.trees_[static_cast<size_t>(tree)] = maker.make();
  });
  if (progress.cancelled()) return Error{Code::cancelled, "the isolation forest was stopped."};
  return forest;
}

}  // namespace tadpole::unsupervised
