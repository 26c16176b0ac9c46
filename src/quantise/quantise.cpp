// Builds the int8 graph: scales of activations from calibration, scales of weights from the weights, biases
// from both.
#include "quantise/quantise.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "quantise/calibrate.h"

namespace tadpole::quantise {

namespace {

using ir::DType;
using ir::Graph;
using ir::Node;
using ir::Op;
using ir::Quantisation;
using ir::Tensor;

/// A bias leaves as much of 32 bits to the sum of products.
constexpr double kLargestBias = 1 << 30;

/// Weights below this add nothing to any activation; scales made from them would leave the range of floats.
constexpr double kSmallestWeight = 1e-20;

Error bad_range(const std::string& detail) { return {Code::quantise_bad_range, detail}; }

bool has_weights(Op op) {
  return op == Op::conv_2d || op == Op::depthwise_conv_2d || op == Op::fully_connected;
}

/// Kernels of these compare or move stored values, so both sides need one scale.
bool keeps_scale(Op op) { return op == Op::average_pool_2d || op == Op::max_pool_2d || op == Op::reshape; }

int channel_axis(Op op) { return op == Op::depthwise_conv_2d ? 3 : 0; }

class Quantiser {
 public:
  Quantiser(const Graph& folded, const std::vector<Range>& ranges)
      : folded_(folded), ranges_(ranges), graph_(folded), owner_(folded.tensors.size(), -1) {}
  Result<Graph> run();

 private:
  void set_activation(int tensor, const Quantisation& quantisation);
  void set_activations();
  Result<void> quantise_node(size_t index);
  Result<void> quantise_constant(Node& node, int input);
  Result<std::vector<float>> weight_scales(const Node& node, const std::vector<float>& bias) const;
  int place_for(size_t node, int tensor);

  const Graph& folded_;
  const std::vector<Range>& ranges_;
  Graph graph_;
  std::vector<int> owner_;  ///< node that has quantised this constant, so that sharers get a copy
};

void Quantiser::set_activation(int tensor, const Quantisation& quantisation) {
  Tensor& to = graph_.tensors[static_cast<size_t>(tensor)];
  to.type = DType::int8;
  to.quantisation = quantisation;
}

void Quantiser::set_activations() {
  for (const int input : folded_.inputs)
    set_activation(input, activation_quantisation(ranges_[static_cast<size_t>(input)]));
  for (const Node& node : folded_.nodes) {
    const int output = node.outputs[0];
    if (keeps_scale(node.op)) {
      set_activation(output, *graph_.tensors[static_cast<size_t>(node.inputs[0])].quantisation);
    } else if (node.op == Op::softmax) {
      set_activation(output, {{1.0f / 256}, {-128}, 0});
    } else {
      set_activation(output, activation_quantisation(ranges_[static_cast<size_t>(output)]));
    }
  }
}

/// Where a node's quantised constant goes: over the float one, or into a new tensor when another node has
/// taken that already.
int Quantiser::place_for(size_t node, int tensor) {
  int& owner = owner_[static_cast<size_t>(tensor)];
  if (owner < 0) {
    owner = static_cast<int>(node);
    return tensor;
  }
  Tensor copy = folded_.tensors[static_cast<size_t>(tensor)];
  copy.name += "_" + folded_.nodes[node].name;
  graph_.tensors.push_back(std::move(copy));
  return static_cast<int>(graph_.tensors.size()) - 1;
}

/// One scale a channel (one in all for dense layers), each positive and such that the bias fits.
Result<std::vector<float>> Quantiser::weight_scales(const Node& node, const std::vector<float>& bias) const {
  const Tensor& weights = folded_.input_of(node, 1);
  const float in_scale = graph_.input_of(node, 0).quantisation->scales[0];
  const auto values = weights.values<float>();
  const bool per_channel = node.op != Op::fully_connected;
  const auto axis = static_cast<size_t>(channel_axis(node.op));
  const size_t channels = per_channel ? static_cast<size_t>(weights.shape[axis]) : 1;
  std::vector<double> largest(channels, 0.0);
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return bad_range("weights '" + weights.name + "' of layer '" + node.name + "' hold " +
                       std::to_string(values[i]) + "; needs finite numbers. Train again.");
    }
    const size_t channel = !per_channel ? 0 : axis == 3 ? i % channels : i / (values.size() / channels);
    largest[channel] = std::max(largest[channel], std::abs(double{values[i]}));
  }
  // A channel of zeros needs a scale only for its bias; the tensor's own order of magnitude suits that.
  const double overall = *std::max_element(largest.begin(), largest.end());
  std::vector<float> scales;
  for (size_t c = 0; c < channels; ++c) {
    const bool vanishing = largest[c] < kSmallestWeight;
    double scale = (!vanishing ? largest[c] : overall >= kSmallestWeight ? overall : 1.0) / 127;
    for (size_t b = 0; b < bias.size(); ++b) {
      if (!per_channel || b == c)
        scale = std::max(scale, std::abs(double{bias[b]}) / (double{in_scale} * kLargestBias));
    }
    const auto narrowed = static_cast<float>(scale);
    const float product = in_scale * narrowed;
    if (!std::isnormal(narrowed) || !std::isnormal(product)) {
      return bad_range("weights '" + weights.name + "' of layer '" + node.name + "' reach " +
                       std::to_string(largest[c]) + " in channel " + std::to_string(c) +
                       " for an input of scale " + std::to_string(in_scale) +
                       ", which no scale can hold. Calibrate with more recordings, or train again.");
    }
    scales.push_back(narrowed);
  }
  return scales;
}

