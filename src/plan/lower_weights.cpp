// Convolution, depthwise convolution and dense layers to their kernels.
#include "plan/lower_weights.h"

#include "device/kernels/ref/conv_2d_float.h"
#include "device/kernels/ref/conv_2d_int8.h"
#include "device/kernels/ref/depthwise_conv_2d_int8.h"
#include "device/kernels/ref/fully_connected_int8.h"
#include "plan/lower_chips.h"
#include "plan/lower_simd.h"

namespace tadpole::plan {

namespace {

/// Weights (and a bias, if there is one) must be float constants.
Result<void> check_float_constants(const NodeView& view) {
  for (int i = 1; i < static_cast<int>(view.node.inputs.size()); ++i) {
    if (!ir::Graph::has_input(view.node, i)) continue;
    if (!view.in(i).is_constant())
      return view.unsupported("its weights are computed; they must be constants.");
    if (view.in(i).type != ir::DType::float32) {
      return view.bad_type("'" + view.in(i).name + "' is " + std::string(to_string(view.in(i).type)) +
                           " beside float32 activations.");
    }
  }
  return {};
}

template <class Attributes>
kernels::Window2d window_of(const NodeView& view) {
  const auto& attributes = view.attributes<Attributes>();
  const ir::Shape& in = view.in().shape;
  const ir::Shape& weights = view.in(1).shape;
  const ir::Shape& out = view.out().shape;
  const auto [rows, columns] = ir::windows_of(in, weights[1], weights[2], attributes);
  return {in[0],
          in[1],
          in[2],
          in[3],
          out[1],
          out[2],
          out[3],
          weights[1],
          weights[2],
          attributes.stride_h,
          attributes.stride_w,
          attributes.dilation_h,
          attributes.dilation_w,
          rows.pad_before,
          columns.pad_before};
}

/// [out][taps] to [taps][out].
std::vector<float> transposed(std::span<const float> weights, int channels) {
  const size_t count = static_cast<size_t>(channels), taps = weights.size() / count;
  std::vector<float> packed(weights.size());
  for (size_t o = 0; o < count; ++o) {
    for (size_t k = 0; k < taps; ++k) packed[k * count + o] = weights[o * taps + k];
  }
  return packed;
}

Result<LoweredNode> conv_float(const NodeView& view, const kernels::Window2d& window,
                               ir::Activation activation) {
  TADPOLE_CHECK(check_float_constants(view));
  const ClampFloat clamp = clamp_float(activation);
  Constants constants;
  kernels::Conv2dFloatParams params{window, clamp.low, clamp.high, nullptr, nullptr};
  params.weights = constants.keep(transposed(view.in(1).values<float>(), window.out_c));
  TADPOLE_TRY(std::vector<float> bias, read_bias_float(view, 2, window.out_c));
  params.bias = constants.keep(std::move(bias));
  auto call = simd_conv_2d_float(view, params, constants);
  if (!call) {
    call =
        make_call(TADPOLE_KERNEL("ref/conv_2d_float.h", Conv2dFloatParams, conv_2d_float), params, constants);
  }
  return LoweredNode{std::move(call), {view.node.inputs[0]}};
}

/// Whether every window has a tap on the map. Wide explicit padding may keep one off it, which the fast
/// kernels do not expect.
bool touches_map(const kernels::Window2d& w) {
  const auto touches = [](int64_t in, int64_t out, int64_t filter, int64_t stride, int64_t dilation,
                          int64_t before) {
    return before < (filter - 1) * dilation + 1 && (out - 1) * stride - before < in;
  };
  return touches(w.in_h, w.out_h, w.filter_h, w.stride_h, w.dilation_h, w.pad_top) &&
         touches(w.in_w, w.out_w, w.filter_w, w.stride_w, w.dilation_w, w.pad_left);
}

}  // namespace

Result<LoweredNode> lower_conv_2d(const NodeView& view) {
  const auto window = window_of<ir::Conv2dAttributes>(view);
  const auto activation = view.attributes<ir::Conv2dAttributes>().activation;
  if (is_hybrid(view)) return hybrid_conv_2d(view, window, activation);
  if (view.all_activations(ir::DType::float32)) return conv_float(view, window, activation);
  if (view.all_activations(ir::DType::int16)) return conv_2d_int16(view, window, activation);
  if (!view.all_activations(ir::DType::int8)) return view.bad_type("mixes number types.");
  TADPOLE_TRY(const WeightsInt8 weights, read_weights_int8(view, window.out_c, 0));
  if (keeps_packed(view)) return conv_2d_int4(view, window, activation, weights);
  if (!view.wants("ref") && touches_map(window)) {
    LoweredNode fast = simd_conv_2d(view, window, activation, weights);
    if (view.wants("cortex_m_dsp")) fast = dsp_conv_2d(view, window, activation, weights);
    if (!fast.call) fast = chip_conv_2d(view, window, activation, weights);
    if (!fast.call) fast = generic_conv_2d(view, window, activation, weights);
    if (fast.call) return fast;
  }
  Constants constants;
  kernels::Conv2dInt8Params params{};
  params.window = window;
  fill_int8(view, {}, activation, weights, params, constants);
  return LoweredNode{
      make_call(TADPOLE_KERNEL("ref/conv_2d_int8.h", Conv2dInt8Params, conv_2d_int8), params, constants),
      {view.node.inputs[0]}};
}

Result<LoweredNode> lower_depthwise_conv_2d(const NodeView& view) {
  const auto window = window_of<ir::DepthwiseConv2dAttributes>(view);
  const auto activation = view.attributes<ir::DepthwiseConv2dAttributes>().activation;
  Constants constants;
  if (is_hybrid(view)) return hybrid_depthwise_conv_2d(view, window, activation);
  if (view.all_activations(ir::DType::int16)) return depthwise_conv_2d_int16(view, window, activation);
  if (view.all_activations(ir::DType::float32)) {
    TADPOLE_CHECK(check_float_constants(view));
    const ClampFloat clamp = clamp_float(activation);
    kernels::DepthwiseConv2dFloatParams params{window, clamp.low, clamp.high, nullptr, nullptr};
    params.weights = constants.keep(copy_of(view.in(1).values<float>()));
    TADPOLE_TRY(std::vector<float> bias, read_bias_float(view, 2, window.out_c));
    params.bias = constants.keep(std::move(bias));
    auto call = simd_depthwise_conv_2d_float(view, params, constants);
    if (!call) {
      call = make_call(
          TADPOLE_KERNEL("ref/conv_2d_float.h", DepthwiseConv2dFloatParams, depthwise_conv_2d_float), params,
          constants);
    }
    return LoweredNode{std::move(call), {view.node.inputs[0]}};
  }
  if (!view.all_activations(ir::DType::int8)) return view.bad_type("mixes number types.");
  TADPOLE_TRY(const WeightsInt8 weights, read_weights_int8(view, window.out_c, 3));
  if (keeps_packed(view)) return depthwise_conv_2d_int4(view, window, activation, weights);
  if (!view.wants("ref") && touches_map(window)) {
    LoweredNode fast = simd_depthwise_conv_2d(view, window, activation, weights);
    if (view.wants("cortex_m_dsp")) fast = dsp_depthwise_conv_2d(view, window, activation, weights);
    if (!fast.call) fast = chip_depthwise_conv_2d(view, window, activation, weights);
    if (!fast.call) fast = generic_depthwise_conv_2d(view, window, activation, weights);
    if (fast.call) return fast;
  }
  kernels::DepthwiseConv2dInt8Params params{};
  params.window = window;
  fill_int8(view, {}, activation, weights, params, constants);
  return LoweredNode{make_call(TADPOLE_KERNEL("ref/depthwise_conv_2d_int8.h", DepthwiseConv2dInt8Params,
                                              depthwise_conv_2d_int8),
                               params, constants),
                     {view.node.inputs[0]}};
}

Result<LoweredNode> lower_fully_connected(const NodeView& view) {
  const auto activation = view.attributes<ir::FullyConnectedAttributes>().activation;
  const int out_c = view.in(1).shape[0], in_c = view.in(1).shape[1];
  const auto rows = static_cast<int32_t>(ir::element_count(view.in().shape) / in_c);
  const kernels::Window2d window{rows, 1, 1, in_c, 1, 1, out_c, 1, 1, 1, 1, 1, 1, 0, 0};
  if (is_hybrid(view)) return hybrid_conv_2d(view, window, activation);
  if (view.all_activations(ir::DType::float32)) return conv_float(view, window, activation);
  if (view.all_activations(ir::DType::int16)) return conv_2d_int16(view, window, activation);
  if (!view.all_activations(ir::DType::int8)) return view.bad_type("mixes number types.");
  TADPOLE_TRY(const WeightsInt8 weights, read_weights_int8(view, out_c, 0));
  if (keeps_packed(view)) return conv_2d_int4(view, window, activation, weights);
  if (!view.wants("ref")) {
    LoweredNode fast = simd_fully_connected(view, rows, in_c, out_c, activation, weights);
    if (view.wants("cortex_m_dsp")) fast = dsp_fully_connected(view, rows, in_c, out_c, activation, weights);
    if (!fast.call) fast = chip_fully_connected(view, rows, in_c, out_c, activation, weights);
    if (!fast.call) fast = generic_fully_connected(view, rows, in_c, out_c, activation, weights);
    if (fast.call) return fast;
  }
  Constants constants;
  kernels::FullyConnectedInt8Params params{};
  params.rows = rows;
  params.in_c = in_c;
  params.out_c = out_c;
  fill_int8(view, {}, activation, weights, params, constants);
  return LoweredNode{
      make_call(TADPOLE_KERNEL("ref/fully_connected_int8.h", FullyConnectedInt8Params, fully_connected_int8),
                params, constants),
      {view.node.inputs[0]}};
}

}  // namespace tadpole::plan
