// Quantise a batch, multiply integers, scale back.
#include "device/kernels/ref/weighted_hybrid.h"

#include "device/kernels/ref/windows.h"

namespace tadpole {
namespace kernels {

namespace {

/// How one batch was quantised: real = scale * (stored - zero).
struct InputScale {
  float scale;
  int32_t zero;
};

/// Rounded to nearest, halves away from zero, and held; `zero` for what is not a number.
int8_t round_and_clamp(float steps, int32_t zero, int32_t low, int32_t high) {
  if (steps >= static_cast<float>(high)) return static_cast<int8_t>(high);
  if (steps <= static_cast<float>(low)) return static_cast<int8_t>(low);
  if (!(steps == steps)) return static_cast<int8_t>(zero);
  const int32_t whole = static_cast<int32_t>(steps);
  const float left = steps - static_cast<float>(whole);  // exact: both are near
  return static_cast<int8_t>(whole + (left >= 0.5f ? 1 : left <= -0.5f ? -1 : 0));
}

InputScale all_zero(ptrdiff_t count, int8_t* out) {
  for (ptrdiff_t i = 0; i < count; ++i) out[i] = 0;
  return {1.0f, 0};
}

InputScale quantise_symmetric(const float* in, ptrdiff_t count, float low, float high, int8_t* out) {
  const float range = -low > high ? -low : high;
  if (!(range > 0)) return all_zero(count, out);
  const float inverse = 127.0f / range;
  for (ptrdiff_t i = 0; i < count; ++i) out[i] = round_and_clamp(in[i] * inverse, 0, -127, 127);
  return {range / 127.0f, 0};
}

/// The zero point is taken from the end of the range where it is more exact.
InputScale quantise_asymmetric(const float* in, ptrdiff_t count, double low, double high, int8_t* out) {
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
  for (ptrdiff_t i = 0; i < count; ++i) out[i] = round_and_clamp(offset + in[i] * inverse, zero, -128, 127);
  return {scale, zero};
}

InputScale quantise(bool symmetric, const float* in, ptrdiff_t count, int8_t* out) {
  float low = 0, high = 0;
  for (ptrdiff_t i = 0; i < count; ++i) {
    if (in[i] < low) low = in[i];
    if (in[i] > high) high = in[i];
  }
  if (symmetric) return quantise_symmetric(in, count, low, high, out);
  return quantise_asymmetric(in, count, static_cast<double>(low), static_cast<double>(high), out);
}

template <class Params>
struct Finish {
  const Params& params;
  float scale;
  float operator()(int32_t sum, int32_t o) const {
    const float real = static_cast<float>(sum);
    const float scaled =
        params.scales_first ? real * (scale * params.scale[o]) : real * params.scale[o] * scale;
    const float value = scaled + params.bias[o];
    return value < params.clamp_min ? params.clamp_min : value > params.clamp_max ? params.clamp_max : value;
  }
};

}  // namespace

void hybrid_conv_2d(const HybridConv2dParams& params, const float* in, float* out, int8_t* scratch) {
  const Window2d& w = params.window;
  const auto weight = [&params](ptrdiff_t i) { return params.weights[i]; };
  for (int32_t n = 0; n < w.batches; ++n, in += in_map_size(w), out += out_map_size(w)) {
    const InputScale scale = quantise(params.symmetric != 0, in, in_map_size(w), scratch);
    const auto product = [&scale](int32_t value, int32_t by) { return (value - scale.zero) * by; };
    conv_map<int32_t>(w, scratch, out, weight, product, Finish<HybridConv2dParams>{params, scale.scale});
  }
}

void hybrid_depthwise_conv_2d(const HybridDepthwiseConv2dParams& params, const float* in, float* out,
                              int8_t* scratch) {
  const Window2d& w = params.window;
  const auto weight = [&params](ptrdiff_t i) { return params.weights[i]; };
  for (int32_t n = 0; n < w.batches; ++n, in += in_map_size(w), out += out_map_size(w)) {
    const InputScale scale = quantise(params.symmetric != 0, in, in_map_size(w), scratch);
    const auto product = [&scale](int32_t value, int32_t by) { return (value - scale.zero) * by; };
    depthwise_map<int32_t>(w, scratch, out, weight, product,
                           Finish<HybridDepthwiseConv2dParams>{params, scale.scale});
  }
}

}  // namespace kernels
}  // namespace tadpole
