// What the methods of this room learn from: rows of numbers, and how work over them is cut so that any number
// of threads gives the same bits.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/workers.h"

namespace tadpole::unsupervised {

/// `count` points of `width` numbers, row-major. Does not own them.
struct Points {
  std::span<const float> values;
  int count = 0, width = 0;

  std::span<const float> row(int index) const {
    return values.subspan(static_cast<size_t>(index) * static_cast<size_t>(width),
                          static_cast<size_t>(width));
  }
};

/// That there are at least `least` points of at least one number, as many values as that, all of them finite.
/// Fails: points_unusable; the message names the point and the value.
Result<void> check_points(const Points& points, int least);

/// Squared Euclidean distance, summed in double in the order of the axes.
double squared_distance(std::span<const float> a, std::span<const float> b);

/// Work over `count` items is cut into so many stretches, whatever the number of threads; sums are added up
/// in the order of the stretches.
inline constexpr int kStretches = 16;

/// Calls body(stretch, begin, end) for each of kStretches stretches of [0, count).
void for_stretches(Workers& workers, int count, const std::function<void(int, int, int)>& body);

/// Moves each axis to mean 0 and standard deviation 1, so that no axis counts more because of its unit.
struct Standardiser {
  std::vector<float> mean, deviation;  ///< [width]; an axis that never changes has deviation 1

  std::vector<float> apply(const Points& points) const;
  std::vector<float> apply(std::span<const float> point) const;
};

/// Fails: points_unusable. Cost: two passes over the points.
Result<Standardiser> fit_standardiser(const Points& points);

}  // namespace tadpole::unsupervised
