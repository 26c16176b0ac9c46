// Follows TFLite's quantization_util formulas, so that the constants are the same to the bit.
#include "plan/scaling.h"

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>

namespace tadpole::plan {

FixedFactor fixed_factor(double real) {
  if (real == 0) return {0, 0};
  int shift = 0;
  const double fraction = std::frexp(real, &shift);
  auto multiplier = static_cast<int64_t>(std::round(fraction * (int64_t{1} << 31)));
  if (multiplier == int64_t{1} << 31) {
    multiplier /= 2;
    ++shift;
  }
  if (shift < -31) return {0, 0};
  if (shift > 30) return {INT32_MAX, 30};
  return {static_cast<int32_t>(multiplier), shift};
}

FixedFactor fixed_factor_of_mean(double scale, int64_t count) {
  const FixedFactor whole = fixed_factor(scale);
  int shift = 63 - std::countl_zero(static_cast<uint64_t>(count));
  shift = std::min({shift, 32, 31 + whole.shift});
  const int64_t divided = (static_cast<int64_t>(whole.multiplier) << shift) / count;
  return {static_cast<int32_t>(divided), whole.shift - shift};
}

namespace {

/// The range of an activation within [low, high]; stored(real) is a real number's stored value.
template <class Stored>
ClampInt8 clamp_within(ir::Activation activation, int32_t low, int32_t high, Stored stored) {
  switch (activation) {
    case ir::Activation::none:
      return {low, high};
    case ir::Activation::relu:
      return {std::max(low, stored(0)), high};
    case ir::Activation::relu6:
      return {std::max(low, stored(0)), std::min(high, stored(6))};
    case ir::Activation::relu_n1_to_1:
      return {std::max(low, stored(-1)), std::min(high, stored(1))};
  }
  return {low, high};
}

}  // namespace

ClampInt8 clamp_int8(ir::Activation activation, float scale, int32_t zero_point) {
  return clamp_within(activation, -128, 127, [&](float real) {
    const float steps = std::round(real / scale);
    return zero_point + static_cast<int32_t>(std::clamp(steps, -1024.0f, 1024.0f));
  });
}

ClampInt8 clamp_int16(ir::Activation activation, float scale) {
  return clamp_within(activation, INT16_MIN, INT16_MAX, [&](float real) {
    return static_cast<int32_t>(std::clamp(std::round(real / scale), -65536.0f, 65536.0f));
  });
}

ClampInt8 clamp_int32(ir::Activation activation) {
  return clamp_within(activation, INT32_MIN, INT32_MAX,
                      [](float real) { return static_cast<int32_t>(real); });
}

ClampFloat clamp_float(ir::Activation activation) {
  switch (activation) {
    case ir::Activation::none:
      return {-FLT_MAX, FLT_MAX};
    case ir::Activation::relu:
      return {0, FLT_MAX};
    case ir::Activation::relu6:
      return {0, 6};
    case ir::Activation::relu_n1_to_1:
      return {-1, 1};
  }
  return {-FLT_MAX, FLT_MAX};
}

SoftmaxFactor softmax_factor(double beta, double scale) {
  constexpr int kIntegerBits = 5;
  const double in_steps = beta * scale * (int64_t{1} << (31 - kIntegerBits));
  const FixedFactor factor = fixed_factor(std::min(in_steps, static_cast<double>(INT32_MAX)));
  const double largest = ((1 << kIntegerBits) - 1) * static_cast<double>(int64_t{1} << (31 - kIntegerBits)) /
                         std::ldexp(1.0, factor.shift);
  return {factor, -static_cast<int32_t>(std::floor(std::min(largest, 1024.0)))};
}

}  // namespace tadpole::plan
