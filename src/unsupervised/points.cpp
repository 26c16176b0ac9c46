// Checks of points, fixed stretches of work, and the scale of each axis.
#include "unsupervised/points.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace tadpole::unsupervised {

Result<void> check_points(const Points& points, int least) {
  if (points.width < 1 || points.count < least) {
    return Error{Code::points_unusable, "there are " + std::to_string(points.count) + " points of " +
                                            std::to_string(points.width) + " numbers; needs at least " +
                                            std::to_string(least) + " points of at least 1 number."};
  }
  const size_t needed = static_cast<size_t>(points.count) * static_cast<size_t>(points.width);
  if (points.values.size() != needed) {
    return Error{Code::points_unusable, std::to_string(points.count) + " points of " +
                                            std::to_string(points.width) + " numbers came with " +
                                            std::to_string(points.values.size()) + " numbers; needs " +
                                            std::to_string(needed) + "."};
  }
  const auto bad = std::find_if(points.values.begin(), points.values.end(),
                                [](float value) { return !std::isfinite(value); });
  if (bad == points.values.end()) return {};
  const auto at = bad - points.values.begin();
  return Error{Code::points_unusable, "point " + std::to_string(at / points.width) + ", value " +
                                          std::to_string(at % points.width) +
                                          " is not a finite number. Check the recording that it comes from."};
}

double squared_distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += difference * difference;
  }
  return sum;
}

void for_stretches(Workers& workers, int count, const std::function<void(int, int, int)>& body) {
  workers.run(kStretches, [&](int stretch) {
    const auto border = [&](int index) { return static_cast<int>(int64_t{count} * index / kStretches); };
    body(stretch, border(stretch), border(stretch + 1));
  });
}

std::vector<float> Standardiser::apply(std::span<const float> point) const {
  std::vector<float> out(point.size());
  for (size_t i = 0; i < point.size(); ++i) out[i] = (point[i] - mean[i]) / deviation[i];
  return out;
}

std::vector<float> Standardiser::apply(const Points& points) const {
  std::vector<float> out;
  out.reserve(points.values.size());
  for (int i = 0; i < points.count; ++i) {
    const std::vector<float> row = apply(points.row(i));
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

Result<Standardiser> fit_standardiser(const Points& points) {
  TADPOLE_CHECK(check_points(points, 1));
  const size_t width = static_cast<size_t>(points.width);
  std::vector<double> mean(width, 0), squares(width, 0);
  for (int i = 0; i < points.count; ++i) {
    for (size_t axis = 0; axis < width; ++axis) mean[axis] += static_cast<double>(points.row(i)[axis]);
  }
  for (double& sum : mean) sum /= points.count;
  for (int i = 0; i < points.count; ++i) {
    for (size_t axis = 0; axis < width; ++axis) {
      const double difference = static_cast<double>(points.row(i)[axis]) - mean[axis];
      squares[axis] += difference * difference;
    }
  }
  Standardiser out{std::vector<float>(width), std::vector<float>(width)};
  for (size_t axis = 0; axis < width; ++axis) {
    const double deviation = std::sqrt(squares[axis] / points.count);
    out.mean[axis] = static_cast<float>(mean[axis]);
    // What does not change beyond float rounding of its mean has no scale to learn.
    const bool constant = deviation <= 1e-6 * std::fabs(mean[axis]) || deviation < 1e-30;
    out.deviation[axis] = constant ? 1.0f : static_cast<float>(deviation);
  }
  return out;
}

}  // namespace tadpole::unsupervised