Result<void> Quantiser::quantise_node(size_t index) {
  Node& node = graph_.nodes[index];
  const Tensor& weights = folded_.input_of(node, 1);
  const auto channels = static_cast<size_t>(weights.shape[static_cast<size_t>(channel_axis(node.op))]);
  std::vector<float> bias(channels, 0.0f);
  const bool has_bias = Graph::has_input(node, 2);
  if (has_bias) {
    const auto values = folded_.input_of(node, 2).values<float>();
    bias.assign(values.begin(), values.end());
  }
  for (const float value : bias) {
    if (!std::isfinite(value))
      return bad_range("bias '" + folded_.input_of(node, 2).name + "' of layer '" + node.name + "' holds " +
                       std::to_string(value) + "; needs finite numbers. Train again.");
  }
  TADPOLE_TRY(const std::vector<float> scales, weight_scales(node, bias));
  const float in_scale = graph_.input_of(node, 0).quantisation->scales[0];
  const bool per_channel = scales.size() > 1;

  // The TensorFlow Lite converter multiplies by the inverse too, which rounds ties its way.
  std::vector<float> inverse;
  for (const float scale : scales) inverse.push_back(1.0f / scale);
  const auto from = weights.values<float>();
  std::vector<int8_t> stored(from.size());
  for (size_t i = 0; i < from.size(); ++i) {
    const size_t channel = !per_channel                       ? 0
                           : node.op == Op::depthwise_conv_2d ? i % channels
                                                              : i / (from.size() / channels);
    stored[i] = static_cast<int8_t>(std::clamp(std::round(from[i] * inverse[channel]), -127.0f, 127.0f));
  }
  std::vector<int32_t> stored_bias(channels);
  std::vector<float> bias_scales;
  for (const float scale : scales) bias_scales.push_back(in_scale * scale);
  for (size_t c = 0; c < channels; ++c) {
    const double scale = bias_scales[per_channel ? c : 0];
    // The scale was chosen so that this fits; rounding it to float may cost the last bit.
    stored_bias[c] =
        static_cast<int32_t>(std::clamp(std::round(bias[c] / scale), -kLargestBias, kLargestBias));
  }

  const std::vector<int32_t> zeros(scales.size(), 0);
  const int weights_place = place_for(index, node.inputs[1]);
  Tensor& to = graph_.tensors[static_cast<size_t>(weights_place)];
  to.type = DType::int8;
  to.quantisation = Quantisation{scales, zeros, channel_axis(node.op)};
  to.constant = ir::make_constant<int8_t>(stored);
  if (!has_bias) {
    node.inputs.resize(3);
    node.inputs[2] = static_cast<int>(graph_.tensors.size());
    graph_.tensors.push_back({node.name + "_bias", DType::int32, {}, std::nullopt, nullptr});
  } else {
    node.inputs[2] = place_for(index, node.inputs[2]);
  }
  node.inputs[1] = weights_place;
  Tensor& to_bias = graph_.tensors[static_cast<size_t>(node.inputs[2])];
  to_bias.type = DType::int32;
  to_bias.shape = {static_cast<int32_t>(channels)};
  to_bias.quantisation = Quantisation{bias_scales, zeros, 0};
  to_bias.constant = ir::make_constant<int32_t>(stored_bias);
  return {};
}

