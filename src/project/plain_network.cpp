#include "project/plain_network.h"

#include <algorithm>

namespace tadpole::project {

namespace {

ir::Node* producer_of(ir::Graph& graph, int tensor) {
  for (ir::Node& node : graph.nodes) {
    if (std::find(node.outputs.begin(), node.outputs.end(), tensor) != node.outputs.end()) return &node;
  }
  return nullptr;
}

}  // namespace

Result<ir::Graph> scale_outputs(ir::Graph graph, std::span<const float> scale,
                                std::span<const float> offset) {
  int tensor = graph.outputs[0];
  ir::Node* node = producer_of(graph, tensor);
  while (node != nullptr && node->op == ir::Op::reshape) {
    tensor = node->inputs[0];
    node = producer_of(graph, tensor);
  }
  const auto* dense = node == nullptr || node->op != ir::Op::fully_connected
                          ? nullptr
                          : std::get_if<ir::FullyConnectedAttributes>(&node->attributes);
  if (dense == nullptr || dense->activation != ir::Activation::none ||
      ir::element_count(graph.tensors[static_cast<size_t>(tensor)].shape) !=
          static_cast<int64_t>(scale.size())) {
    return Error{Code::op_unsupported,
                 "the network '" + graph.name + "' ends in " +
                     std::string(node == nullptr ? "its input" : ir::op_name(node->op)) +
                     "; a regression needs a dense layer without activation at the end."};
  }
  ir::Tensor& weights = graph.tensors[static_cast<size_t>(node->inputs[1])];
  std::vector<float> scaled(weights.values<float>().begin(), weights.values<float>().end());
  const size_t row = scaled.size() / scale.size();
  for (size_t i = 0; i < scaled.size(); ++i) scaled[i] *= scale[i / row];
  weights.constant = ir::make_constant(std::span<const float>(scaled));
  std::vector<float> biases(offset.begin(), offset.end());
  if (ir::Graph::has_input(*node, 2)) {
    ir::Tensor& bias = graph.tensors[static_cast<size_t>(node->inputs[2])];
    const std::span<const float> values = bias.values<float>();
    for (size_t i = 0; i < biases.size(); ++i) biases[i] += values[i] * scale[i];
    bias.constant = ir::make_constant(std::span<const float>(biases));
    return graph;
  }
  ir::Tensor bias;
  bias.name = node->name + "/bias";
  bias.shape = {static_cast<int32_t>(biases.size())};
  bias.constant = ir::make_constant(std::span<const float>(biases));
  node->inputs.resize(3, -1);
  node->inputs[2] = static_cast<int>(graph.tensors.size());
  graph.tensors.push_back(std::move(bias));
  return graph;
}

}  // namespace tadpole::project
