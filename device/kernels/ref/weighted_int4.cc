// Each weight is unpacked where it is used.
#include "device/kernels/ref/weighted_int4.h"

#include "device/kernels/fixed_point.h"
#include "device/kernels/ref/windows.h"

namespace tadpole {
namespace kernels {

namespace {

/// Weight i of a packed row.
struct Unpack {
  const int8_t* packed;
  int32_t operator()(ptrdiff_t i) const {
    const int32_t half = (packed[i >> 1] >> (i & 1) * 4) & 15;
    return (half ^ 8) - 8;
  }
};

template <class Params>
struct Product {
  const Params& params;
  int32_t operator()(int32_t value, int32_t weight) const { return (value - params.in_zero) * weight; }
};

template <class Params>
struct Finish {
  const Params& params;
  int8_t operator()(int32_t sum, int32_t o) const {
    const int32_t scaled =
        multiply_by_quantized_multiplier(sum + params.bias[o], params.multiplier[o], params.shift[o]);
    return add_zero_and_clamp(scaled, params.out_zero, params.clamp_min, params.clamp_max);
  }
};

}  // namespace

void conv_2d_int4(const Conv2dInt4Params& params, const int8_t* in, int8_t* out) {
  const Window2d& w = params.window;
  for (int32_t n = 0; n < w.batches; ++n, in += in_map_size(w), out += out_map_size(w)) {
    conv_map<int32_t>(w, in, out, Unpack{params.weights}, Product<Conv2dInt4Params>{params},
                      Finish<Conv2dInt4Params>{params});
  }
}

void depthwise_conv_2d_int4(const DepthwiseConv2dInt4Params& params, const int8_t* in, int8_t* out) {
  const Window2d& w = params.window;
  for (int32_t n = 0; n < w.batches; ++n, in += in_map_size(w), out += out_map_size(w)) {
    depthwise_map<int32_t>(w, in, out, Unpack{params.weights}, Product<DepthwiseConv2dInt4Params>{params},
                           Finish<DepthwiseConv2dInt4Params>{params});
  }
}

}  // namespace kernels
}  // namespace tadpole
