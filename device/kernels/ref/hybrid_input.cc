// The range of the values, then each of them.
#include "device/kernels/ref/hybrid_input.h"

namespace tadpole {
namespace kernels {

namespace {

/// Rounded to nearest, halves away from zero, and held; `zero` for what is not a number.
int8_t round_and_clamp(float steps, int32_t zero, int32_t low, int32_t high) {
  if (steps >= static_cast<float>(high)) return static_cast<int8_t>(high);
  if (steps <= static_cast<float>(low)) return static_cast<int8_t>(low);
  if (!(steps == steps)) return static_cast<int8_t>(zero);
  const int32_t whole = static_cast<int32_t>(steps);
  const float left = steps - static_cast<float>(whole);  // exact: both are near
  return static_cast<int8_t>(whole + (left >= 0.5f ? 1 : left <= -0.5f ? -1 : 0));
}

HybridScale all_zero(ptrdiff_t count, int8_t* out) {
  for (ptrdiff_t i = 0; i < count; ++i) out[i] = 0;
  return {1.0f, 0};
}

HybridScale quantise_symmetric(const float* in, ptrdiff_t stride, ptrdiff_t count, float low, float high,
                               int8_t* out) {
  const float range = -low > high ? -low : high;
  if (!(range > 0)) return all_zero(count, out);
  const float inverse = 127.0f / range;
  for (ptrdiff_t i = 0; i < count; ++i) out[i] = round_and_clamp(in[i * stride] * inverse, 0, -127, 127);
  return {range / 127.0f, 0};
}

/// The zero point is taken from the end of the range where it is more exact.
HybridScale quantise_asymmetric(const float* in, ptrdiff_t stride, ptrdiff_t count, double low, double high,
                                int8_t* out) {
  if (low == high) return all_zero(count, out);
  const double step = (high - low) / 255.0;
  const double below = low / step, above = high / step;
  const double from_low = -128.0 - below, from_high = 127.0 - above;
  const double error_low = 128.0 + (below < 0 ? -below : below);
  const double error_high = 127.0 + (above < 0 ? -above : above);
  const double zero_real = error_low < error_high ? from_low : from_high;
  int32_t zero = 127;
  if (zero_real <= -128.0) {
    zero = -128;
  } else if (zero_real < 127.0) {
    zero = static_cast<int32_t>(zero_real);
    const double left = zero_real - static_cast<double>(zero);
    zero += left >= 0.5 ? 1 : left <= -0.5 ? -1 : 0;
  }
  const float scale = static_cast<float>(step);
  const float inverse = 1.0f / scale;
  const float offset = static_cast<float>(zero);
  for (ptrdiff_t i = 0; i < count; ++i)
    out[i] = round_and_clamp(offset + in[i * stride] * inverse, zero, -128, 127);
  return {scale, zero};
}

}  // namespace

HybridScale quantise_hybrid(bool symmetric, const float* in, ptrdiff_t stride, ptrdiff_t count, int8_t* out) {
  float low = 0, high = 0;
  for (ptrdiff_t i = 0; i < count; ++i) {
    if (in[i * stride] < low) low = in[i * stride];
    if (in[i * stride] > high) high = in[i * stride];
  }
  if (symmetric) return quantise_symmetric(in, stride, count, low, high, out);
  return quantise_asymmetric(in, stride, count, static_cast<double>(low), static_cast<double>(high), out);
}

}  // namespace kernels
}  // namespace tadpole
