// Sums cannot overflow: a difference of two int16 is below 2^16, its square below 2^32, and 256 of them below
// 2^40; a whitened number is at most 2^27, its square 2^54, and 256 of them 2^62.
#include "device/app/anomaly_gate.h"

namespace tadpole {
namespace app {

namespace {

constexpr int64_t kMostWhitened = int64_t(1) << 27;

int64_t within(int64_t value, int64_t low, int64_t high) {
  return value < low ? low : value > high ? high : value;
}

/// value / 2^shift, halves up; shift >= 1.
int64_t rounded(int64_t value, int32_t shift) { return (value + (int64_t(1) << (shift - 1))) >> shift; }

template <class Value>
void normalise(const AnomalyGate& gate, const Value* values, int16_t* out) {
  for (int32_t i = 0; i < gate.width; ++i) {
    const int64_t moved = int64_t(values[i]) * 256 - gate.offset[i];
    out[i] = int16_t(within(rounded(moved * gate.multiplier[i], gate.shift[i]), -32768, 32767));
  }
}

GateAnswer nearest_centre(const AnomalyGate& gate, const int16_t* z) {
  GateAnswer best = {UINT64_MAX, 0, false};
  const int16_t* centre = gate.matrix;
  for (int32_t row = 0; row < gate.rows; ++row) {
    uint64_t sum = 0;
    for (int32_t i = 0; i < gate.width; ++i) {
      const int32_t difference = int32_t(z[i]) - *centre++;
      const uint32_t magnitude = uint32_t(difference < 0 ? -difference : difference);
      sum += magnitude * magnitude;
    }
    if (sum < best.squared) {
      best.squared = sum;
      best.row = row;
    }
  }
  return best;
}

GateAnswer whiten(const AnomalyGate& gate, const int16_t* z) {
  GateAnswer answer = {0, 0, false};
  const int16_t* weight = gate.matrix;
  for (int32_t row = 0; row < gate.rows; ++row) {
    int64_t sum = 0;
    for (int32_t i = 0; i <= row; ++i) sum += int32_t(z[i]) * *weight++;
    const int64_t length = within(rounded(sum, gate.row_shift[row]), -kMostWhitened, kMostWhitened);
    answer.squared += uint64_t(length * length);
  }
  return answer;
}

template <class Value>
GateAnswer judge_any(const AnomalyGate& gate, const Value* values) {
  int16_t z[kGateWidth];
  normalise(gate, values, z);
  GateAnswer answer = gate.kind == GateKind::whitening ? whiten(gate, z) : nearest_centre(gate, z);
  answer.anomaly = answer.squared > gate.threshold;
  return answer;
}

}  // namespace

bool valid(const AnomalyGate& gate) {
  const bool whitening = gate.kind == GateKind::whitening;
  if (!whitening && gate.kind != GateKind::nearest_centre) return false;
  if (gate.width < 1 || gate.width > kGateWidth) return false;
  if (whitening ? gate.rows != gate.width : gate.rows < 1 || gate.rows > 255) return false;
  for (int32_t i = 0; i < gate.width; ++i) {
    if (gate.multiplier[i] < 1 || gate.multiplier[i] > 32768) return false;
    if (gate.shift[i] < 1 || gate.shift[i] > 48) return false;
    if (whitening && (gate.row_shift[i] < 1 || gate.row_shift[i] > 30)) return false;
  }
  return true;
}

GateAnswer judge(const AnomalyGate& gate, const int8_t* values) { return judge_any(gate, values); }
GateAnswer judge(const AnomalyGate& gate, const int16_t* values) { return judge_any(gate, values); }

}  // namespace app
}  // namespace tadpole
