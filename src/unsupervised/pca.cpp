// Principal components from the covariance, or from the products between points where that is smaller.
#include "unsupervised/pca.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "unsupervised/symmetric_eigen.h"

namespace tadpole::unsupervised {

namespace {

/// Rows of doubles, or the same turned.
struct Rows {
  size_t count, width;
  std::vector<double> values;

  std::span<const double> row(size_t index) const { return std::span(values).subspan(index * width, width); }
};

Rows centred(const Points& points, std::span<const float> mean, bool turned) {
  const size_t count = static_cast<size_t>(points.count), width = mean.size();
  Rows rows{turned ? width : count, turned ? count : width, std::vector<double>(count * width)};
  for (size_t i = 0; i < count; ++i) {
    for (size_t axis = 0; axis < width; ++axis) {
      const double value =
          static_cast<double>(points.row(static_cast<int>(i))[axis]) - static_cast<double>(mean[axis]);
      rows.values[turned ? axis * count + i : i * width + axis] = value;
    }
  }
  return rows;
}

/// [count, count]: inner products of the rows divided by `divisor`, lower triangle.
std::vector<double> products(const Rows& rows, double divisor, Workers& workers) {
  std::vector<double> out(rows.count * rows.count, 0);
  for_stretches(workers, static_cast<int>(rows.count), [&](int, int begin, int end) {
    for (size_t a = static_cast<size_t>(begin); a < static_cast<size_t>(end); ++a) {
      for (size_t b = 0; b <= a; ++b) {
        const auto left = rows.row(a), right = rows.row(b);
        double sum = 0;
        for (size_t i = 0; i < left.size(); ++i) sum += left[i] * right[i];
        out[a * rows.count + b] = sum / divisor;
      }
    }
  });
  return out;
}

std::vector<float> mean_of(const Points& points) {
  std::vector<double> sum(static_cast<size_t>(points.width), 0);
  for (int i = 0; i < points.count; ++i) {
    for (size_t axis = 0; axis < sum.size(); ++axis) sum[axis] += static_cast<double>(points.row(i)[axis]);
  }
  std::vector<float> mean;
  for (const double value : sum) mean.push_back(static_cast<float>(value / points.count));
  return mean;
}

/// A direction as floats of length 1 with its largest number positive; zeros when it has no length.
void append_direction(std::vector<float>& out, std::span<const double> direction) {
  double squares = 0;
  for (const double value : direction) squares += value * value;
  const auto largest = std::max_element(direction.begin(), direction.end(),
                                        [](double a, double b) { return std::fabs(a) < std::fabs(b); });
  const double scale = squares > 0 ? std::copysign(1 / std::sqrt(squares), *largest) : 0;
  for (const double value : direction) out.push_back(static_cast<float>(value * scale));
}

/// From a vector over points to the direction that they make together.
std::vector<double> combined(const Rows& rows, std::span<const double> weights) {
  std::vector<double> out(rows.width, 0);
  for (size_t i = 0; i < rows.count; ++i) {
    const auto row = rows.row(i);
    for (size_t axis = 0; axis < out.size(); ++axis) out[axis] += weights[i] * row[axis];
  }
  return out;
}

}  // namespace

std::vector<float> Pca::project(std::span<const float> point) const {
  std::vector<float> out;
  const size_t size = static_cast<size_t>(width);
  for (size_t i = 0; i < static_cast<size_t>(kept); ++i) {
    double sum = 0;
    for (size_t axis = 0; axis < size; ++axis) {
      sum += static_cast<double>(components[i * size + axis]) *
             (static_cast<double>(point[axis]) - static_cast<double>(mean[axis]));
    }
    out.push_back(static_cast<float>(sum));
  }
  return out;
}

std::vector<float> Pca::project(const Points& points) const {
  std::vector<float> out;
  for (int i = 0; i < points.count; ++i) {
    const std::vector<float> row = project(points.row(i));
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

double Pca::share(int index) const {
  return total_variance > 0 ? variance[static_cast<size_t>(index)] / total_variance : 0;
}

Result<Pca> fit_pca(const Points& points, int components, Workers& workers) {
  TADPOLE_CHECK(check_points(points, 1));
  const int most = std::min(points.count, points.width);
  if (components < 1) {
    return Error{Code::unsupervised_bad_setting,
                 "asked for " + std::to_string(components) + " principal components; needs at least 1."};
  }
  Pca out;
  out.width = points.width;
  out.kept = std::min(components, most);
  out.mean = mean_of(points);
  const bool by_points = points.count < points.width;
  const Rows rows = centred(points, out.mean, !by_points);
  const EigenPairs eigen = symmetric_eigen(products(rows, static_cast<double>(points.count), workers), most);
  for (const double value : eigen.values) out.total_variance += std::max(value, 0.0);
  for (size_t i = 0; i < static_cast<size_t>(out.kept); ++i) {
    const auto vector = std::span(eigen.vectors).subspan(i * rows.count, rows.count);
    out.variance.push_back(std::max(eigen.values[i], 0.0));
    append_direction(out.components,
                     by_points ? combined(rows, vector) : std::vector<double>(vector.begin(), vector.end()));
  }
  return out;
}

}  // namespace tadpole::unsupervised
