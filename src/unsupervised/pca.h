// Principal components: the directions along which points vary most.
#pragma once

#include <span>
#include <vector>

#include "unsupervised/points.h"

namespace tadpole::unsupervised {

struct Pca {
  int width = 0, kept = 0;
  std::vector<float> mean;        ///< [width]
  std::vector<float> components;  ///< [kept, width], length 1; the number of largest size is positive
  std::vector<double> variance;   ///< [kept], along each component, largest first; divided by the count
  double total_variance = 0;      ///< of all directions

  /// Coordinates along the components: [kept]. point: [width].
  std::vector<float> project(std::span<const float> point) const;
  /// The same for all points: [count, kept].
  std::vector<float> project(const Points& points) const;
  /// Share of the total variance that component `index` carries, 0 when nothing varies.
  double share(int index) const;
};

/// `components` of them, at most the smaller of width and count. Where there are fewer points than axes, the
/// smaller matrix of products between points is used. Fails: points_unusable, unsupervised_bad_setting.
/// Cost: O(count * m * width + m^3), m the smaller of count and width. Source: Pearson 1901; Jolliffe,
/// "Principal Component Analysis", sections 1.1 and 3.1.
Result<Pca> fit_pca(const Points& points, int components, Workers& workers);

}  // namespace tadpole::unsupervised
