// Convolution, depthwise convolution and dense layers to their kernels.
#include <cmath>
#include <limits>

#include "device/kernels/ref/conv_2d_float.h"
#include "device/kernels/ref/conv_2d_int8.h"
#include "device/kernels/ref/depthwise_conv_2d_int8.h"
#include "device/kernels/ref/fully_connected_int8.h"
#include "plan/lower.h"
#include "plan/lower_simd.h"
#include "plan/scaling.h"

namespace tadpole::plan {

namespace {

std::vector<float> read_bias_float(const NodeView& view, int channels) {
  if (!ir::Graph::has_input(view.node, 2)) return std::vector<float>(static_cast<size_t>(channels), 0.0f);
  const auto bias = view.in(2).values<float>();
  return {bias.begin(), bias.end()};
}

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
  params.bias = constants.keep(read_bias_float(view, window.out_c));
  return LoweredNode{
      make_call(TADPOLE_KERNEL("ref/conv_2d_float.h", Conv2dFloatParams, conv_2d_float), params, constants),
      {view.node.inputs[0]}};
}

template <class T>
std::vector<T> copy_of(std::span<const T> values) {
  return {values.begin(), values.end()};
}

/// Fills what all int8 layers with weights share.
template <class Params>
void fill(const NodeView& view, ir::Activation activation, const WeightsInt8& from, Params& params,
          Constants& constants) {
  const ClampInt8 clamp = clamp_int8(activation, view.scale(view.out()), view.zero(view.out()));
  params.in_zero = view.zero(view.in());
  params.out_zero = view.zero(view.out());
  params.clamp_min = clamp.low;
  params.clamp_max = clamp.high;
  params.weights = constants.keep(copy_of(from.weights));
  params.bias = constants.keep(from.bias);
  params.multiplier = constants.keep(from.multiplier);
  params.shift = constants.keep(from.shift);
}

/// The largest |accumulator| of any channel fits 31 bits.
Result<void> check_accumulators(const NodeView& view, const WeightsInt8& from, int channels, int axis) {
  const int32_t zero = view.zero(view.in());
  const int64_t largest_input = std::max(127 - zero, zero + 128);
  const size_t count = static_cast<size_t>(channels);
  const size_t inner = axis == 0 ? from.weights.size() / count : 1;
  for (size_t o = 0; o < count; ++o) {
    int64_t sum = 0;
    for (size_t k = 0; k < from.weights.size() / count; ++k) {
      sum += std::abs(int64_t{from.weights[axis == 0 ? o * inner + k : k * count + o]});
    }
    const int64_t largest = sum * largest_input + std::abs(int64_t{from.bias[o]});
    if (largest > std::numeric_limits<int32_t>::max()) {
      return view.bad_type("the sum of output channel " + std::to_string(o) + " can reach " +
                           std::to_string(largest) + "; 32 bits hold 2147483647. Quantise the model again.");
    }
  }
  return {};
}

}  // namespace

Result<WeightsInt8> read_weights_int8(const NodeView& view, int channels, int axis) {
  const ir::Tensor& weights = view.in(1);
  if (!weights.is_constant()) return view.unsupported("its weights are computed; they must be constants.");
  if (weights.type != ir::DType::int8 || !weights.quantisation) {
    return view.bad_type("weights '" + weights.name + "' are " + std::string(to_string(weights.type)) +
                         (weights.quantisation ? "" : " without a scale") + "; int8 with a scale is needed.");
  }
  const ir::Quantisation& scales = *weights.quantisation;
  if (scales.per_channel() && scales.axis != axis) {
    return view.bad_type("weights '" + weights.name + "' have scales along axis " +
                         std::to_string(scales.axis) + "; axis " + std::to_string(axis) + " is needed.");
  }
  for (const int32_t zero : scales.zero_points) {
    if (zero != 0) return view.bad_type("weights '" + weights.name + "' have a zero point that is not 0.");
  }
  const size_t count = static_cast<size_t>(channels);
  WeightsInt8 read{weights.values<int8_t>(), std::vector<int32_t>(count, 0), {}, {}};
  if (ir::Graph::has_input(view.node, 2)) {
    const ir::Tensor& bias = view.in(2);
    if (!bias.is_constant()) return view.unsupported("its bias is computed; it must be a constant.");
    if (bias.type != ir::DType::int32) {
      return view.bad_type("bias '" + bias.name + "' is " + std::string(to_string(bias.type)) +
                           "; int32 is needed.");
    }
    const auto values = bias.values<int32_t>();
    read.bias.assign(values.begin(), values.end());
  }
  const float in_scale = view.scale(view.in()), out_scale = view.scale(view.out());
  for (size_t o = 0; o < count; ++o) {
    const float weight_scale = scales.scales[scales.per_channel() ? o : 0];
    // TFLite multiplies in double for convolutions, but in float for a dense layer with one scale.
    const bool in_float = view.node.op == ir::Op::fully_connected && !scales.per_channel();
    const double product =
        in_float ? double{in_scale * weight_scale} : double{in_scale} * double{weight_scale};
    const FixedFactor factor = fixed_factor(product / double{out_scale});
    read.multiplier.push_back(factor.multiplier);
    read.shift.push_back(factor.shift);
  }
  TADPOLE_CHECK(check_accumulators(view, read, channels, axis));
  return read;
}

