// The int8 softmax in fixed point. A number "in Fn" has n integer bits: real = raw / 2^(31 - n).
// Source of the method and of its constants: gemmlowp's fixed point (exp by a Taylor polynomial around -1/8
// and a product of stored powers; the reciprocal by three Newton-Raphson steps), which the TFLite int8
// specification follows to the bit.
#include "device/kernels/ref/softmax.h"

#include <string.h>

#include "device/kernels/fixed_point.h"

namespace tadpole {
namespace kernels {

namespace {

constexpr int32_t kOneF0 = INT32_MAX;
constexpr int32_t kOneF2 = 1 << 29;
constexpr int32_t kDiffFractionBits = 26;  // differences are in F5
constexpr int32_t kSumIntegerBits = 12;    // the sum of exponentials is in F12

int32_t mul(int32_t a, int32_t b) { return saturating_rounding_doubling_high_mul(a, b); }

/// e^a in F0 for a in [-1/4, 0) in F0.
int32_t exp_near_zero(int32_t a) {
  constexpr int32_t kExpOfMinusEighth = 1895147668;
  constexpr int32_t kThird = 715827883;
  const int32_t x = a + (1 << 28);  // a + 1/8
  const int32_t x2 = mul(x, x);
  const int32_t x3 = mul(x2, x);
  const int32_t x4 = mul(x2, x2);
  const int32_t x4_over_4 = rounding_divide_by_pot(x4, 2);
  const int32_t higher = rounding_divide_by_pot(mul(x4_over_4 + x3, kThird) + x2, 1);
  return kExpOfMinusEighth + mul(kExpOfMinusEighth, x + higher);
}

/// e^a in F0 for a <= 0 in F5.
int32_t exp_of_negative_fixed(int32_t a) {
  if (a == 0) return kOneF0;
  constexpr int32_t kQuarter = 1 << (kDiffFractionBits - 2);
  const int32_t near_zero = (a & (kQuarter - 1)) - kQuarter;
  int32_t result = exp_near_zero(near_zero * (1 << 5));
  // What is left is a sum of powers of two from 1/4 to 16: e^-(2^i) for i = -2 ... 4, in F0.
  constexpr int32_t kPowers[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  const int32_t rest = near_zero - a;
  for (int32_t i = 0; i < 7; ++i) {
    if (rest & (1 << (kDiffFractionBits - 2 + i))) result = mul(result, kPowers[i]);
  }
  return result;
}

/// 1 / (1 + x) in F0 for x in [0, 1) in F0.
int32_t reciprocal_of_one_plus(int32_t x) {
  constexpr int32_t k48Over17 = 1515870810;        // F2
  constexpr int32_t kMinus32Over17 = -1010580540;  // F2
  const int32_t half_denominator = static_cast<int32_t>((static_cast<int64_t>(x) + kOneF0 + 1) / 2);
  int32_t guess = k48Over17 + mul(half_denominator, kMinus32Over17);
  for (int i = 0; i < 3; ++i) {
    const int32_t error = kOneF2 - mul(half_denominator, guess);
    guess += saturating_rounding_multiply_by_pot(mul(guess, error), 2);
  }
  return saturating_rounding_multiply_by_pot(guess, 1);
}

int32_t leading_zeros(uint32_t x) {
  int32_t count = 0;
  for (; count < 32 && !(x & 0x80000000u); x <<= 1) ++count;
  return count;
}

/// e^(in_scale * beta * diff) in F0 for diff in [diff_min, 0].
int32_t exp_of_difference(const SoftmaxInt8Params& params, int32_t diff) {
  return exp_of_negative_fixed(multiply_by_quantized_multiplier(diff, params.multiplier, params.shift));
}

void softmax_row(const SoftmaxInt8Params& params, const int8_t* in, int8_t* out) {
  int32_t most = -128;
  for (int32_t c = 0; c < params.cols; ++c) most = in[c] > most ? in[c] : most;
  int32_t sum = 0;
  for (int32_t c = 0; c < params.cols; ++c) {
    const int32_t diff = in[c] - most;
    if (diff >= params.diff_min) {
      sum += rounding_divide_by_pot(exp_of_difference(params, diff), kSumIntegerBits);
    }
  }
  // sum = (1 + x) * 2^bits_over_one with x in [0, 1).
  const int32_t headroom = leading_zeros(static_cast<uint32_t>(sum));
  const int32_t bits_over_one = kSumIntegerBits - headroom;
  const int32_t x = static_cast<int32_t>((static_cast<uint32_t>(sum) << headroom) - 0x80000000u);
  const int32_t scale = reciprocal_of_one_plus(x);
  for (int32_t c = 0; c < params.cols; ++c) {
    const int32_t diff = in[c] - most;
    if (diff < params.diff_min) {
      out[c] = -128;
      continue;
    }
    const int32_t product = mul(scale, exp_of_difference(params, diff));
    out[c] = add_zero_and_clamp(rounding_divide_by_pot(product, bits_over_one + 31 - 8), -128, -128, 127);
  }
}

}  // namespace

void softmax_int8(const SoftmaxInt8Params& params, const int8_t* in, int8_t* out) {
  for (int32_t row = 0; row < params.rows; ++row) {
    softmax_row(params, in + ptrdiff_t(row) * params.cols, out + ptrdiff_t(row) * params.cols);
  }
}

float exp_of_negative(float x) {
  if (!(x >= -87.0f)) return 0.0f;
  // x = k ln 2 + r with |r| <= ln 2 / 2; ln 2 in two parts so that r keeps its bits (Cody and Waite 1980).
  const int32_t k = static_cast<int32_t>(x * 1.44269504f - 0.5f);
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
  const uint32_t bits = static_cast<uint32_t>(k + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return p * power;
}

void softmax_float(const SoftmaxFloatParams& params, const float* in, float* out) {
  for (int32_t row = 0; row < params.rows; ++row, in += params.cols, out += params.cols) {
    float most = in[0];
    for (int32_t c = 1; c < params.cols; ++c) most = in[c] > most ? in[c] : most;
    float sum = 0;
    for (int32_t c = 0; c < params.cols; ++c) {
      out[c] = exp_of_negative((in[c] - most) * params.beta);
      sum += out[c];
    }
    for (int32_t c = 0; c < params.cols; ++c) out[c] /= sum;
  }
}

}  // namespace kernels
}  // namespace tadpole
