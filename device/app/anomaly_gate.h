// How unusual a vector of features is, in whole numbers: the distance to the nearest of a few centres
// (k-means), or the Mahalanobis distance. In: int8 or int16 features. Out: a squared distance and whether it
// is above a threshold. The host runs this same code, so that its answer is the board's.
#ifndef TADPOLE_DEVICE_APP_ANOMALY_GATE_H_
#define TADPOLE_DEVICE_APP_ANOMALY_GATE_H_

#include <stdint.h>

namespace tadpole {
namespace app {

/// Standard deviations are counted in 1/256.
constexpr int32_t kGateUnit = 256;
/// The longest vector, so that what a gate keeps on the stack (two bytes a value) is known.
constexpr int32_t kGateWidth = 256;

enum class GateKind : int32_t {
  nearest_centre,  // squared distance to the nearest row of the matrix
  whitening,       // squared length of the product with a lower triangular matrix
};

/// A plain constant that lives in flash. First each value is moved and scaled:
///   z = round((value * 256 - offset) * multiplier / 2^shift), kept within int16;
/// then, for nearest_centre: min over rows of sum (z - row)^2; for whitening: sum over rows of
/// round(row * z / 2^row_shift)^2, each kept within +-2^27. Halves are rounded up.
struct AnomalyGate {
  GateKind kind;
  int32_t width;              // 1 to kGateWidth
  int32_t rows;               // nearest_centre: 1 to 255 centres; whitening: width
  const int32_t* offset;      // [width], in 1/256 of a step of the input
  const int32_t* multiplier;  // [width], 1 to 2^15
  const int8_t* shift;        // [width], 1 to 48
  const int16_t* matrix;      // centres [rows, width]; whitening: 1, 2, ... width numbers, row by row
  const int8_t* row_shift;    // whitening: [width], 1 to 30; nearest_centre: not read
  uint64_t threshold;         // squared, in 1/65536 of a variance; above it is an anomaly
};

struct GateAnswer {
  uint64_t squared;  // in 1/65536
  int32_t row;       // nearest_centre: the nearest centre, the first of equals; whitening: 0
  bool anomaly;      // squared > threshold
};

/// True when every number is within the range above.
bool valid(const AnomalyGate& gate);

/// values: [width]. Cost O(width * rows); no heap. The gate must be valid.
GateAnswer judge(const AnomalyGate& gate, const int8_t* values);
GateAnswer judge(const AnomalyGate& gate, const int16_t* values);

}  // namespace app
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_APP_ANOMALY_GATE_H_
