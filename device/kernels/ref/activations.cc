// Functions of one value; the sources of the formulas stand at each.
#include "device/kernels/ref/activations.h"

#include "device/kernels/fixed_point.h"
#include "device/kernels/fixed_point_functions.h"
#include "device/kernels/float_functions.h"
#include "device/kernels/sigmoid_table.h"

namespace tadpole {
namespace kernels {

namespace {

template <class T, class Function>
void for_each(int32_t count, const T* in, T* out, Function function) {
  for (int32_t i = 0; i < count; ++i) out[i] = function(in[i]);
}

/// `of` takes F4 to F0; its value is rounded to `bits` bits. Source: TFLite integer_ops/logistic.h, tanh.h.
int8_t sigmoid(const SigmoidInt8Params& params, int8_t x, int32_t (*of)(int32_t), int32_t bits,
               int32_t zero) {
  const int32_t value = x - params.in_zero;
  if (value <= -params.in_range_radius) return INT8_MIN;
  if (value >= params.in_range_radius) return INT8_MAX;
  const int32_t result = of(multiply_by_quantized_multiplier(value, params.multiplier, params.shift));
  return add_zero_and_clamp(rounding_divide_by_pot(result, 31 - bits), zero, INT8_MIN, INT8_MAX);
}

int32_t to_table_steps(const SigmoidInt16Params& params, int16_t x) {
  const int32_t half = params.shift > 0 ? 1 << (params.shift - 1) : 0;
  return (x * params.multiplier + half) >> params.shift;
}

template <class T>
T with_two_slopes(const TwoSlopesParams& params, T x, int32_t low, int32_t high) {
  const int32_t value = x - params.in_zero;
  const int32_t scaled =
      value >= 0 ? multiply_by_quantized_multiplier(value, params.positive_multiplier, params.positive_shift)
                 : multiply_by_quantized_multiplier(value, params.negative_multiplier, params.negative_shift);
  return add_zero_and_clamp<T>(scaled, params.out_zero, low, high);
}

template <class T>
T absolute(const FactorParams& params, T x, int32_t low, int32_t high) {
  const int32_t value = x - params.in_zero;
  const int32_t scaled =
      multiply_by_quantized_multiplier(value < 0 ? -value : value, params.multiplier, params.shift);
  return add_zero_and_clamp<T>(scaled, params.out_zero, low, high);
}

int32_t saturated_int16(int32_t x) { return x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : x; }

/// round(a * b / 2^15) of 16-bit numbers.
int32_t rounding_high_mul(int32_t a, int32_t b) { return saturated_int16((a * b + (1 << 14)) >> 15); }

/// x * 2^shift of a 16-bit number, saturated.
int32_t saturating_left_shift(int32_t x, int32_t shift) {
  const int64_t shifted = static_cast<int64_t>(x) * (int64_t{1} << shift);
  return shifted > INT16_MAX ? INT16_MAX : shifted < INT16_MIN ? INT16_MIN : static_cast<int32_t>(shifted);
}

/// Source: TFLite reference kernels hard_swish.h.
int8_t hard_swish(const HardSwishInt8Params& params, int8_t x) {
  const int32_t fine = (x - params.in_zero) * (1 << 7);
  // The gate is x / 3 held to [-1, 1], then brought to [0, 1], in steps of 2^-15. The left shift is split so
  // that the only saturation that counts is the last one.
  int32_t gate = fine;
  if (params.gate_shift > 0) gate = saturating_left_shift(gate, params.gate_shift - 1);
  gate = rounding_high_mul(gate, params.gate_multiplier);
  if (params.gate_shift > 0) gate = saturating_left_shift(gate, 1);
  if (params.gate_shift < 0) gate = rounding_divide_by_pot(gate, -params.gate_shift);
  gate = (gate + (1 << 15)) >> 1;
  // This product is cut, not rounded: the two biases cancel.
  const int32_t product = gate * rounding_high_mul(fine, params.out_multiplier) / (1 << 15);
  return add_zero_and_clamp(rounding_divide_by_pot(product, -params.out_shift), params.out_zero, INT8_MIN,
                            INT8_MAX);
}

/// Source: TFLite Micro elementwise.cc, RSQRT.
int8_t reciprocal_root(const FactorParams& params, int8_t x) {
  constexpr int32_t kFractionBits = 20;
  const int32_t value = x - params.in_zero;
  if (value <= 0) return INT8_MAX;
  const InverseSquareRoot root = inverse_square_root_fixed(value);
  const int32_t fine = multiply_by_quantized_multiplier(1, root.multiplier, root.shift + kFractionBits);
  const int32_t scaled =
      multiply_by_quantized_multiplier(fine, params.multiplier, params.shift - kFractionBits);
  return add_zero_and_clamp(scaled, params.out_zero, INT8_MIN, INT8_MAX);
}

}  // namespace

void logistic_int8(const SigmoidInt8Params& params, const int8_t* in, int8_t* out) {
  for_each(params.count, in, out, [&](int8_t x) { return sigmoid(params, x, logistic_fixed, 8, -128); });
}
void tanh_int8(const SigmoidInt8Params& params, const int8_t* in, int8_t* out) {
  for_each(params.count, in, out, [&](int8_t x) { return sigmoid(params, x, tanh_fixed, 7, 0); });
}
void hard_swish_int8(const HardSwishInt8Params& params, const int8_t* in, int8_t* out) {
  for_each(params.count, in, out, [&](int8_t x) { return hard_swish(params, x); });
}
// Source: TFLite reference kernels leaky_relu.h.
void leaky_relu_int8(const TwoSlopesParams& params, const int8_t* in, int8_t* out) {
  for_each(params.count, in, out, [&](int8_t x) { return with_two_slopes(params, x, INT8_MIN, INT8_MAX); });
}
// Source: TFLite Micro elementwise.cc, ABS.
void abs_int8(const FactorParams& params, const int8_t* in, int8_t* out) {
  for_each(params.count, in, out, [&](int8_t x) { return absolute(params, x, INT8_MIN, INT8_MAX); });
}
void rsqrt_int8(const FactorParams& params, const int8_t* in, int8_t* out) {
  for_each(params.count, in, out, [&](int8_t x) { return reciprocal_root(params, x); });
}

void logistic_int16(const SigmoidInt16Params& params, const int16_t* in, int16_t* out) {
  for_each(params.count, in, out, [&](int16_t x) { return logistic_of_table(to_table_steps(params, x)); });
}
void tanh_int16(const SigmoidInt16Params& params, const int16_t* in, int16_t* out) {
  for_each(params.count, in, out, [&](int16_t x) { return tanh_of_table(to_table_steps(params, x)); });
}
void leaky_relu_int16(const TwoSlopesParams& params, const int16_t* in, int16_t* out) {
  for_each(params.count, in, out,
           [&](int16_t x) { return with_two_slopes(params, x, INT16_MIN, INT16_MAX); });
}
void abs_int16(const FactorParams& params, const int16_t* in, int16_t* out) {
  for_each(params.count, in, out, [&](int16_t x) { return absolute(params, x, INT16_MIN, INT16_MAX); });
}

void logistic_float(const ActivationFloatParams& params, const float* in, float* out) {
  for_each(params.count, in, out, logistic);
}
void tanh_float(const ActivationFloatParams& params, const float* in, float* out) {
  for_each(params.count, in, out, hyperbolic_tangent);
}
void hard_swish_float(const ActivationFloatParams& params, const float* in, float* out) {
  for_each(params.count, in, out, [](float x) {
    const float gate = x + 3.0f;
    return x * (gate < 0 ? 0.0f : gate > 6 ? 6.0f : gate) / 6.0f;
  });
}
void leaky_relu_float(const ActivationFloatParams& params, const float* in, float* out) {
  for_each(params.count, in, out, [&](float x) { return x > 0 ? x : x * params.slope; });
}
void abs_float(const ActivationFloatParams& params, const float* in, float* out) {
  for_each(params.count, in, out, [](float x) { return x < 0 ? -x : x == 0 ? 0.0f : x; });
}
void exp_float(const ActivationFloatParams& params, const float* in, float* out) {
  for_each(params.count, in, out, exponential);
}
void rsqrt_float(const ActivationFloatParams& params, const float* in, float* out) {
  for_each(params.count, in, out, inverse_square_root);
}

}  // namespace kernels
}  // namespace tadpole
