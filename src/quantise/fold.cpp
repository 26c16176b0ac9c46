// Training-only layers go into the layers around them; the function stays the same.
#include <cmath>

#include "quantise/quantise.h"
#include "quantise/unroll.h"

namespace tadpole::quantise {

namespace {

using ir::Activation;
using ir::DType;
using ir::Graph;
using ir::Node;
using ir::Op;
using ir::Tensor;

/// Layers that a batch norm behind them is folded into.
bool takes_batch_norm(Op op) {
  return op == Op::conv_2d || op == Op::depthwise_conv_2d || op == Op::fully_connected;
}

/// The fused activation of a node that can have one.
Activation* fused_activation(Node& node) {
  if (auto* conv = std::get_if<ir::Conv2dAttributes>(&node.attributes)) return &conv->activation;
  if (auto* conv = std::get_if<ir::DepthwiseConv2dAttributes>(&node.attributes)) return &conv->activation;
  if (auto* dense = std::get_if<ir::FullyConnectedAttributes>(&node.attributes)) return &dense->activation;
  if (auto* pool = std::get_if<ir::Pool2dAttributes>(&node.attributes)) return &pool->activation;
  if (auto* add = std::get_if<ir::ActivationAttributes>(&node.attributes)) return &add->activation;
  return nullptr;
}

/// Batch norm in evaluation mode is y = factor * x + offset for each channel.
struct Affine {
  std::vector<double> factor, offset;
};

Affine affine_of(const Graph& graph, const Node& batch_norm) {
  const auto gamma = graph.input_of(batch_norm, 1).values<float>();
  const auto beta = graph.input_of(batch_norm, 2).values<float>();
  const auto mean = graph.input_of(batch_norm, 3).values<float>();
  const auto variance = graph.input_of(batch_norm, 4).values<float>();
  const double epsilon = std::get<ir::BatchNormAttributes>(batch_norm.attributes).epsilon;
  Affine affine;
  for (size_t c = 0; c < gamma.size(); ++c) {
    affine.factor.push_back(gamma[c] / std::sqrt(variance[c] + epsilon));
    affine.offset.push_back(beta[c] - mean[c] * affine.factor[c]);
  }
  return affine;
}

Result<void> check_finite(const std::vector<float>& values, const std::string& tensor,
                          const std::string& layer) {
  for (const float value : values) {
    if (!std::isfinite(value)) {
      return Error{Code::quantise_bad_range, "folding '" + layer + "' makes '" + tensor + "' " +
                                                 std::to_string(value) +
                                                 "; needs finite numbers. Train again with a smaller "
                                                 "learning rate."};
    }
  }
  return {};
}

class Folder {
 public:
  explicit Folder(const Graph& trained) : graph_(trained) {}
  Result<Graph> run();

 private:
  int add_constant(const std::string& name, const ir::Shape& shape, const std::vector<float>& values);
  int add_activation(const std::string& name, const ir::Shape& shape);
  /// The node that makes `tensor`, when it may be changed because nobody else sees its result.
  Node* private_producer(int tensor);
  Result<void> fold_into(Node& layer, const Node& batch_norm);
  Result<void> replace_by_depthwise(const Node& batch_norm);
  Result<void> visit(Node node);
  bool fuse(const Node& activation);
  void count_uses(const Graph& graph);
  void drop_unused();

