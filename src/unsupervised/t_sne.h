// t-SNE: points of many numbers on a plane, so that near ones stay near. For pictures: distances between far
// groups mean little.
#pragma once

#include <vector>

#include "base/progress.h"
#include "unsupervised/points.h"

namespace tadpole::unsupervised {

/// More points than that take too long: every pair is looked at in every iteration.
inline constexpr int kMostTsnePoints = 5000;

struct TsneOptions {
  double perplexity = 30;  ///< neighbours that count, about; at most (count - 1) / 3 is used
  int iterations = 750;
  double exaggeration = 12;  ///< of the attraction in the first third of the iterations, at most 250 of them
  double learning_rate = 0;  ///< 0: count / exaggeration, at least 50 (Belkina et al. 2019)
  int principal_components = 50;  ///< the points are reduced to so many numbers first
  uint64_t seed = 1;
};

struct Embedding {
  std::vector<float> positions;  ///< [count, 2]
  double perplexity = 0;         ///< that was used
  double divergence = 0;         ///< Kullback-Leibler divergence of the plane from the points, in nats
};

/// Exact t-SNE (van der Maaten and Hinton 2008): starts from the first two principal components, momentum 0.5
/// then 0.8, a gain for each coordinate. The same points, options and seed give the same bits for any number
/// of threads. Progress in iterations. Fails: points_unusable (not finite, fewer than 4 or more than
/// kMostTsnePoints), unsupervised_bad_setting, cancelled. Cost: O(count^2) an iteration, 4 count^2 bytes.
Result<Embedding> t_sne(const Points& points, const TsneOptions& options, Workers& workers,
                        Progress& progress);

}  // namespace tadpole::unsupervised
