// Layers with weights of other number types than plain int8 or float: int16x8, packed int4, hybrid.
// Sources: TFLite Micro's conv.cc, depthwise_conv.cc and fully_connected.cc for what int16 layers add up in;
// TFLite's conv.cc, depthwise_conv.cc and fully_connected.cc for how hybrid layers quantise their input.
#include <algorithm>

#include "device/kernels/ref/weighted_hybrid.h"
#include "device/kernels/ref/weighted_int16.h"
#include "device/kernels/ref/weighted_int4.h"
#include "plan/lower_weights.h"

namespace tadpole::plan {

namespace {

LoweredNode reads_input(std::shared_ptr<const KernelCall> call, const NodeView& view,
                        int64_t scratch_bytes = 0) {
  return LoweredNode{std::move(call), {view.node.inputs[0]}, scratch_bytes};
}

/// Fills what hybrid layers share.
template <class Params>
Result<void> fill_hybrid(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                         int axis, Params& params, Constants& constants) {
  const ir::Tensor& tensor = view.in(1);
  TADPOLE_CHECK(check_weights(view, tensor, window.out_c, axis));
  const StoredWeights weights = stored_weights(tensor);
  const std::vector<int64_t> none(static_cast<size_t>(window.out_c), 0);
  TADPOLE_CHECK(check_sums(view, largest_sums(weights.values, none, axis, 255), INT32_MAX));
  TADPOLE_TRY(std::vector<float> bias, read_bias_float(view, 2, window.out_c));
  const std::vector<float>& scales = tensor.quantisation->scales;
  const ClampFloat clamp = clamp_float(activation);
  params.window = window;
  params.clamp_min = clamp.low;
  params.clamp_max = clamp.high;
  params.weights = constants.keep(copy_of(weights.values));
  params.scale = constants.keep(scales.size() > 1 ? scales : std::vector<float>(none.size(), scales[0]));
  params.bias = constants.keep(std::move(bias));
  return {};
}

int64_t map_size(const kernels::Window2d& window) { return int64_t{window.in_h} * window.in_w * window.in_c; }

/// Fills what packed int4 layers share.
template <class Params>
void fill_int4(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
               const WeightsInt8& from, Params& params, Constants& constants) {
  fill_int8(view, {}, activation, from, params, constants);
  const std::vector<uint8_t>& packed = *view.in(1).constant;
  params.window = window;
  params.weights = constants.keep(std::vector<int8_t>(packed.begin(), packed.end()));
}

}  // namespace

bool is_hybrid(const NodeView& view) {
  return view.all_activations(ir::DType::float32) &&
         (view.in(1).type == ir::DType::int8 || view.in(1).type == ir::DType::int4);
}

bool keeps_packed(const NodeView& view) {
  if (view.in(1).type != ir::DType::int4) return false;
  if (view.wants("ref")) return true;
  if (view.target.flash_limit_bytes <= 0) return false;
  int64_t unpacked = 0;
  for (const ir::Tensor& tensor : view.graph.tensors) {
    if (tensor.is_constant())
      unpacked += tensor.type == ir::DType::int4 ? ir::element_count(tensor.shape) : tensor.bytes();
  }
  return unpacked > view.target.flash_limit_bytes;
}

Result<LoweredNode> conv_2d_int16(const NodeView& view, const kernels::Window2d& window,
                                  ir::Activation activation) {
  Constants constants;
  const bool sums_64 = ir::Graph::has_input(view.node, 2) && view.in(2).type != ir::DType::int32;
  if (sums_64) {
    kernels::Conv2dInt16Params params{};
    params.window = window;
    TADPOLE_CHECK(fill_int16(view, {}, activation, window.out_c, 0, params, constants));
    return reads_input(make_call(TADPOLE_KERNEL("ref/weighted_int16.h", Conv2dInt16Params, conv_2d_int16),
                                 params, constants),
                       view);
  }
  TADPOLE_CHECK(check_weights(view, view.in(1), window.out_c, 0));
  TADPOLE_TRY(const std::vector<int64_t> bias, read_bias(view, 2, window.out_c, {ir::DType::int32}));
  std::vector<int32_t> multipliers, shifts;
  for (const FixedFactor& factor : output_factors(view, {}, window.out_c)) {
    multipliers.push_back(factor.multiplier);
    shifts.push_back(factor.shift);
  }
  const ClampInt8 clamp = clamp_int16(activation, view.scale(view.out()));
  kernels::Conv2dInt16Sum32Params params{window, clamp.low, clamp.high, nullptr, nullptr, nullptr, nullptr};
  params.weights = constants.keep(copy_of(stored_weights(view.in(1)).values));
  params.bias = constants.keep(std::vector<int32_t>(bias.begin(), bias.end()));
  params.multiplier = constants.keep(std::move(multipliers));
  params.shift = constants.keep(std::move(shifts));
  return reads_input(
      make_call(TADPOLE_KERNEL("ref/weighted_int16.h", Conv2dInt16Sum32Params, conv_2d_int16_sum_32), params,
                constants),
      view);
}

Result<LoweredNode> depthwise_conv_2d_int16(const NodeView& view, const kernels::Window2d& window,
                                            ir::Activation activation) {
  Constants constants;
  kernels::DepthwiseConv2dInt16Params params{};
  params.window = window;
  TADPOLE_CHECK(fill_int16(view, {}, activation, window.out_c, 3, params, constants));
  return reads_input(
      make_call(TADPOLE_KERNEL("ref/weighted_int16.h", DepthwiseConv2dInt16Params, depthwise_conv_2d_int16),
                params, constants),
      view);
}

LoweredNode conv_2d_int4(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                         const WeightsInt8& from) {
  Constants constants;
  kernels::Conv2dInt4Params params{};
  fill_int4(view, window, activation, from, params, constants);
  return reads_input(
      make_call(TADPOLE_KERNEL("ref/weighted_int4.h", Conv2dInt4Params, conv_2d_int4), params, constants),
      view);
}

LoweredNode depthwise_conv_2d_int4(const NodeView& view, const kernels::Window2d& window,
                                   ir::Activation activation, const WeightsInt8& from) {
  Constants constants;
  kernels::DepthwiseConv2dInt4Params params{};
  fill_int4(view, window, activation, from, params, constants);
  return reads_input(
      make_call(TADPOLE_KERNEL("ref/weighted_int4.h", DepthwiseConv2dInt4Params, depthwise_conv_2d_int4),
                params, constants),
      view);
}

Result<LoweredNode> hybrid_conv_2d(const NodeView& view, const kernels::Window2d& window,
                                   ir::Activation activation) {
  Constants constants;
  kernels::HybridConv2dParams params{};
  TADPOLE_CHECK(fill_hybrid(view, window, activation, 0, params, constants));
  // TFLite's convolution with one scale has symmetric inputs; all others have a zero point. The flag
  // asymmetric_quantize_inputs of dense layers is taken as set, as converters set it since TensorFlow 2.4.
  const bool dense = view.node.op == ir::Op::fully_connected;
  const bool per_channel = view.in(1).quantisation->per_channel();
  params.symmetric = !dense && !per_channel;
  params.scales_first = dense || !per_channel;
  return reads_input(make_call(TADPOLE_KERNEL("ref/weighted_hybrid.h", HybridConv2dParams, hybrid_conv_2d),
                               params, constants),
                     view, map_size(window));
}

Result<LoweredNode> hybrid_depthwise_conv_2d(const NodeView& view, const kernels::Window2d& window,
                                             ir::Activation activation) {
  Constants constants;
  kernels::HybridDepthwiseConv2dParams params{};
  TADPOLE_CHECK(fill_hybrid(view, window, activation, 3, params, constants));
  params.symmetric = 0;
  params.scales_first = 1;
  return reads_input(make_call(TADPOLE_KERNEL("ref/weighted_hybrid.h", HybridDepthwiseConv2dParams,
                                              hybrid_depthwise_conv_2d),
                               params, constants),
                     view, map_size(window));
}

}  // namespace tadpole::plan
