// From what was learnt in floating point to the board's gate in whole numbers (device/app/anomaly_gate.h).
#pragma once

#include <cstdint>
#include <vector>

#include "device/app/anomaly_gate.h"
#include "unsupervised/gaussian.h"
#include "unsupervised/k_means.h"
#include "unsupervised/points.h"

namespace tadpole::unsupervised {

/// How the board stores each feature: real = scale * (stored - zero_point).
struct StoredFeature {
  double scale = 1;
  int32_t zero_point = 0;
};

/// Owns the numbers of a gate.
struct Gate {
  app::GateKind kind = app::GateKind::nearest_centre;
  int width = 0, rows = 0;
  std::vector<int32_t> offset, multiplier;
  std::vector<int8_t> shift, row_shift;
  std::vector<int16_t> matrix;
  uint64_t threshold = 0;

  /// A view of this gate, for as long as it stays as it is.
  app::AnomalyGate view() const;
  /// The distance that an answer's squared one stands for, in standard deviations.
  static double distance(const app::GateAnswer& answer);
};

/// `model` was learnt from points that `standardiser` scaled; distances above `threshold` are anomalies.
/// While no value is further than 127 deviations from its mean, rounding moves each scaled value by up to
/// 1/512 of a deviation and 2^-15 of itself (more where a stored step is more than a deviation), and each
/// number of a centre by 1/512. Fails: points_unusable when something is outside of what the gate's numbers
/// hold (names it), unsupervised_bad_setting.
Result<Gate> make_gate(const KMeans& model, const Standardiser& standardiser, const StoredFeature& stored,
                       double threshold);
/// The same for the Mahalanobis distance; each number of the whitening matrix moves by up to 2^-15 of the
/// largest of its row.
Result<Gate> make_gate(const Gaussian& model, const Standardiser& standardiser, const StoredFeature& stored,
                       double threshold);

}  // namespace tadpole::unsupervised
