// Activations, requantisations and batch norms into the node before.
#include "plan/rewrite/fusion.h"

#include <algorithm>
#include <cmath>

#include "plan/rewrite/channel_ranges.h"
#include "plan/scaling.h"

namespace tadpole::plan::rewriting {

namespace {

/// The activation of a node that can have one and whose kernels clamp last; null for others.
ir::Activation* activation_of(ir::Node& node) {
  switch (node.op) {
    case ir::Op::conv_2d:
      return &std::get<ir::Conv2dAttributes>(node.attributes).activation;
    case ir::Op::depthwise_conv_2d:
      return &std::get<ir::DepthwiseConv2dAttributes>(node.attributes).activation;
    case ir::Op::fully_connected:
      return &std::get<ir::FullyConnectedAttributes>(node.attributes).activation;
    case ir::Op::average_pool_2d:
    case ir::Op::max_pool_2d:
      return &std::get<ir::Pool2dAttributes>(node.attributes).activation;
    case ir::Op::add:
      return &std::get<ir::ActivationAttributes>(node.attributes).activation;
    default:
      return nullptr;
  }
}

/// What clamping by `first` and then by `second` is, when that is an activation.
std::optional<ir::Activation> combined(ir::Activation first, ir::Op second) {
  const bool is_relu = first == ir::Activation::none || first == ir::Activation::relu;
  if (second == ir::Op::quantize) return first;
  if (second == ir::Op::relu && is_relu) return ir::Activation::relu;
  if (second == ir::Op::relu && first == ir::Activation::relu6) return first;
  if (second == ir::Op::relu6 && (is_relu || first == ir::Activation::relu6)) return ir::Activation::relu6;
  return std::nullopt;
}

/// Whether the int8 node adds nothing but the clamp of `activation` to a layer that has none.
bool only_clamps(const ir::Graph& graph, const ir::Node& node, ir::Activation activation,
                 const Bytes& table) {
  const ir::Tensor& in = graph.input_of(node, 0);
  const ir::Tensor& out = graph.output_of(node);
  if (in.quantisation != out.quantisation) return false;
  const ClampInt8 clamp = clamp_int8(activation, out.quantisation->scales[0], zero_of(out));
  for (int32_t value = -128; value < 128; ++value) {
    const int32_t to = static_cast<int8_t>(table[static_cast<size_t>(value + 128)]);
    if (to != std::clamp(value, clamp.low, clamp.high)) return false;
  }
  return true;
}

/// Whether table[layer's value] is `fused`'s value for every accumulator that the layer's weights can reach.
/// Both never fall, so each run of equal values is compared at its two ends.
bool gives_the_same(const Filters& layer, const Bytes& table, const Filters& fused) {
  const auto stepped = [&](int output, int64_t accumulator) {
    const int32_t value = layer.requantised(output, accumulator);
    return static_cast<int32_t>(static_cast<int8_t>(table[static_cast<size_t>(value + 128)]));
  };
  const auto rises = [](uint8_t a, uint8_t b) { return static_cast<int8_t>(a) < static_cast<int8_t>(b); };
  if (!std::is_sorted(table.begin(), table.end(), rises)) return false;
  const Ranges any(static_cast<size_t>(layer.depthwise ? layer.outputs : layer.inputs));
  for (int o = 0; o < layer.outputs; ++o) {
    const AccumulatorRange range = accumulator_range(layer, o, any);
    if (!keeps_order(layer, o, range) || !keeps_order(fused, o, range)) return false;
    for (int64_t begin = range.low; begin <= range.high;) {
      const int32_t value = stepped(o, begin);
      int64_t end = begin, beyond = range.high + 1;  // value at end, another one at beyond
      while (beyond - end > 1) {
        const int64_t middle = end + (beyond - end) / 2;
        (stepped(o, middle) == value ? end : beyond) = middle;
      }
      if (fused.requantised(o, begin) != value || fused.requantised(o, end) != value) return false;
      begin = end + 1;
    }
  }
  return true;
}

bool is_exact(const ir::Graph& graph, const ir::Node& layer, const ir::Node& next, const ir::Node& fused,
              ir::Activation before, ir::Activation after) {
  const ir::Tensor& in = graph.input_of(next, 0);
  if (in.type == ir::DType::float32) return next.op != ir::Op::quantize;  // a clamp after a clamp
  const auto table = table_of(graph, next);
  if (!table) return false;
  if (before == ir::Activation::none && only_clamps(graph, next, after, *table)) return true;
  const auto filters = read_filters(graph, layer), of_fused = read_filters(graph, fused);
  return filters && of_fused && gives_the_same(*filters, *table, *of_fused);
}

}  // namespace

bool fuse_activations(ir::Graph& graph) {
  for (const ir::Node& next : graph.nodes) {
    if (next.op != ir::Op::relu && next.op != ir::Op::relu6 && next.op != ir::Op::quantize) continue;
    const Uses uses(graph);
    const int middle = next.inputs[0];
    const int producer = uses.producer[static_cast<size_t>(middle)];
    if (producer < 0 || uses.only_consumer(middle) < 0) continue;
    ir::Node& layer = graph.nodes[static_cast<size_t>(producer)];
    const ir::Activation* activation = activation_of(layer);
    const auto after = activation ? combined(*activation, next.op) : std::nullopt;
    if (!after) continue;
    // A pool gives its input's scale.
    const bool is_pool = layer.op == ir::Op::average_pool_2d || layer.op == ir::Op::max_pool_2d;
    if (is_pool && graph.output_of(next).quantisation != tensor_at(graph, middle).quantisation) continue;
    ir::Node fused = layer;
    *activation_of(fused) = *after;
    fused.outputs = next.outputs;
    if (!is_exact(graph, layer, next, fused, *activation, *after)) continue;
    const auto node = graph.nodes.begin() + (&next - graph.nodes.data());
    layer = std::move(fused);
    graph.nodes.erase(node);
    return true;
  }
  return false;
}

namespace {

/// What a node, or two in a row, do to all 256 int8 values.
std::optional<Bytes> table_through_float(const ir::Graph& graph, const ir::Node& dequantize,
                                         const ir::Node& quantize) {
  ir::Graph flat;
  for (const int tensor : {dequantize.inputs[0], dequantize.outputs[0], quantize.outputs[0]}) {
    flat.tensors.push_back(tensor_at(graph, tensor));
    flat.tensors.back().shape = {256};
    flat.tensors.back().constant = nullptr;
  }
  ir::Node first = dequantize, second = quantize;
  first.inputs = {0};
  first.outputs = {1};
  second.inputs = {1};
  second.outputs = {2};
  Bytes all(256);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint8_t>(static_cast<int>(i) - 128);
  const auto reals = evaluate(flat, first, std::vector<Bytes>{std::move(all)});
  return reals ? evaluate(flat, second, std::vector<Bytes>{*reals}) : std::nullopt;
}

bool is_identity(const Bytes& table) {
  for (size_t i = 0; i < table.size(); ++i) {
    if (table[i] != static_cast<uint8_t>(static_cast<int>(i) - 128)) return false;
  }
  return true;
}

Bytes composed(const Bytes& first, const Bytes& second) {
  Bytes both;
  for (const uint8_t value : first)
    both.push_back(second[static_cast<size_t>(static_cast<int8_t>(value) + 128)]);
  return both;
}

/// The node that makes the only input of `node`, or null.
const ir::Node* before(const ir::Graph& graph, const Uses& uses, const ir::Node& node) {
  const int producer = uses.producer[static_cast<size_t>(node.inputs[0])];
  return producer < 0 ? nullptr : &graph.nodes[static_cast<size_t>(producer)];
}

}  // namespace

bool fuse_requantisations(ir::Graph& graph) {
  const Uses uses(graph);
  for (ir::Node& node : graph.nodes) {
    if (node.op != ir::Op::quantize || !is_int8(graph.output_of(node))) continue;
    const auto output = static_cast<size_t>(node.outputs[0]);
    if (uses.consumers[output].empty() && !uses.is_output[output]) continue;
    std::optional<Bytes> table = table_of(graph, node);
    int source = node.inputs[0];
    if (const ir::Node* previous = before(graph, uses, node)) {
      const bool from_int8 =
          is_int8(tensor_at(graph, previous->inputs.empty() ? source : previous->inputs[0]));
      if (previous->op == ir::Op::dequantize && from_int8) {
        table = table_through_float(graph, *previous, node);
        source = previous->inputs[0];
      } else if (previous->op == ir::Op::quantize && from_int8 && table) {
        const auto first = table_of(graph, *previous);
        if (first) table = composed(*first, *table);
        if (first) source = previous->inputs[0];
      }
    }
    if (!table) continue;
    const bool same_scale = tensor_at(graph, source).quantisation == graph.output_of(node).quantisation;
    if (is_identity(*table) && same_scale && !uses.is_output[output]) {
      replace_uses(graph, node.outputs[0], source);
      return true;
    }
    ir::Node direct = node;
    direct.inputs[0] = source;
    if (source == node.inputs[0] || table_of(graph, direct) != table) continue;
    node = std::move(direct);
    return true;
  }
  return false;
}

namespace {

/// value * factor[channel] + offset[channel] for the weights of a layer with `channels` innermost or
/// outermost.
struct BatchNorm {
  std::vector<double> factor, offset;
};

BatchNorm read_batch_norm(const ir::Graph& graph, const ir::Node& node) {
  const auto gamma = graph.input_of(node, 1).values<float>(), beta = graph.input_of(node, 2).values<float>();
  const auto mean = graph.input_of(node, 3).values<float>(),
             variance = graph.input_of(node, 4).values<float>();
  const double epsilon = std::get<ir::BatchNormAttributes>(node.attributes).epsilon;
  BatchNorm norm;
  for (size_t c = 0; c < gamma.size(); ++c) {
    norm.factor.push_back(gamma[c] / std::sqrt(variance[c] + epsilon));
    norm.offset.push_back(beta[c] - mean[c] * norm.factor.back());
  }
  return norm;
}

bool is_float_constant(const ir::Graph& graph, const ir::Node& node, int input) {
  if (!ir::Graph::has_input(node, input)) return false;
  const ir::Tensor& tensor = graph.input_of(node, input);
  return tensor.is_constant() && tensor.type == ir::DType::float32;
}

void scale_weights(ir::Graph& graph, ir::Node& layer, const BatchNorm& norm) {
  ir::Tensor weights = graph.input_of(layer, 1);
  const auto old = weights.values<float>();
  const size_t channels = norm.factor.size(), taps = old.size() / channels;
  std::vector<float> values, biases;
  for (size_t i = 0; i < old.size(); ++i) {
    const size_t channel = layer.op == ir::Op::depthwise_conv_2d ? i % channels : i / taps;
    values.push_back(static_cast<float>(old[i] * norm.factor[channel]));
  }
  weights.constant = ir::make_constant<float>(values);
  ir::Tensor bias;
  bias.name = layer.name + "/bias";
  bias.shape = {static_cast<int32_t>(channels)};
  if (ir::Graph::has_input(layer, 2)) bias = graph.input_of(layer, 2);
  for (size_t c = 0; c < channels; ++c) {
    const double from = bias.is_constant() ? bias.values<float>()[c] : 0;
    biases.push_back(static_cast<float>(from * norm.factor[c] + norm.offset[c]));
  }
  bias.constant = ir::make_constant<float>(biases);
  layer.inputs.resize(3, -1);
  layer.inputs[1] = add_tensor(graph, std::move(weights));
  layer.inputs[2] = add_tensor(graph, std::move(bias));
}

}  // namespace

bool fold_batch_norms(ir::Graph& graph) {
  const Uses uses(graph);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node node = graph.nodes[i];
    if (node.op != ir::Op::batch_norm) continue;
    const int producer = uses.producer[static_cast<size_t>(node.inputs[0])];
    if (producer < 0 || uses.only_consumer(node.inputs[0]) < 0) continue;
    ir::Node layer = graph.nodes[static_cast<size_t>(producer)];
    const bool has_weights = layer.op == ir::Op::conv_2d || layer.op == ir::Op::depthwise_conv_2d ||
                             layer.op == ir::Op::fully_connected;
    bool constant = has_weights && *activation_of(layer) == ir::Activation::none &&
                    is_float_constant(graph, layer, 1) &&
                    (!ir::Graph::has_input(layer, 2) || is_float_constant(graph, layer, 2));
    for (int input = 1; input < 5; ++input) constant = constant && is_float_constant(graph, node, input);
    if (!constant) continue;
    scale_weights(graph, layer, read_batch_norm(graph, node));
    layer.outputs = node.outputs;
    graph.nodes[static_cast<size_t>(producer)] = std::move(layer);
    graph.nodes.erase(graph.nodes.begin() + static_cast<ptrdiff_t>(i));
    return true;
  }
  return false;
}

}  // namespace tadpole::plan::rewriting
