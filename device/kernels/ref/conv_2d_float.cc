// Output channels innermost: one sum for each, in the same order whatever the vector width.
#include "device/kernels/ref/conv_2d_float.h"

namespace tadpole {
namespace kernels {

namespace {

void start(const float* bias, float* __restrict out, int32_t count) {
  for (int32_t o = 0; o < count; ++o) out[o] = bias[o];
}

void multiply_add(float value, const float* __restrict weights, float* __restrict out, int32_t count) {
  for (int32_t o = 0; o < count; ++o) out[o] += value * weights[o];
}

void multiply_add_each(const float* __restrict values, const float* __restrict weights, float* __restrict out,
                       int32_t count) {
  for (int32_t o = 0; o < count; ++o) out[o] += values[o] * weights[o];
}

void clamp(float low, float high, float* out, int32_t count) {
  for (int32_t o = 0; o < count; ++o) {
    const float value = out[o] < low ? low : out[o];
    out[o] = value > high ? high : value;
  }
}

/// Calls visit(input pixel, index of the tap) for the taps of one window that lie inside the map.
template <class Visit>
void for_each_tap(const Window2d& w, const float* in, int32_t y, int32_t x, Visit visit) {
  for (int32_t i = 0; i < w.filter_h; ++i) {
    const int32_t row = y * w.stride_h - w.pad_top + i * w.dilation_h;
    if (row < 0 || row >= w.in_h) continue;
    for (int32_t j = 0; j < w.filter_w; ++j) {
      const int32_t column = x * w.stride_w - w.pad_left + j * w.dilation_w;
      if (column < 0 || column >= w.in_w) continue;
      visit(in + (ptrdiff_t(row) * w.in_w + column) * w.in_c, i * w.filter_w + j);
    }
  }
}

}  // namespace

void conv_2d_float(const Conv2dFloatParams& params, const float* in, float* out) {
  const Window2d& w = params.window;
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    for (int32_t y = 0; y < w.out_h; ++y) {
      for (int32_t x = 0; x < w.out_w; ++x, out += w.out_c) {
        start(params.bias, out, w.out_c);
        for_each_tap(w, in, y, x, [&](const float* pixel, int32_t tap) {
          const float* weights = params.weights + ptrdiff_t(tap) * w.in_c * w.out_c;
          for (int32_t c = 0; c < w.in_c; ++c, weights += w.out_c) {
            multiply_add(pixel[c], weights, out, w.out_c);
          }
        });
        clamp(params.clamp_min, params.clamp_max, out, w.out_c);
      }
    }
  }
}

void depthwise_conv_2d_float(const DepthwiseConv2dFloatParams& params, const float* in, float* out) {
  const Window2d& w = params.window;
  const int32_t multiplier = w.out_c / w.in_c;
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    for (int32_t y = 0; y < w.out_h; ++y) {
      for (int32_t x = 0; x < w.out_w; ++x, out += w.out_c) {
        start(params.bias, out, w.out_c);
        for_each_tap(w, in, y, x, [&](const float* pixel, int32_t tap) {
          const float* weights = params.weights + ptrdiff_t(tap) * w.out_c;
          if (multiplier == 1) {
            multiply_add_each(pixel, weights, out, w.out_c);
          } else {
            for (int32_t c = 0; c < w.in_c; ++c) {
              multiply_add(pixel[c], weights + c * multiplier, out + c * multiplier, multiplier);
            }
          }
        });
        clamp(params.clamp_min, params.clamp_max, out, w.out_c);
      }
    }
  }
}

}  // namespace kernels
}  // namespace tadpole
