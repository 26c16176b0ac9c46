// Isolation forest: random cuts part an unusual point from the others after few steps.
#pragma once

#include <span>
#include <vector>

#include "base/progress.h"
#include "unsupervised/points.h"

namespace tadpole::unsupervised {

struct ForestOptions {
  int trees = 100;
  int sample = 256;  ///< points that each tree is made of, without repetition
  uint64_t seed = 1;
};

class IsolationForest {
 public:
  /// 2^(-mean depth / expected depth) in (0, 1): near 1 unusual, below 0.5 usual. point: [width].
  double score(std::span<const float> point) const;
  /// Mean depth of the leaf that the point falls into, with the expected depth of what the leaf holds.
  double mean_depth(std::span<const float> point) const;
  int trees() const { return static_cast<int>(trees_.size()); }

 private:
  friend Result<IsolationForest> fit_forest(const Points&, const ForestOptions&, Workers&, Progress&);
  friend class TreeMaker;
  struct Node {
    int axis = -1;     ///< -1: a leaf
    float cut = 0;     ///< points below go left
    int left = 0;      ///< the right one stands behind it; leaf: unused
    double depth = 0;  ///< leaf: its depth and the expected depth of its points
  };
  using Tree = std::vector<Node>;

  std::vector<Tree> trees_;
  double expected_depth_ = 1;
};

/// Mean depth of a search that fails in a binary tree of `count` points: 2 H(count - 1) - 2 (count - 1) /
/// count; 0 for fewer than 2. The unit of depths (Liu et al. 2008, equation 1).
double expected_depth(int count);

/// Source: Liu, Ting and Zhou 2008, "Isolation Forest": each tree cuts at a random place of a random axis
/// until points are alone or ceil(log2(sample)) deep. The same bits for any number of threads. Fails:
/// points_unusable (not finite, fewer than 2), unsupervised_bad_setting, cancelled.
Result<IsolationForest> fit_forest(const Points& points, const ForestOptions& options, Workers& workers,
                                   Progress& progress);

}  // namespace tadpole::unsupervised
