// Quantise a batch, multiply integers, scale back.
#include "device/kernels/ref/weighted_hybrid.h"

#include "device/kernels/ref/hybrid_input.h"
#include "device/kernels/ref/windows.h"

namespace tadpole {
namespace kernels {

namespace {

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
    const HybridScale scale = quantise_hybrid(params.symmetric != 0, in, 1, in_map_size(w), scratch);
    const auto product = [&scale](int32_t value, int32_t by) { return (value - scale.zero) * by; };
    conv_map<int32_t>(w, scratch, out, weight, product, Finish<HybridConv2dParams>{params, scale.scale});
  }
}

void hybrid_depthwise_conv_2d(const HybridDepthwiseConv2dParams& params, const float* in, float* out,
                              int8_t* scratch) {
  const Window2d& w = params.window;
  const auto weight = [&params](ptrdiff_t i) { return params.weights[i]; };
  for (int32_t n = 0; n < w.batches; ++n, in += in_map_size(w), out += out_map_size(w)) {
    const HybridScale scale = quantise_hybrid(params.symmetric != 0, in, 1, in_map_size(w), scratch);
    const auto product = [&scale](int32_t value, int32_t by) { return (value - scale.zero) * by; };
    depthwise_map<int32_t>(w, scratch, out, weight, product,
                           Finish<HybridDepthwiseConv2dParams>{params, scale.scale});
  }
}

}  // namespace kernels
}  // namespace tadpole
