// Covariance with shrinkage, its Cholesky factor and the factor's inverse.
#include "unsupervised/gaussian.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace tadpole::unsupervised {

namespace {

constexpr double kLogTwoPi = 1.8378770664093453;

/// A square matrix, row-major.
struct Matrix {
  explicit Matrix(int rows) : size(static_cast<size_t>(rows)), values(size * size, 0) {}
  double& at(size_t row, size_t column) { return values[row * size + column]; }
  double at(size_t row, size_t column) const { return values[row * size + column]; }

  size_t size;
  std::vector<double> values;
};

std::vector<double> centred(const Points& points, int index, std::span<const double> mean) {
  const auto row = points.row(index);
  std::vector<double> out(row.size());
  for (size_t i = 0; i < row.size(); ++i) out[i] = static_cast<double>(row[i]) - mean[i];
  return out;
}

std::vector<double> mean_of(const Points& points) {
  std::vector<double> mean(static_cast<size_t>(points.width), 0);
  for (int i = 0; i < points.count; ++i) {
    for (size_t axis = 0; axis < mean.size(); ++axis) mean[axis] += static_cast<double>(points.row(i)[axis]);
  }
  for (double& sum : mean) sum /= points.count;
  return mean;
}

Matrix covariance_of(const Points& points, std::span<const double> mean) {
  Matrix covariance(points.width);
  for (int i = 0; i < points.count; ++i) {
    const std::vector<double> x = centred(points, i, mean);
    for (size_t row = 0; row < x.size(); ++row) {
      for (size_t column = 0; column <= row; ++column) covariance.at(row, column) += x[row] * x[column];
    }
  }
  for (size_t row = 0; row < covariance.size; ++row) {
    for (size_t column = 0; column <= row; ++column) {
      covariance.at(row, column) /= points.count;
      covariance.at(column, row) = covariance.at(row, column);
    }
  }
  return covariance;
}

double mean_variance(const Matrix& covariance) {
  double trace = 0;
  for (size_t i = 0; i < covariance.size; ++i) trace += covariance.at(i, i);
  return trace / static_cast<double>(covariance.size);
}

/// Ledoit and Wolf 2004, section 3.3, with norms over the number of axes: min(b^2, d^2) / d^2, where d^2 is
/// how far the covariance is from m * identity and b^2 how far single points' products are from it.
double ledoit_wolf(const Points& points, std::span<const double> mean, const Matrix& covariance) {
  const double m = mean_variance(covariance);
  double distance = 0;
  for (size_t row = 0; row < covariance.size; ++row) {
    for (size_t column = 0; column < covariance.size; ++column) {
      const double difference = covariance.at(row, column) - (row == column ? m : 0);
      distance += difference * difference;
    }
  }
  if (distance <= 0) return 0;
  double spread = 0;
  for (int i = 0; i < points.count; ++i) {
    const std::vector<double> x = centred(points, i, mean);
    for (size_t row = 0; row < x.size(); ++row) {
      for (size_t column = 0; column < x.size(); ++column) {
        const double difference = x[row] * x[column] - covariance.at(row, column);
        spread += difference * difference;
      }
    }
  }
  spread /= static_cast<double>(points.count) * points.count;
  return std::min(spread, distance) / distance;
}

/// The lower factor L of L L^T, in place of the lower triangle; the axis at which there is none, else -1.
int cholesky(Matrix& a) {
  double largest = 0;
  for (size_t i = 0; i < a.size; ++i) largest = std::max(largest, a.at(i, i));
  for (size_t column = 0; column < a.size; ++column) {
    double pivot = a.at(column, column);
    for (size_t k = 0; k < column; ++k) pivot -= a.at(column, k) * a.at(column, k);
    // What is left of an axis after the ones before explain it; below rounding it is nothing.
    if (!(pivot > 1e-13 * largest)) return static_cast<int>(column);
    a.at(column, column) = std::sqrt(pivot);
    for (size_t row = column + 1; row < a.size; ++row) {
      double sum = a.at(row, column);
      for (size_t k = 0; k < column; ++k) sum -= a.at(row, k) * a.at(column, k);
      a.at(row, column) = sum / a.at(column, column);
    }
  }
  return -1;
}

/// Of a lower triangular matrix.
Matrix inverse_of(const Matrix& lower) {
  Matrix inverse(static_cast<int>(lower.size));
  for (size_t column = 0; column < lower.size; ++column) {
    inverse.at(column, column) = 1 / lower.at(column, column);
    for (size_t row = column + 1; row < lower.size; ++row) {
      double sum = 0;
      for (size_t k = column; k < row; ++k) sum += lower.at(row, k) * inverse.at(k, column);
      inverse.at(row, column) = -sum / lower.at(row, row);
    }
  }
  return inverse;
}

}  // namespace

double Gaussian::distance(std::span<const float> point) const {
  const size_t size = static_cast<size_t>(width);
  double squared = 0;
  for (size_t row = 0; row < size; ++row) {
    double sum = 0;
    for (size_t column = 0; column <= row; ++column)
      sum += whitening[row * size + column] * (static_cast<double>(point[column]) - mean[column]);
    squared += sum * sum;
  }
  return std::sqrt(squared);
}

double Gaussian::log_density(std::span<const float> point) const {
  const double length = distance(point);
  return -0.5 * (length * length + log_determinant + width * kLogTwoPi);
}

Result<Gaussian> fit_gaussian(const Points& points, const GaussianOptions& options) {
  TADPOLE_CHECK(check_points(points, 2));
  if (options.shrinkage && !(*options.shrinkage >= 0 && *options.shrinkage <= 1)) {
    return Error{Code::unsupervised_bad_setting,
                 "shrinkage is " + std::to_string(*options.shrinkage) + "; needs 0 to 1."};
  }
  Gaussian out;
  out.width = points.width;
  out.mean = mean_of(points);
  Matrix covariance = covariance_of(points, out.mean);
  out.shrinkage = options.shrinkage ? *options.shrinkage : ledoit_wolf(points, out.mean, covariance);
  const double variance = mean_variance(covariance);
  for (size_t row = 0; row < covariance.size; ++row) {
    for (size_t column = 0; column < covariance.size; ++column) {
      double& value = covariance.at(row, column);
      value = (1 - out.shrinkage) * value + (row == column ? out.shrinkage * variance : 0);
    }
  }
  out.covariance = covariance.values;
  if (const int axis = cholesky(covariance); axis >= 0) {
    return Error{Code::points_unusable,
                 "value " + std::to_string(axis) + " of the " + std::to_string(points.count) +
                     " points never varies by itself: it is constant, or follows from the values before "
                     "it. Leave it out, give more points, or use a shrinkage above 0."};
  }
  for (size_t i = 0; i < covariance.size; ++i) out.log_determinant += 2 * std::log(covariance.at(i, i));
  out.whitening = inverse_of(covariance).values;
  return out;
}

}  // namespace tadpole::unsupervised
