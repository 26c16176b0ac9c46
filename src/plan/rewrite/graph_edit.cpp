// Uses of tensors, running a single node, and clearing away what is left over.
#include "plan/rewrite/graph_edit.h"

#include <algorithm>

#include "plan/plan.h"

namespace tadpole::plan::rewriting {

Uses::Uses(const ir::Graph& graph)
    : producer(graph.tensors.size(), -1),
      consumers(graph.tensors.size()),
      is_end(graph.tensors.size(), false),
      is_output(graph.tensors.size(), false) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const int output : graph.nodes[i].outputs)
      producer[static_cast<size_t>(output)] = static_cast<int>(i);
    for (const int input : graph.nodes[i].inputs) {
      if (input >= 0) consumers[static_cast<size_t>(input)].push_back(static_cast<int>(i));
    }
  }
  for (const int input : graph.inputs) is_end[static_cast<size_t>(input)] = true;
  for (const int output : graph.outputs) {
    is_end[static_cast<size_t>(output)] = is_output[static_cast<size_t>(output)] = true;
  }
}

int Uses::only_consumer(int tensor) const {
  const auto& readers = consumers[static_cast<size_t>(tensor)];
  return is_end[static_cast<size_t>(tensor)] || readers.size() != 1 ? -1 : readers[0];
}

bool is_int8(const ir::Tensor& tensor) {
  return tensor.type == ir::DType::int8 && tensor.quantisation && !tensor.quantisation->per_channel();
}

int channels_of(const ir::Tensor& tensor) { return tensor.shape.empty() ? 1 : tensor.shape.back(); }

int data_input(ir::Op op) {
  switch (op) {
    case ir::Op::transpose_conv:
      return 2;
    case ir::Op::split:
      return 1;
    default:
      return 0;
  }
}

bool is_pure(const ir::Node& node) {
  switch (node.op) {
    case ir::Op::unidirectional_sequence_lstm:
    case ir::Op::gru:
    case ir::Op::svdf:
    case ir::Op::read_variable:
    case ir::Op::assign_variable:
      return false;
    default:
      return node.outputs.size() == 1;
  }
}

bool is_unary(ir::Op op) {
  switch (op) {
    case ir::Op::relu:
    case ir::Op::relu6:
    case ir::Op::leaky_relu:
    case ir::Op::logistic:
    case ir::Op::tanh:
    case ir::Op::hard_swish:
    case ir::Op::abs:
    case ir::Op::exp:
    case ir::Op::rsqrt:
    case ir::Op::quantize:
      return true;
    default:
      return false;
  }
}

std::optional<Bytes> evaluate(const ir::Graph& graph, const ir::Node& node, std::span<const Bytes> inputs) {
  ir::Graph alone;
  alone.name = graph.name;
  ir::Node copy = node;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] < 0) continue;
    ir::Tensor tensor = tensor_at(graph, node.inputs[i]);
    const bool is_data = static_cast<int>(i) == data_input(node.op);
    tensor.constant = is_data ? nullptr : std::make_shared<const Bytes>(inputs[i]);
    copy.inputs[i] = add_tensor(alone, std::move(tensor));
    if (is_data) alone.inputs = {copy.inputs[i]};
  }
  ir::Tensor out = graph.output_of(node);
  out.constant = nullptr;
  copy.outputs = {add_tensor(alone, std::move(out))};
  alone.outputs = copy.outputs;
  alone.nodes = {std::move(copy)};
  const auto plan = lower(alone, {.kernels = "ref", .rewrite = false});
  if (!plan.ok()) return std::nullopt;
  Bytes result(static_cast<size_t>(plan->output_bytes()));
  Runner(*plan).run(inputs[static_cast<size_t>(data_input(node.op))], result);
  return result;
}

std::optional<Bytes> table_of(const ir::Graph& graph, const ir::Node& node) {
  if (!is_unary(node.op) || node.inputs.size() != 1) return std::nullopt;
  ir::Graph flat;
  ir::Node copy = node;
  for (const int end : {node.inputs[0], node.outputs[0]}) {
    ir::Tensor tensor = tensor_at(graph, end);
    if (!is_int8(tensor)) return std::nullopt;
    tensor.shape = {256};
    tensor.constant = nullptr;
    flat.tensors.push_back(std::move(tensor));
  }
  copy.inputs = {0};
  copy.outputs = {1};
  Bytes all(256);
  for (int value = -128; value < 128; ++value)
    all[static_cast<size_t>(value + 128)] = static_cast<uint8_t>(value);
  return evaluate(flat, copy, std::vector<Bytes>{std::move(all)});
}

int add_tensor(ir::Graph& graph, ir::Tensor tensor) {
  graph.tensors.push_back(std::move(tensor));
  return static_cast<int>(graph.tensors.size()) - 1;
}

void replace_uses(ir::Graph& graph, int from, int to) {
  for (ir::Node& node : graph.nodes) std::replace(node.inputs.begin(), node.inputs.end(), from, to);
}

void make_constant(ir::Graph& graph, size_t node, Bytes bytes) {
  const int output = graph.nodes[node].outputs[0];
  ir::Tensor constant = tensor_at(graph, output);
  constant.constant = std::make_shared<const Bytes>(std::move(bytes));
  const int to = add_tensor(graph, std::move(constant));
  replace_uses(graph, output, to);
  std::replace(graph.outputs.begin(), graph.outputs.end(), output, to);
}

namespace {

void remove_unneeded_nodes(ir::Graph& graph) {
  std::vector<bool> needed(graph.tensors.size(), false);
  for (const int output : graph.outputs) needed[static_cast<size_t>(output)] = true;
  std::vector<ir::Node> kept;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    // Without outputs a node is there for what it does, as one that writes a variable.
    const bool is_needed =
        node->outputs.empty() || std::any_of(node->outputs.begin(), node->outputs.end(), [&](int output) {
          return needed[static_cast<size_t>(output)] || tensor_at(graph, output).is_variable;
        });
    if (!is_needed) continue;
    for (const int input : node->inputs) {
      if (input >= 0) needed[static_cast<size_t>(input)] = true;
    }
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  graph.nodes = std::move(kept);
}

void remove_unmentioned_tensors(ir::Graph& graph) {
  std::vector<int> new_index(graph.tensors.size(), -1);
  const auto mention = [&](const std::vector<int>& tensors) {
    for (const int tensor : tensors) {
      if (tensor >= 0) new_index[static_cast<size_t>(tensor)] = 0;
    }
  };
  mention(graph.inputs);
  mention(graph.outputs);
  for (const ir::Node& node : graph.nodes) {
    mention(node.inputs);
    mention(node.outputs);
  }
  std::vector<ir::Tensor> kept;
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    if (new_index[i] < 0) continue;
    new_index[i] = static_cast<int>(kept.size());
    kept.push_back(std::move(graph.tensors[i]));
  }
  graph.tensors = std::move(kept);
  const auto renumber = [&](std::vector<int>& tensors) {
    for (int& tensor : tensors) {
      if (tensor >= 0) tensor = new_index[static_cast<size_t>(tensor)];
    }
  };
  renumber(graph.inputs);
  renumber(graph.outputs);
  for (ir::Node& node : graph.nodes) {
    renumber(node.inputs);
    renumber(node.outputs);
  }
}

}  // namespace

void sweep(ir::Graph& graph) {
  remove_unneeded_nodes(graph);
  remove_unmentioned_tensors(graph);
}

}  // namespace tadpole::plan::rewriting
