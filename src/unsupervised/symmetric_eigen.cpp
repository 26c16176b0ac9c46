// Reduction to a tridiagonal matrix and QR steps on it. Vectors are kept as rows, so that a rotation of two
// of them reads memory in order.
#include "unsupervised/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace tadpole::unsupervised {

namespace {

class Reduction {
 public:
  Reduction(std::span<const double> matrix, int n)
      : n_(static_cast<size_t>(n)), a_(matrix.begin(), matrix.end()), q_(n_ * n_, 0) {
    for (size_t row = 0; row < n_; ++row) {
      for (size_t column = row + 1; column < n_; ++column) a_[row * n_ + column] = a_[column * n_ + row];
      q_[row * n_ + row] = 1;
    }
  }

  EigenPairs solve() {
    std::vector<std::vector<double>> mirrors;
    for (size_t step = 0; step + 2 < n_; ++step) mirrors.push_back(reflect_column(step));
    for (size_t i = 0; i < n_; ++i) diagonal_.push_back(a_[i * n_ + i]);
    for (size_t i = 0; i + 1 < n_; ++i) beside_.push_back(a_[(i + 1) * n_ + i]);
    for (size_t step = mirrors.size(); step-- > 0;) reflect_vectors(mirrors[step], step + 1);
    for (size_t last = n_; last-- > 1;) separate(last);
    return sorted();
  }

 private:
  /// Makes column `step` zero below its second number, by a mirror whose normal is returned ([n - step - 1]).
  std::vector<double> reflect_column(size_t step) {
    const size_t first = step + 1, size = n_ - first;
    std::vector<double> normal(size);
    double squares = 0;
    for (size_t i = 0; i < size; ++i) {
      normal[i] = a_[(first + i) * n_ + step];
      squares += normal[i] * normal[i];
    }
    const double length = std::sqrt(squares);
    const double rest = squares - normal[0] * normal[0];
    if (rest <= 0) return {};
    const double target = normal[0] > 0 ? -length : length;
    normal[0] -= target;
    const double scale = 1 / std::sqrt(rest + normal[0] * normal[0]);
    for (double& value : normal) value *= scale;
    mirror_trailing(normal, first);
    a_[first * n_ + step] = target;
    return normal;
  }

  /// A - 2 v w^T - 2 w v^T with w = A v - (v^T A v) v, on the rows and columns from `first`.
  void mirror_trailing(const std::vector<double>& v, size_t first) {
    std::vector<double> w(v.size(), 0);
    double inner = 0;
    for (size_t row = 0; row < v.size(); ++row) {
      const double* line = &a_[(first + row) * n_ + first];
      for (size_t column = 0; column < v.size(); ++column) w[row] += line[column] * v[column];
      inner += w[row] * v[row];
    }
    for (size_t i = 0; i < v.size(); ++i) w[i] -= inner * v[i];
    for (size_t row = 0; row < v.size(); ++row) {
      double* line = &a_[(first + row) * n_ + first];
      for (size_t column = 0; column < v.size(); ++column)
        line[column] -= 2 * (v[row] * w[column] + w[row] * v[column]);
    }
  }

  /// The mirror on the vectors, which are rows: each row r becomes r - 2 (r . v) v.
  void reflect_vectors(const std::vector<double>& v, size_t first) {
    for (size_t row = first; row < n_ && !v.empty(); ++row) {
      double* line = &q_[row * n_ + first];
      double inner = 0;
      for (size_t i = 0; i < v.size(); ++i) inner += line[i] * v[i];
      for (size_t i = 0; i < v.size(); ++i) line[i] -= 2 * inner * v[i];
    }
  }

  bool negligible(size_t at) const {
    const double around = std::fabs(diagonal_[at]) + std::fabs(diagonal_[at + 1]);
    return std::fabs(beside_[at]) <= std::numeric_limits<double>::epsilon() * around ||
           std::fabs(beside_[at]) < std::numeric_limits<double>::min();
  }

  /// QR steps until diagonal_[last] stands alone. The shift converges cubically; the bound is never met by
  /// finite numbers, and keeps a NaN from looping for ever.
  void separate(size_t last) {
    for (int step = 0; step < 100 && !negligible(last - 1); ++step) {
      size_t first = last - 1;
      while (first > 0 && !negligible(first - 1)) --first;
      chase(first, last);
    }
    beside_[last - 1] = 0;
  }

  void chase(size_t first, size_t last) {
    const double half = (diagonal_[last - 1] - diagonal_[last]) / 2, corner = beside_[last - 1];
    const double shift =
        diagonal_[last] - corner * corner / (half + std::copysign(std::hypot(half, corner), half));
    double x = diagonal_[first] - shift, z = beside_[first];
    for (size_t k = first; k < last; ++k) {
      const double length = std::hypot(x, z);
      const double c = length > 0 ? x / length : 1, s = length > 0 ? z / length : 0;
      if (k > first) beside_[k - 1] = length;
      const double upper = diagonal_[k], lower = diagonal_[k + 1], between = beside_[k];
      diagonal_[k] = c * c * upper + 2 * c * s * between + s * s * lower;
      diagonal_[k + 1] = s * s * upper - 2 * c * s * between + c * c * lower;
      beside_[k] = (c * c - s * s) * between + c * s * (lower - upper);
      if (k + 1 < last) {
        x = beside_[k];
        z = s * beside_[k + 1];
        beside_[k + 1] *= c;
      }
      rotate(k, c, s);
    }
  }

  void rotate(size_t row, double c, double s) {
    double* a = &q_[row * n_];
    double* b = a + n_;
    for (size_t i = 0; i < n_; ++i) {
      const double old = a[i];
      a[i] = c * old + s * b[i];
      b[i] = c * b[i] - s * old;
    }
  }

  EigenPairs sorted() const {
    std::vector<size_t> order(n_);
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return diagonal_[a] > diagonal_[b]; });
    EigenPairs out;
    for (const size_t row : order) {
      out.values.push_back(diagonal_[row]);
      out.vectors.insert(out.vectors.end(), q_.begin() + static_cast<ptrdiff_t>(row * n_),
                         q_.begin() + static_cast<ptrdiff_t>((row + 1) * n_));
    }
    return out;
  }

  size_t n_;
  std::vector<double> a_, q_;
  std::vector<double> diagonal_, beside_;
};

}  // namespace

EigenPairs symmetric_eigen(std::span<const double> matrix, int n) { return Reduction(matrix, n).solve(); }

}  // namespace tadpole::unsupervised