  Graph graph_;              ///< tensors only grow while folding
  std::vector<Node> nodes_;  ///< of the result
  std::vector<int> alias_;   ///< tensor -> the tensor that now stands for it
  std::vector<int> uses_;
};

int Folder::add_constant(const std::string& name, const ir::Shape& shape, const std::vector<float>& values) {
  graph_.tensors.push_back({name, DType::float32, shape, std::nullopt, ir::make_constant<float>(values)});
  alias_.push_back(static_cast<int>(alias_.size()));
  uses_.push_back(0);
  return alias_.back();
}

int Folder::add_activation(const std::string& name, const ir::Shape& shape) {
  graph_.tensors.push_back({name, DType::float32, shape, std::nullopt, nullptr});
  alias_.push_back(static_cast<int>(alias_.size()));
  uses_.push_back(1);
  return alias_.back();
}

void Folder::count_uses(const Graph& graph) {
  uses_.assign(graph.tensors.size(), 0);
  for (const Node& node : graph.nodes) {
    for (const int input : node.inputs) {
      if (input >= 0) ++uses_[static_cast<size_t>(input)];
    }
  }
  for (const int output : graph.outputs) ++uses_[static_cast<size_t>(output)];
}

Node* Folder::private_producer(int tensor) {
  if (uses_[static_cast<size_t>(tensor)] != 1) return nullptr;
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    if (node->outputs[0] == tensor) return &*node;
  }
  return nullptr;
}

Result<void> Folder::fold_into(Node& layer, const Node& batch_norm) {
  const Tensor weights = graph_.input_of(layer, 1);
  const Affine affine = affine_of(graph_, batch_norm);
  const size_t channels = affine.factor.size();
  std::vector<float> folded(weights.values<float>().begin(), weights.values<float>().end());
  const size_t inner = folded.size() / channels;
  for (size_t i = 0; i < folded.size(); ++i) {
    const size_t channel = layer.op == Op::depthwise_conv_2d ? i % channels : i / inner;
    folded[i] = static_cast<float>(folded[i] * affine.factor[channel]);
  }
  std::vector<float> bias(channels, 0.0f);
  std::string bias_name = layer.name + "_bias";
  if (Graph::has_input(layer, 2)) {
    const Tensor& old = graph_.input_of(layer, 2);
    bias.assign(old.values<float>().begin(), old.values<float>().end());
    bias_name = old.name;
  }
  for (size_t c = 0; c < channels; ++c) {
    bias[c] = static_cast<float>(bias[c] * affine.factor[c] + affine.offset[c]);
  }
  TADPOLE_CHECK(check_finite(folded, weights.name, batch_norm.name));
  TADPOLE_CHECK(check_finite(bias, bias_name, batch_norm.name));
  layer.inputs = {layer.inputs[0], add_constant(weights.name, weights.shape, folded),
                  add_constant(bias_name, {static_cast<int32_t>(channels)}, bias)};
  return {};
}

Result<void> Folder::replace_by_depthwise(const Node& batch_norm) {
  const Affine affine = affine_of(graph_, batch_norm);
  const ir::Shape shape = graph_.input_of(batch_norm, 0).shape;
  const int32_t channels = shape.back();
  const std::vector<float> weights(affine.factor.begin(), affine.factor.end());
  const std::vector<float> bias(affine.offset.begin(), affine.offset.end());
  TADPOLE_CHECK(check_finite(weights, batch_norm.name + "_weights", batch_norm.name));
  TADPOLE_CHECK(check_finite(bias, batch_norm.name + "_bias", batch_norm.name));
  Node layer{Op::depthwise_conv_2d, batch_norm.name, {}, batch_norm.outputs, ir::DepthwiseConv2dAttributes{}};
  layer.inputs = {batch_norm.inputs[0], add_constant(layer.name + "_weights", {1, 1, 1, channels}, weights),
                  add_constant(layer.name + "_bias", {channels}, bias)};
  if (shape.size() == 4) {
    nodes_.push_back(std::move(layer));
    return {};
  }
  const ir::Shape rows = {1, 1, static_cast<int32_t>(ir::element_count(shape) / channels), channels};
  const int before = add_activation(layer.name + "_rows", rows);
  const int after = add_activation(layer.name + "_rows_out", rows);
  nodes_.push_back({Op::reshape, layer.name + "_to_rows", {layer.inputs[0]}, {before}, ir::NoAttributes{}});
  layer.inputs[0] = before;
  layer.outputs = {after};
  nodes_.push_back(layer);
  nodes_.push_back({Op::reshape, layer.name + "_from_rows", {after}, batch_norm.outputs, ir::NoAttributes{}});
  return {};
}

/// Applies an activation layer to the fused activation before it; false when that has no name of its own.
bool Folder::fuse(const Node& activation) {
  Node* layer = private_producer(activation.inputs[0]);
  Activation* fused = layer ? fused_activation(*layer) : nullptr;
  if (!fused) return false;
  const Activation wanted = activation.op == Op::relu ? Activation::relu : Activation::relu6;
  if (*fused == Activation::relu_n1_to_1) return false;
  if (*fused == Activation::none || wanted == Activation::relu6) *fused = wanted;
  return true;  // relu after relu or relu6 changes nothing
}

Result<void> Folder::visit(Node node) {
  for (int& input : node.inputs) {
    if (input >= 0) input = alias_[static_cast<size_t>(input)];
  }
  const auto output = static_cast<size_t>(node.outputs[0]);
  const auto becomes_input = [&] {
    const int input = node.inputs[0];
    alias_[output] = input;
    uses_[static_cast<size_t>(input)] += uses_[output] - 1;
  };
  if (node.op == Op::dropout) {
    becomes_input();
    return {};
  }
  if (node.op == Op::batch_norm) {
    Node* layer = private_producer(node.inputs[0]);
    const bool foldable =
        layer && takes_batch_norm(layer->op) && *fused_activation(*layer) == Activation::none &&
        graph_.input_of(*layer, 1).is_constant() && graph_.input_of(*layer, 1).type == DType::float32 &&
        (!Graph::has_input(*layer, 2) || graph_.input_of(*layer, 2).is_constant());
    if (!foldable) return replace_by_depthwise(node);
    TADPOLE_CHECK(fold_into(*layer, node));
    becomes_input();
    return {};
  }
  if ((node.op == Op::relu || node.op == Op::relu6) && fuse(node)) {
    becomes_input();
    return {};
  }
  nodes_.push_back(std::move(node));
  return {};
}

/// Removes layers that no output needs, then tensors that nothing refers to.
void Folder::drop_unused() {
  std::vector<bool> needed(graph_.tensors.size(), false);
  for (const int output : graph_.outputs) needed[static_cast<size_t>(output)] = true;
  std::vector<Node> kept;
  for (auto node = graph_.nodes.rbegin(); node != graph_.nodes.rend(); ++node) {
    const bool is_needed = std::any_of(node->outputs.begin(), node->outputs.end(),
                                       [&](int output) { return needed[static_cast<size_t>(output)]; });
    if (!is_needed) continue;
    for (const int output : node->outputs) needed[static_cast<size_t>(output)] = true;
    for (const int input : node->inputs) {
      if (input >= 0) needed[static_cast<size_t>(input)] = true;
    }
    kept.insert(kept.begin(), *node);
  }
  graph_.nodes = std::move(kept);
  for (const int input : graph_.inputs) needed[static_cast<size_t>(input)] = true;
  std::vector<int> place(graph_.tensors.size(), -1);
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < needed.size(); ++i) {
    if (!needed[i]) continue;
    place[i] = static_cast<int>(tensors.size());
    tensors.push_back(std::move(graph_.tensors[i]));
  }
  graph_.tensors = std::move(tensors);
  const auto move = [&](std::vector<int>& indices) {
    for (int& index : indices) index = index < 0 ? -1 : place[static_cast<size_t>(index)];
  };
  for (Node& node : graph_.nodes) {
    move(node.inputs);
    move(node.outputs);
  }
  move(graph_.inputs);
  move(graph_.outputs);
}

