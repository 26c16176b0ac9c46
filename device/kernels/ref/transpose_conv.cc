// Gathers instead of scattering: the sums need no memory of their own.
#include "device/kernels/ref/transpose_conv.h"

#include "device/kernels/fixed_point.h"
#include "device/kernels/fixed_point_64.h"

namespace tadpole {
namespace kernels {

namespace {

/// The inputs i of one axis that reach output position `at` (padding added): 0 <= at - i * stride < filter.
struct Reach {
  int32_t first, last;
};
Reach reach(int32_t at, int32_t stride, int32_t filter, int32_t size) {
  const int32_t first = at < filter ? 0 : (at - filter) / stride + 1;
  const int32_t last = at / stride;
  return {first, last < size ? last : size - 1};
}

/// out = finish(sum of product(input, weight) over all that reach it, channel).
template <class T, class Weight, class Sum, class Product, class Finish>
void transpose_conv(const Window2d& w, const Weight* weights, const T* in, T* out, Sum zero, Product product,
                    Finish finish) {
  const ptrdiff_t row_size = ptrdiff_t(w.in_w) * w.in_c;
  for (int32_t n = 0; n < w.batches; ++n, in += w.in_h * row_size) {
    for (int32_t y = 0; y < w.out_h; ++y) {
      const Reach rows = reach(y + w.pad_top, w.stride_h, w.filter_h, w.in_h);
      for (int32_t x = 0; x < w.out_w; ++x) {
        const Reach columns = reach(x + w.pad_left, w.stride_w, w.filter_w, w.in_w);
        for (int32_t o = 0; o < w.out_c; ++o) {
          Sum sum = zero;
          for (int32_t i = rows.first; i <= rows.last; ++i) {
            const int32_t tap_row = o * w.filter_h + y + w.pad_top - i * w.stride_h;
            for (int32_t j = columns.first; j <= columns.last; ++j) {
              const int32_t tap_column = x + w.pad_left - j * w.stride_w;
              const Weight* tap = weights + (ptrdiff_t(tap_row) * w.filter_w + tap_column) * w.in_c;
              const T* pixel = in + i * row_size + ptrdiff_t(j) * w.in_c;
              for (int32_t c = 0; c < w.in_c; ++c) sum += product(pixel[c], tap[c]);
            }
          }
          *out++ = finish(sum, o);
        }
      }
    }
  }
}

template <class Params>
float clamped(const Params& params, float value) {
  return value < params.clamp_min ? params.clamp_min : value > params.clamp_max ? params.clamp_max : value;
}

}  // namespace

void transpose_conv_int8(const TransposeConvInt8Params& params, const int8_t* in, int8_t* out) {
  const auto product = [&params](int32_t value, int32_t weight) { return (value - params.in_zero) * weight; };
  const auto finish = [&params](int32_t sum, int32_t o) {
    const int32_t scaled =
        multiply_by_quantized_multiplier(sum + params.bias[o], params.multiplier[o], params.shift[o]);
    return add_zero_and_clamp(scaled, params.out_zero, params.clamp_min, params.clamp_max);
  };
  transpose_conv(params.window, params.weights, in, out, int32_t{0}, product, finish);
}

void transpose_conv_int16(const TransposeConvInt16Params& params, const int16_t* in, int16_t* out) {
  const auto product = [](int32_t value, int32_t weight) { return int64_t{value * weight}; };
  const auto finish = [&params](int64_t sum, int32_t o) {
    const int32_t scaled =
        requantise_64(sum + number_64(params.bias, o), params.multiplier[o], params.right_shift[o]);
    return clamp_int16(scaled, params.clamp_min, params.clamp_max);
  };
  transpose_conv(params.window, params.weights, in, out, int64_t{0}, product, finish);
}

void transpose_conv_float(const TransposeConvFloatParams& params, const float* in, float* out) {
  const auto product = [](float value, float weight) { return value * weight; };
  const auto finish = [&params](float sum, int32_t o) { return clamped(params, sum + params.bias[o]); };
  transpose_conv(params.window, params.weights, in, out, 0.0f, product, finish);
}

void transpose_conv_hybrid(const TransposeConvHybridParams& params, const float* in, float* out) {
  const auto product = [](float value, int8_t weight) { return value * static_cast<float>(weight); };
  const auto finish = [&params](float sum, int32_t o) {
    return clamped(params, sum * params.scale[o] + params.bias[o]);
  };
  transpose_conv(params.window, params.weights, in, out, 0.0f, product, finish);
}

}  // namespace kernels
}  // namespace tadpole
