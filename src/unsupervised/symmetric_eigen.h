// Eigenvalues and eigenvectors of a symmetric matrix.
#pragma once

#include <span>
#include <vector>

namespace tadpole::unsupervised {

struct EigenPairs {
  std::vector<double> values;   ///< [n], largest first
  std::vector<double> vectors;  ///< [n, n]: row i belongs to values[i]; length 1, at right angles
};

/// `matrix` is [n, n], row-major, symmetric (the lower triangle is read) and finite. Householder's reduction
/// to a tridiagonal matrix, then implicit QR steps with Wilkinson's shift (Golub and Van Loan, "Matrix
/// Computations", sections 8.3.1 to 8.3.3). Cost: about 4 n^3 multiplications.
EigenPairs symmetric_eigen(std::span<const double> matrix, int n);

}  // namespace tadpole::unsupervised
