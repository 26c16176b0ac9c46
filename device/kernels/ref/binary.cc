// What happens to a pair of values.
#include "device/kernels/ref/binary.h"

#include "device/kernels/fixed_point.h"

namespace tadpole {
namespace kernels {

namespace {

/// Source of the formula: TFLite reference kernels integer_ops/mul.h.
template <class T>
void mul(const MulParams& params, const T* a, const T* b, T* out) {
  for_each_pair(params.broadcast, a, b, out, [&](T x, T y) {
    const int32_t scaled = multiply_by_quantized_multiplier((x - params.a_zero) * (y - params.b_zero),
                                                            params.multiplier, params.shift);
    return add_zero_and_clamp<T>(scaled, params.out_zero, params.clamp_min, params.clamp_max);
  });
}

/// Source of the formula: TFLite reference kernels prelu.h.
template <class T>
void prelu(const PreluParams& params, const T* in, const int8_t* slope, T* out, int32_t low, int32_t high) {
  for_each_pair(params.broadcast, in, slope, out, [&](T x, int8_t s) {
    const int32_t value = x - params.in_zero;
    const int32_t scaled =
        value >= 0
            ? multiply_by_quantized_multiplier(value, params.positive_multiplier, params.positive_shift)
            : multiply_by_quantized_multiplier(value * (s - params.slope_zero), params.negative_multiplier,
                                               params.negative_shift);
    return add_zero_and_clamp<T>(scaled, params.out_zero, low, high);
  });
}

/// Params is FloatPairParams or IntegerPairParams.
template <class Params, class T, class Combine>
void plain(const Params& params, const T* a, const T* b, T* out, Combine combine) {
  for_each_pair(params.broadcast, a, b, out, [&](T x, T y) {
    const auto value = combine(x, y);
    return static_cast<T>(value < params.clamp_min   ? params.clamp_min
                          : value > params.clamp_max ? params.clamp_max
                                                     : value);
  });
}

template <class T>
T larger_of(T a, T b) {
  return a > b ? a : b;
}
template <class T>
T smaller_of(T a, T b) {
  return a < b ? a : b;
}

// Unsigned numbers wrap around without undefined behaviour.
int32_t wrapped_sum(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}
int32_t wrapped_difference(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b));
}
int32_t wrapped_product(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
}
int32_t wrapped_squared_difference(int32_t a, int32_t b) {
  const int32_t difference = wrapped_difference(a, b);
  return wrapped_product(difference, difference);
}

}  // namespace

void mul_int8(const MulParams& params, const int8_t* a, const int8_t* b, int8_t* out) {
  mul(params, a, b, out);
}
void mul_int16(const MulParams& params, const int16_t* a, const int16_t* b, int16_t* out) {
  mul(params, a, b, out);
}

void prelu_int8(const PreluParams& params, const int8_t* in, const int8_t* slope, int8_t* out) {
  prelu(params, in, slope, out, INT8_MIN, INT8_MAX);
}
void prelu_int16(const PreluParams& params, const int16_t* in, const int8_t* slope, int16_t* out) {
  prelu(params, in, slope, out, INT16_MIN, INT16_MAX);
}
void prelu_float(const FloatPairParams& params, const float* in, const float* slope, float* out) {
  plain(params, in, slope, out, [](float x, float s) { return x >= 0 ? x : x * s; });
}

void add_float(const FloatPairParams& params, const float* a, const float* b, float* out) {
  plain(params, a, b, out, [](float x, float y) { return x + y; });
}
void sub_float(const FloatPairParams& params, const float* a, const float* b, float* out) {
  plain(params, a, b, out, [](float x, float y) { return x - y; });
}
void mul_float(const FloatPairParams& params, const float* a, const float* b, float* out) {
  plain(params, a, b, out, [](float x, float y) { return x * y; });
}
void maximum_float(const FloatPairParams& params, const float* a, const float* b, float* out) {
  plain(params, a, b, out, larger_of<float>);
}
void minimum_float(const FloatPairParams& params, const float* a, const float* b, float* out) {
  plain(params, a, b, out, smaller_of<float>);
}
void squared_difference_float(const FloatPairParams& params, const float* a, const float* b, float* out) {
  plain(params, a, b, out, [](float x, float y) { return (x - y) * (x - y); });
}

void add_int32(const IntegerPairParams& params, const int32_t* a, const int32_t* b, int32_t* out) {
  plain(params, a, b, out, wrapped_sum);
}
void sub_int32(const IntegerPairParams& params, const int32_t* a, const int32_t* b, int32_t* out) {
  plain(params, a, b, out, wrapped_difference);
}
void mul_int32(const IntegerPairParams& params, const int32_t* a, const int32_t* b, int32_t* out) {
  plain(params, a, b, out, wrapped_product);
}
void maximum_int32(const IntegerPairParams& params, const int32_t* a, const int32_t* b, int32_t* out) {
  plain(params, a, b, out, larger_of<int32_t>);
}
void minimum_int32(const IntegerPairParams& params, const int32_t* a, const int32_t* b, int32_t* out) {
  plain(params, a, b, out, smaller_of<int32_t>);
}
void squared_difference_int32(const IntegerPairParams& params, const int32_t* a, const int32_t* b,
                              int32_t* out) {
  plain(params, a, b, out, wrapped_squared_difference);
}

void maximum_int8(const IntegerPairParams& params, const int8_t* a, const int8_t* b, int8_t* out) {
  plain(params, a, b, out, larger_of<int8_t>);
}
void maximum_int16(const IntegerPairParams& params, const int16_t* a, const int16_t* b, int16_t* out) {
  plain(params, a, b, out, larger_of<int16_t>);
}
void minimum_int8(const IntegerPairParams& params, const int8_t* a, const int8_t* b, int8_t* out) {
  plain(params, a, b, out, smaller_of<int8_t>);
}
void minimum_int16(const IntegerPairParams& params, const int16_t* a, const int16_t* b, int16_t* out) {
  plain(params, a, b, out, smaller_of<int16_t>);
}

}  // namespace kernels
}  // namespace tadpole
