// Requantisation of 64-bit sums, as layers with int16 activations and int8 weights have them.
// Source: TFLite kernels/internal/common.cc, MultiplyByQuantizedMultiplier for 64-bit values: a multiplier of
// 15 bits, one rounding, halves towards plus infinity.
#ifndef TADPOLE_DEVICE_KERNELS_FIXED_POINT_64_H_
#define TADPOLE_DEVICE_KERNELS_FIXED_POINT_64_H_

#include <stdint.h>

namespace tadpole {
namespace kernels {

/// round(x * multiplier / 2^right_shift), cut to 32 bits. |x| < 2^47, multiplier in [0, 2^15), right_shift in
/// [8, 46].
inline int32_t requantise_64(int64_t x, int32_t multiplier, int32_t right_shift) {
  const int64_t product = x * multiplier + (int64_t{1} << (right_shift - 1));
  return static_cast<int32_t>(static_cast<uint32_t>(product >> right_shift));
}

/// Entry `index` of an array of 64-bit numbers kept as two words each, the low one first.
inline int64_t number_64(const int32_t* words, int32_t index) {
  return static_cast<int64_t>(words[2 * index + 1]) * (int64_t{1} << 32) +
         static_cast<uint32_t>(words[2 * index]);
}

inline int16_t clamp_int16(int32_t value, int32_t low, int32_t high) {
  return static_cast<int16_t>(value < low ? low : value > high ? high : value);
}

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_FIXED_POINT_64_H_
