// One loop for each index, nothing folded: slow and plain on purpose.
#include "device/kernels/ref/conv_2d_int8.h"

#include "device/kernels/fixed_point.h"

namespace tadpole {
namespace kernels {

namespace {

/// The accumulator of one output value; y and x are the window's top left corner in the input.
int32_t accumulate(const Conv2dInt8Params& params, const int8_t* in, int32_t y, int32_t x, int32_t channel) {
  const Window2d& w = params.window;
  const int8_t* weights = params.weights + ptrdiff_t(channel) * w.filter_h * w.filter_w * w.in_c;
  int32_t sum = params.bias[channel];
  for (int32_t i = 0; i < w.filter_h; ++i) {
    const int32_t row = y + i * w.dilation_h;
    for (int32_t j = 0; j < w.filter_w; ++j, weights += w.in_c) {
      const int32_t column = x + j * w.dilation_w;
      if (row < 0 || row >= w.in_h || column < 0 || column >= w.in_w) continue;
      const int8_t* pixel = in + (ptrdiff_t(row) * w.in_w + column) * w.in_c;
      for (int32_t c = 0; c < w.in_c; ++c) sum += (pixel[c] - params.in_zero) * weights[c];
    }
  }
  return sum;
}

}  // namespace

void conv_2d_int8(const Conv2dInt8Params& params, const int8_t* in, int8_t* out) {
  const Window2d& w = params.window;
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    for (int32_t y = 0; y < w.out_h; ++y) {
      for (int32_t x = 0; x < w.out_w; ++x) {
        for (int32_t o = 0; o < w.out_c; ++o) {
          const int32_t sum =
              accumulate(params, in, y * w.stride_h - w.pad_top, x * w.stride_w - w.pad_left, o);
          const int32_t scaled = multiply_by_quantized_multiplier(sum, params.multiplier[o], params.shift[o]);
          *out++ = add_zero_and_clamp(scaled, params.out_zero, params.clamp_min, params.clamp_max);
        }
      }
    }
  }
}

}  // namespace kernels
}  // namespace tadpole
