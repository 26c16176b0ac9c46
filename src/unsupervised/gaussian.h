// One bell curve around the usual points: the Mahalanobis distance counts along each direction in units of
// how much the points usually vary there.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "unsupervised/points.h"

namespace tadpole::unsupervised {

struct GaussianOptions {
  /// Share of (trace / width) * identity mixed into the covariance, in [0, 1]. Absent: the share that Ledoit
  /// and Wolf 2004 ("A well-conditioned estimator for large-dimensional covariance matrices") derive from the
  /// points. 0 needs more points than axes.
  std::optional<double> shrinkage;
};

struct Gaussian {
  int width = 0;
  std::vector<double> mean;        ///< [width]
  std::vector<double> covariance;  ///< [width, width], shrunk; divided by the count, not count - 1
  std::vector<double> whitening;   ///< [width, width], lower triangular: inverse of the Cholesky factor
  double shrinkage = 0;            ///< that was used
  double log_determinant = 0;      ///< of the covariance

  /// sqrt((x - mean)^T covariance^-1 (x - mean)): the length of whitening * (x - mean). point: [width].
  double distance(std::span<const float> point) const;
  /// Natural logarithm of the density.
  double log_density(std::span<const float> point) const;
};

/// Fails: points_unusable (not finite, fewer than 2 points, or points that do not vary in some direction: the
/// message names the axis), unsupervised_bad_setting. Cost: O(count * width^2 + width^3).
Result<Gaussian> fit_gaussian(const Points& points, const GaussianOptions& options = {});

}  // namespace tadpole::unsupervised