Result<LoweredNode> lower_conv_2d(const NodeView& view) {
  const auto window = window_of<ir::Conv2dAttributes>(view);
  const auto activation = view.attributes<ir::Conv2dAttributes>().activation;
  if (view.all_activations(ir::DType::float32)) return conv_float(view, window, activation);
  if (!view.all_activations(ir::DType::int8)) return view.bad_type("mixes number types.");
  TADPOLE_TRY(const WeightsInt8 weights, read_weights_int8(view, window.out_c, 0));
  if (!view.wants("ref")) {
    LoweredNode fast = simd_conv_2d(view, window, activation, weights);
    if (view.wants("cortex_m_dsp")) fast = dsp_conv_2d(view, window, activation, weights);
    if (!fast.call) fast = generic_conv_2d(view, window, activation, weights);
    if (fast.call) return fast;
  }
  Constants constants;
  kernels::Conv2dInt8Params params{};
  params.window = window;
  fill(view, activation, weights, params, constants);
  return LoweredNode{
      make_call(TADPOLE_KERNEL("ref/conv_2d_int8.h", Conv2dInt8Params, conv_2d_int8), params, constants),
      {view.node.inputs[0]}};
}

Result<LoweredNode> lower_depthwise_conv_2d(const NodeView& view) {
  const auto window = window_of<ir::DepthwiseConv2dAttributes>(view);
  const auto activation = view.attributes<ir::DepthwiseConv2dAttributes>().activation;
  Constants constants;
  if (view.all_activations(ir::DType::float32)) {
    TADPOLE_CHECK(check_float_constants(view));
    const ClampFloat clamp = clamp_float(activation);
    kernels::DepthwiseConv2dFloatParams params{window, clamp.low, clamp.high, nullptr, nullptr};
    params.weights = constants.keep(copy_of(view.in(1).values<float>()));
    params.bias = constants.keep(read_bias_float(view, window.out_c));
    return LoweredNode{
        make_call(TADPOLE_KERNEL("ref/conv_2d_float.h", DepthwiseConv2dFloatParams, depthwise_conv_2d_float),
                  params, constants),
        {view.node.inputs[0]}};
  }
  if (!view.all_activations(ir::DType::int8)) return view.bad_type("mixes number types.");
  TADPOLE_TRY(const WeightsInt8 weights, read_weights_int8(view, window.out_c, 3));
  if (!view.wants("ref")) {
    LoweredNode fast = simd_depthwise_conv_2d(view, window, activation, weights);
    if (view.wants("cortex_m_dsp")) fast = dsp_depthwise_conv_2d(view, window, activation, weights);
    if (!fast.call) fast = generic_depthwise_conv_2d(view, window, activation, weights);
    if (fast.call) return fast;
  }
  kernels::DepthwiseConv2dInt8Params params{};
  params.window = window;
  fill(view, activation, weights, params, constants);
  return LoweredNode{make_call(TADPOLE_KERNEL("ref/depthwise_conv_2d_int8.h", DepthwiseConv2dInt8Params,
                                              depthwise_conv_2d_int8),
                               params, constants),
                     {view.node.inputs[0]}};
}

Result<LoweredNode> lower_fully_connected(const NodeView& view) {
  const auto activation = view.attributes<ir::FullyConnectedAttributes>().activation;
  const int out_c = view.in(1).shape[0], in_c = view.in(1).shape[1];
  const auto rows = static_cast<int32_t>(ir::element_count(view.in().shape) / in_c);
  if (view.all_activations(ir::DType::float32)) {
    return conv_float(view, {rows, 1, 1, in_c, 1, 1, out_c, 1, 1, 1, 1, 1, 1, 0, 0}, activation);
  }
  if (!view.all_activations(ir::DType::int8)) return view.bad_type("mixes number types.");
  TADPOLE_TRY(const WeightsInt8 weights, read_weights_int8(view, out_c, 0));
  if (!view.wants("ref")) {
    LoweredNode fast = simd_fully_connected(view, rows, in_c, out_c, activation, weights);
    if (view.wants("cortex_m_dsp")) fast = dsp_fully_connected(view, rows, in_c, out_c, activation, weights);
    if (!fast.call) fast = generic_fully_connected(view, rows, in_c, out_c, activation, weights);
    if (fast.call) return fast;
  }
  Constants constants;
  kernels::FullyConnectedInt8Params params{};
  params.rows = rows;
  params.in_c = in_c;
  params.out_c = out_c;
  fill(view, activation, weights, params, constants);
  return LoweredNode{
      make_call(TADPOLE_KERNEL("ref/fully_connected_int8.h", FullyConnectedInt8Params, fully_connected_int8),
                params, constants),
      {view.node.inputs[0]}};
}

}  // namespace tadpole::plan
