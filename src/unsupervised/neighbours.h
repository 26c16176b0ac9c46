// The k nearest of the points that were learnt: how far they are, and which class most of them have.
#pragma once

#include <span>
#include <vector>

#include "unsupervised/points.h"

namespace tadpole::unsupervised {

struct Neighbour {
  int index = 0;        ///< of the point that was learnt
  double distance = 0;  ///< Euclidean
};

/// Keeps a copy of all points; each question compares with every one of them: O(count * width). Immutable
/// after make(), safe to ask from several threads.
class Neighbours {
 public:
  /// Fails: points_unusable.
  static Result<Neighbours> make(const Points& points);

  int count() const { return count_; }
  int width() const { return width_; }

  /// The min(k, count) nearest, nearest first; of equal distances the lower index first. k >= 1.
  std::vector<Neighbour> nearest(std::span<const float> point, int k) const;
  /// Mean distance to them: how unusual the point is.
  double distance(std::span<const float> point, int k) const;
  /// The same for each learnt point, itself left out: what is usual. [count]; needs count >= 2 (else zeros).
  std::vector<double> own_distances(int k, Workers& workers) const;
  /// The class that most of the k nearest have; of equal counts that with the nearest member. labels: one a
  /// learnt point, each >= 0.
  int classify(std::span<const float> point, int k, std::span<const int> labels) const;

 private:
  Points points() const { return {values_, count_, width_}; }
  std::vector<Neighbour> nearest_but(std::span<const float> point, int k, int left_out) const;

  std::vector<float> values_;
  int count_ = 0, width_ = 0;
};

}  // namespace tadpole::unsupervised
