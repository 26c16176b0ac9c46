// All sums have 64 bits; the two layers differ in how they are rounded.
#include "device/kernels/ref/weighted_int16.h"

#include "device/kernels/fixed_point.h"
#include "device/kernels/fixed_point_64.h"
#include "device/kernels/ref/windows.h"

namespace tadpole {
namespace kernels {

namespace {

int32_t product(int32_t value, int32_t weight) { return value * weight; }

int32_t hold_32(int64_t sum) {
  return static_cast<int32_t>(sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum);
}

/// From a 64-bit sum to an output value.
template <class Params>
struct Finish64 {
  const Params& params;
  int16_t operator()(int64_t sum, int32_t o) const {
    const int32_t scaled =
        requantise_64(sum + number_64(params.bias, o), params.multiplier[o], params.right_shift[o]);
    return clamp_int16(scaled, params.clamp_min, params.clamp_max);
  }
};

}  // namespace

void conv_2d_int16(const Conv2dInt16Params& params, const int16_t* in, int16_t* out) {
  const Window2d& w = params.window;
  const auto weight = [&params](ptrdiff_t i) { return params.weights[i]; };
  for (int32_t n = 0; n < w.batches; ++n, in += in_map_size(w), out += out_map_size(w))
    conv_map<int64_t>(w, in, out, weight, product, Finish64<Conv2dInt16Params>{params});
}

void conv_2d_int16_sum_32(const Conv2dInt16Sum32Params& params, const int16_t* in, int16_t* out) {
  const Window2d& w = params.window;
  const auto weight = [&params](ptrdiff_t i) { return params.weights[i]; };
  const auto finish = [&params](int64_t sum, int32_t o) {
    const int32_t held = hold_32(sum + params.bias[o]);
    const int32_t scaled = multiply_by_quantized_multiplier(held, params.multiplier[o], params.shift[o]);
    return clamp_int16(scaled, params.clamp_min, params.clamp_max);
  };
  for (int32_t n = 0; n < w.batches; ++n, in += in_map_size(w), out += out_map_size(w))
    conv_map<int64_t>(w, in, out, weight, product, finish);
}

void depthwise_conv_2d_int16(const DepthwiseConv2dInt16Params& params, const int16_t* in, int16_t* out) {
  const Window2d& w = params.window;
  const auto weight = [&params](ptrdiff_t i) { return params.weights[i]; };
  for (int32_t n = 0; n < w.batches; ++n, in += in_map_size(w), out += out_map_size(w))
    depthwise_map<int64_t>(w, in, out, weight, product, Finish64<DepthwiseConv2dInt16Params>{params});
}

}  // namespace kernels
}  // namespace tadpole
