// The integer arithmetic of the TFLite int8 specification: requantisation with two roundings.
// Source: "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference"
// (Jacob et al. 2018) section 2.2, and the TFLite int8 quantisation specification.
#ifndef TADPOLE_DEVICE_KERNELS_FIXED_POINT_H_
#define TADPOLE_DEVICE_KERNELS_FIXED_POINT_H_

#include <stdint.h>

namespace tadpole {
namespace kernels {

/// round(a * b / 2^31), halves towards plus infinity, saturated (only a = b = -2^31 needs it).
inline int32_t saturating_rounding_doubling_high_mul(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
  // The specification divides towards zero after adding 2^30 or 1 - 2^30 by sign; that equals this floor.
  return static_cast<int32_t>((static_cast<int64_t>(a) * b + (int64_t{1} << 30)) >> 31);
}

/// round(x / 2^exponent), halves away from zero. exponent in [0, 31].
inline int32_t rounding_divide_by_pot(int32_t x, int32_t exponent) {
  const int32_t mask = static_cast<int32_t>((int64_t{1} << exponent) - 1);
  const int32_t remainder = x & mask;
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

/// x * 2^exponent saturated to 32 bits for exponent > 0, rounded as above for exponent < 0. |exponent| <= 31.
inline int32_t saturating_rounding_multiply_by_pot(int32_t x, int32_t exponent) {
  if (exponent <= 0) return rounding_divide_by_pot(x, -exponent);
  const int64_t shifted = static_cast<int64_t>(x) * (int64_t{1} << exponent);
  if (shifted > INT32_MAX) return INT32_MAX;
  return shifted < INT32_MIN ? INT32_MIN : static_cast<int32_t>(shifted);
}

/// x * multiplier * 2^(shift - 31), rounded twice. multiplier in [2^30, 2^31) or 0, shift in [-31, 30];
/// x * 2^shift wraps around 32 bits where the specification leaves it undefined.
inline int32_t multiply_by_quantized_multiplier(int32_t x, int32_t multiplier, int32_t shift) {
  const int32_t left = shift > 0 ? shift : 0;
  const int32_t right = shift > 0 ? 0 : -shift;
  const int32_t shifted = static_cast<int32_t>(static_cast<uint32_t>(x) << left);
  return rounding_divide_by_pot(saturating_rounding_doubling_high_mul(shifted, multiplier), right);
}

/// value + zero, held to [low, high]; low, high and zero lie in the range of T, int8_t or int16_t. Never
/// overflows.
template <class T = int8_t>
inline T add_zero_and_clamp(int32_t value, int32_t zero, int32_t low, int32_t high) {
  if (value < low - zero) return static_cast<T>(low);
  if (value > high - zero) return static_cast<T>(high);
  return static_cast<T>(value + zero);
}

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_FIXED_POINT_H_