/// A constant that takes part like an activation, as one side of an addition.
Result<void> Quantiser::quantise_constant(Node& node, int input) {
  const int tensor = node.inputs[static_cast<size_t>(input)];
  const Tensor& from = folded_.tensors[static_cast<size_t>(tensor)];
  Extremes extremes;
  extremes.see(from.values<float>());
  if (!extremes.finite)
    return bad_range("constant '" + from.name + "' of layer '" + node.name + "' is not finite.");
  const Quantisation quantisation = activation_quantisation({extremes.low, extremes.high});
  std::vector<int8_t> stored;
  for (const float value : from.values<float>()) {
    const float zero = static_cast<float>(quantisation.zero_points[0]);
    stored.push_back(
        static_cast<int8_t>(std::clamp(std::round(value / quantisation.scales[0]) + zero, -128.0f, 127.0f)));
  }
  set_activation(tensor, quantisation);
  graph_.tensors[static_cast<size_t>(tensor)].constant = ir::make_constant<int8_t>(stored);
  return {};
}

Result<Graph> Quantiser::run() {
  set_activations();
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    Node& node = graph_.nodes[i];
    if (has_weights(node.op)) TADPOLE_CHECK(quantise_node(i));
    if (node.op != Op::add) continue;
    for (const int side : {0, 1}) {
      if (graph_.input_of(node, side).is_constant() && graph_.input_of(node, side).type == DType::float32)
        TADPOLE_CHECK(quantise_constant(node, side));
    }
  }
  TADPOLE_CHECK(ir::check_graph(graph_));
  return std::move(graph_);
}

/// What the quantiser relies on: one float input, float throughout, weights that are constants, and no layer
/// that only exists while training.
Result<void> check_input(const Graph& folded, const CalibrationSet& calibration) {
  TADPOLE_CHECK(ir::check_graph(folded));
  if (calibration.count < 1) {
    return bad_range("there are no calibration inputs for '" +
                     folded.tensors[static_cast<size_t>(folded.inputs[0])].name + "'; give at least one.");
  }
  for (const Node& node : folded.nodes) {
    const std::string where = "layer '" + node.name + "' (" + std::string(ir::op_name(node.op)) + ")";
    if (ir::tflite_code(node.op) < 0 || node.op == Op::quantize || node.op == Op::dequantize)
      return Error{Code::op_unsupported, where + " cannot be quantised; fold the graph for inference first."};
    const Tensor& in = folded.input_of(node, 0);
    if (in.type != DType::float32 || folded.output_of(node).type != DType::float32)
      return Error{Code::type_unsupported, where + " is not float32; only float models are quantised."};
    if (in.is_constant() && node.op != Op::add)
      return Error{Code::op_unsupported, where + " works on the constant '" + in.name + "'."};
    if (!has_weights(node.op)) continue;
    for (int i = 1; i < static_cast<int>(node.inputs.size()); ++i) {
      if (!Graph::has_input(node, i)) continue;
      const Tensor& constant = folded.input_of(node, i);
      if (!constant.is_constant() || constant.type != DType::float32)
        return Error{Code::type_unsupported, where + ": '" + constant.name + "' must be a float32 constant."};
    }
  }
  return {};
}

}  // namespace

Result<QuantiseResult> quantise_int8(const Graph& folded, const CalibrationSet& calibration,
                                     const QuantiseOptions& options, Workers& workers, Progress& progress) {
  TADPOLE_CHECK(check_input(folded, calibration));
  TADPOLE_TRY(const std::vector<Range> ranges, calibrate(folded, calibration, options, workers, progress));
  TADPOLE_TRY(Graph int8, Quantiser(folded, ranges).run());
  TADPOLE_TRY(std::vector<LayerError> layers,
              measure_error(folded, int8, calibration, options, workers, progress));
  return QuantiseResult{{std::move(int8)}, std::move(layers)};
}

Result<QuantiseResult> quantise_int8(const Graph& folded, const CalibrationSet& calibration,
                                     Progress& progress) {
  Workers workers(1);
  return quantise_int8(folded, calibration, QuantiseOptions{}, workers, progress);
}

}  // namespace tadpole::quantise