Result<Graph> Folder::run() {
  TADPOLE_CHECK(ir::check_graph(graph_));
  for (const Node& node : graph_.nodes) {
    if (node.op != Op::batch_norm) continue;
    for (int i = 0; i < 5; ++i) {
      const Tensor& in = graph_.input_of(node, i);
      if (in.type != DType::float32 || (i > 0 && !in.is_constant()))
        return Error{Code::type_unsupported, "batch norm '" + node.name + "': '" + in.name + "' must be " +
                                                 (i ? "a float32 constant." : "float32.")};
    }
  }
  count_uses(graph_);
  for (size_t i = 0; i < graph_.tensors.size(); ++i) alias_.push_back(static_cast<int>(i));
  const std::vector<Node> trained = std::move(graph_.nodes);
  for (const Node& node : trained) TADPOLE_CHECK(visit(node));
  graph_.nodes = std::move(nodes_);
  for (int& output : graph_.outputs) output = alias_[static_cast<size_t>(output)];
  drop_unused();
  TADPOLE_CHECK(ir::check_graph(graph_));
  return std::move(graph_);
}

}  // namespace

Result<Graph> fold_for_inference(const Graph& trained) {
  TADPOLE_CHECK(ir::check_graph(trained));
  return Folder(unroll_gru(trained)).run();
}

}  // namespace tadpole::quantise
