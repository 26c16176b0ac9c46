// Square root and logarithm from additions, products and divisions of float32 only: the same bits on every
// IEEE machine, with any mathematical library or none. For code compiled without fused multiply-add.
#ifndef TADPOLE_DEVICE_DSP_FLOAT_MATH_H_
#define TADPOLE_DEVICE_DSP_FLOAT_MATH_H_

#include <stdint.h>
#include <string.h>

namespace tadpole {
namespace dsp {

inline uint32_t float_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  return bits;
}

inline float float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

/// Neither infinite nor not a number.
inline bool is_finite(float value) { return (float_bits(value) & 0x7f800000u) != 0x7f800000u; }

/// Square root of a finite value; 0 for what is not above 0. Relative error below 2^-22.
/// Source: Newton's iteration from half of the exponent.
inline float square_root(float value) {
  if (!(value > 0)) return 0;
  float root = float_of_bits(0x1fbb4f2eu + (float_bits(value) >> 1));
  for (int32_t i = 0; i < 4; ++i) root = 0.5f * (root + value / root);
  return root;
}

/// Natural logarithm of a normal value above 0. Error below 2e-7 of the result plus 1e-7.
/// Source: ln m = 2 artanh((m - 1) / (m + 1)), with m from sqrt(1/2) to sqrt(2).
inline float natural_log(float value) {
  const uint32_t bits = float_bits(value);
  int32_t exponent = static_cast<int32_t>(bits >> 23) - 127;
  float mantissa = float_of_bits((bits & 0x7fffffu) | 0x3f800000u);
  if (mantissa > 1.41421356f) {
    mantissa = 0.5f * mantissa;
    ++exponent;
  }
  const float s = (mantissa - 1.0f) / (mantissa + 1.0f), square = s * s;
  const float series =
      0.33333333f + square * (0.2f + square * (0.14285714f + square * (0.11111111f + square * 0.09090909f)));
  return 2.0f * (s + s * square * series) + static_cast<float>(exponent) * 0.69314718f;
}

}  // namespace dsp
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_DSP_FLOAT_MATH_H_
