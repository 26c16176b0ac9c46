// Argument reduction and short polynomials.
#include "device/kernels/float_functions.h"

#include <stdint.h>
#include <string.h>

namespace tadpole {
namespace kernels {

namespace {

float of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/// e^(x - k ln 2) for k near x / ln 2.
float exp_of_rest(float x, int32_t k) {
  // ln 2 in two parts so that the rest keeps its bits (Cody and Waite 1980).
  const float r = (x - static_cast<float>(k) * 0.693359375f) - static_cast<float>(k) * -2.12194440e-4f;
  // Taylor to the 7th power: the remainder is below 0.35^8 / 8! = 6e-9.
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return p;
}

}  // namespace

float exp_of_negative(float x) {
  if (!(x >= -87.0f)) return 0.0f;
  const int32_t k = static_cast<int32_t>(x * 1.44269504f - 0.5f);
  return exp_of_rest(x, k) * of_bits(static_cast<uint32_t>(k + 127) << 23);
}

float exponential(float x) {
  if (x <= 0) return exp_of_negative(x);
  if (x != x) return x;
  if (x > 88.8f) return of_bits(0x7f800000u);
  const int32_t k = static_cast<int32_t>(x * 1.44269504f + 0.5f);
  // 2^k in two factors: 2^128 is no float, although the product may be one.
  return 2.0f * exp_of_rest(x, k) * of_bits(static_cast<uint32_t>(k - 1 + 127) << 23);
}

float logistic(float x) {
  const float e = exp_of_negative(x < 0 ? x : -x);
  return x < 0 ? e / (1.0f + e) : 1.0f / (1.0f + e);
}

float hyperbolic_tangent(float x) {
  const float size = x < 0 ? -x : x;
  if (size < 0.625f) {
    // Near 0 the quotient below would lose its bits. Coefficients: Cephes tanhf (Moshier 1989).
    const float z = x * x;
    float p = -5.70498872745e-3f;
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    return x + x * z * p;
  }
  const float e = exp_of_negative(-2.0f * size);
  const float of_positive = (1.0f - e) / (1.0f + e);
  return x < 0 ? -of_positive : of_positive;
}

float inverse_square_root(float x) {
  if (x == 0) return of_bits(0x7f800000u);
  if (!(x > 0)) return of_bits(0x7fc00000u);
  if (x > 3.4e38f) return x == of_bits(0x7f800000u) ? 0.0f : 5.42101086e-20f;
  float scale = 1.0f;
  if (x < 1.0e-30f) {  // keeps small numbers out of the range in which floats lose bits
    x *= 16777216.0f;
    scale = 4096.0f;
  }
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  // A first guess by halving the exponent, then four Newton steps, each of which doubles the right bits.
  float root = of_bits(0x5f3759dfu - (bits >> 1));
  for (int i = 0; i < 4; ++i) root = root * (1.5f - 0.5f * x * root * root);
  return root * scale;
}

}  // namespace kernels
}  // namespace tadpole
