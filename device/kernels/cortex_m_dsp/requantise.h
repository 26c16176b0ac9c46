// Requantisation in four instructions, equal to the specification's two roundings.
//
// Given x = 2^s * acc with 2 <= s <= 8 and |acc| < 2^(31 - s), multiplier m in [2^30, 2^31), right shift e in
// [0, 16], zero point z:
//   F = e + s - 1,  C = 2^(s-2) + (e ? 2^(e+s-2) : 0) + z * 2^F,
//   t = C + floor(x * m / 2^32) - (acc < 0 and e ? 2^(s-1) : 0),  result = t >> F.
// Proof. Nested floors with integers inside merge, so without the last term t >> F is
//   z + floor((acc * m + 2^30 + [e > 0] 2^(e+30)) / 2^(e+31)).
// The specification has y = floor((acc * m + 2^30) / 2^31), then z + y for e = 0 (equal), else
// z + floor((y + 2^(e-1) - [y < 0]) / 2^e), which merges to the same for y >= 0; for y < 0 its -1 is 2^31 in
// the numerator above, that is 2^(s-1) in t. acc < 0 while y = 0 happens for -2^30 <= acc * m < 0: the
// numerator with the term lies in [2^(e+30) - 2^31, 2^(e+31)), so both give z. No sum leaves 32 bits: the
// product is below 2^30 and |C| at most 2^30 + 2^22 + 2^6, negative only as far as -2^30. When negative sums
// are clamped to z anyway (ReLU), the last term cannot be seen and is left out.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_REQUANTISE_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_REQUANTISE_H_

#include "device/kernels/cortex_m_dsp/intrinsics.h"

namespace tadpole {
namespace kernels {
namespace dsp {

constexpr int32_t kMaxRightShift = 16;
constexpr int32_t kMaxAccumulator = (1 << 23) - 1;  ///< with s = 8

/// C of the formula above; kBits is s.
template <int32_t kBits = 8>
constexpr int32_t requantise_offset(int32_t right_shift, int32_t zero) {
  return (1 << (kBits - 2)) + (right_shift ? 1 << (right_shift + kBits - 2) : 0) +
         zero * (1 << (right_shift + kBits - 1));
}

/// kRelu: the clamp is [-128, 127] and z is -128. Otherwise the clamp is [low, high].
template <bool kRelu, int32_t kBits = 8>
inline int8_t requantise(int32_t x, int32_t m, int32_t c, int32_t f, int32_t low, int32_t high) {
  int32_t t = smmla(x, m, c);
  if (kRelu) return static_cast<int8_t>(ssat8(t >> f));
  if (f > kBits - 1) t -= (x >> 31) & (1 << (kBits - 1));
  const int32_t value = t >> f;
  return static_cast<int8_t>(value < low ? low : value > high ? high : value);
}

}  // namespace dsp
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_REQUANTISE_H_
