// The int8 softmax in fixed point; "in Fn" is explained in fixed_point_functions.h.
#include "device/kernels/ref/softmax.h"

#include "device/kernels/fixed_point.h"
#include "device/kernels/fixed_point_functions.h"
#include "device/kernels/float_functions.h"
#include "device/kernels/ref/samples.h"

namespace tadpole {
namespace kernels {

namespace {

constexpr int32_t kSumIntegerBits = 12;  // the sum of exponentials is in F12
constexpr int32_t kDiffIntegerBits = 5;  // differences are in F5

/// e^(in_scale * beta * diff) in F0 for diff in [diff_min, 0].
int32_t exp_of_difference(const SoftmaxInt8Params& params, int32_t diff) {
  return exp_of_negative_fixed(multiply_by_quantized_multiplier(diff, params.multiplier, params.shift),
                               kDiffIntegerBits);
}

/// Out: int8_t or int16_t, all of whose bits hold the fraction.
template <class Out>
void softmax_row(const SoftmaxInt8Params& params, const int8_t* in, Out* out) {
  constexpr int32_t kBits = 8 * static_cast<int32_t>(sizeof(Out)), kLeast = -(1 << (kBits - 1));
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
      out[c] = static_cast<Out>(kLeast);
      continue;
    }
    const int32_t product = saturating_rounding_doubling_high_mul(scale, exp_of_difference(params, diff));
    const int32_t steps = rounding_divide_by_pot(product, bits_over_one + 31 - kBits) + kLeast;
    out[c] = static_cast<Out>(steps < -kLeast ? steps : -kLeast - 1);
  }
}

int32_t saturated_int16(int32_t x) { return x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : x; }

void softmax_row(const SoftmaxInt16Params& params, const int16_t* in, int16_t* out) {
  int32_t most = in[0];
  for (int32_t c = 1; c < params.cols; ++c) most = in[c] > most ? in[c] : most;
  int32_t sum = 0;  // in steps of 2^-15
  for (int32_t c = 0; c < params.cols; ++c) {
    const int32_t diff = multiply_by_quantized_multiplier(in[c] - most, params.multiplier, params.shift);
    out[c] = interpolate(params.exp_table, saturated_int16(diff + INT16_MAX));
    sum += out[c];
  }
  // sum = (1 + x) * 2^(16 - headroom) with x in [0, 1); x goes to the table in steps of 2^-16 around 1/2.
  const int32_t headroom = leading_zeros(static_cast<uint32_t>(sum));
  const int64_t normal = (static_cast<int64_t>(sum) << (headroom - 1)) + (1 << 13);
  const int32_t x = static_cast<int32_t>(normal >> 14) - (1 << 15) - (1 << 16);
  const int32_t scale = interpolate(params.reciprocal_table, saturated_int16(x));
  const int32_t right_shift = 31 - headroom;
  for (int32_t c = 0; c < params.cols; ++c) {
    const int32_t result = (out[c] * scale + (1 << (right_shift - 1))) >> right_shift;
    out[c] = static_cast<int16_t>(result < 0 ? 0 : saturated_int16(result));
  }
}

template <class Params, class In, class Out>
void softmax_rows(const Params& params, const In* in, Out* out) {
  for (int32_t row = 0; row < params.rows; ++row) {
    softmax_row(params, in + ptrdiff_t(row) * params.cols, out + ptrdiff_t(row) * params.cols);
  }
}

}  // namespace

void softmax_int8(const SoftmaxInt8Params& params, const int8_t* in, int8_t* out) {
  softmax_rows(params, in, out);
}

void softmax_int8_to_int16(const SoftmaxInt8Params& params, const int8_t* in, int16_t* out) {
  softmax_rows(params, in, out);
}

void softmax_int16(const SoftmaxInt16Params& params, const int16_t* in, int16_t* out) {
  softmax_rows(params, in, out);
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
