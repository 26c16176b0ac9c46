// k-means: points as the nearest of a few centres. The distance to the nearest centre says how unusual a
// point is.
#pragma once

#include <span>
#include <vector>

#include "base/progress.h"
#include "unsupervised/points.h"

namespace tadpole::unsupervised {

struct KMeansOptions {
  int centres = 8;
  int iterations = 100;  ///< at most, of each start; ends when no point changes its centre
  int starts = 4;        ///< the start with the smallest inertia wins, the first of equals
  uint64_t seed = 1;
};

struct KMeans {
  int count = 0, width = 0;
  std::vector<float> centres;   ///< [count, width]
  std::vector<int> assignment;  ///< of each point that was learnt from: its centre
  double inertia = 0;           ///< sum of squared distances to the nearest centres
  int iterations = 0;           ///< of the start that won

  std::span<const float> centre(int index) const {
    return std::span(centres).subspan(static_cast<size_t>(index) * static_cast<size_t>(width),
                                      static_cast<size_t>(width));
  }
  /// Index of the nearest centre, the first of equals. point: [width].
  int nearest(std::span<const float> point) const;
  /// Euclidean distance to it.
  double distance(std::span<const float> point) const;
};

/// Lloyd's iteration (Lloyd 1982) from centres chosen by k-means++ (Arthur and Vassilvitskii 2007). A centre
/// that loses all its points moves to the point that is farthest from its own. The same points, options and
/// seed give the same bits for any number of threads. Fails: points_unusable (not finite, fewer points than
/// centres), unsupervised_bad_setting, cancelled. Cost: O(count * centres * width) an iteration.
Result<KMeans> k_means(const Points& points, const KMeansOptions& options, Workers& workers,
                       Progress& progress);

}  // namespace tadpole::unsupervised
