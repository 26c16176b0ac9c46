// Constants, reshapes and pads.
#include <algorithm>

#include "plan/rewrite/fusion.h"

namespace tadpole::plan::rewriting {

bool fold_constants(ir::Graph& graph) {
  const Uses uses(graph);
  bool changed = false;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node node = graph.nodes[i];
    const auto is_constant = [&](int input) { return input < 0 || tensor_at(graph, input).is_constant(); };
    const bool is_foldable = is_pure(node) && data_input(node.op) < static_cast<int>(node.inputs.size()) &&
                             !uses.is_output[static_cast<size_t>(node.outputs[0])] &&
                             !uses.consumers[static_cast<size_t>(node.outputs[0])].empty() &&
                             std::all_of(node.inputs.begin(), node.inputs.end(), is_constant);
    if (!is_foldable || !ir::Graph::has_input(node, data_input(node.op))) continue;
    std::vector<Bytes> inputs;
    for (const int input : node.inputs)
      inputs.push_back(input < 0 ? Bytes{} : *tensor_at(graph, input).constant);
    auto bytes = evaluate(graph, node, inputs);
    if (!bytes) continue;
    make_constant(graph, i, std::move(*bytes));
    changed = true;
  }
  return changed;
}

namespace {

bool is_same_place(const ir::Tensor& a, const ir::Tensor& b) {
  return a.type == b.type && a.shape == b.shape && a.quantisation == b.quantisation;
}

bool becomes_reshape(const ir::Node& node) {
  return node.op == ir::Op::squeeze || node.op == ir::Op::expand_dims || node.op == ir::Op::dropout;
}

}  // namespace

bool simplify_moves(ir::Graph& graph) {
  bool changed = false;
  for (ir::Node& node : graph.nodes) {
    if (becomes_reshape(node)) {
      node.op = ir::Op::reshape;
      node.inputs.resize(1);
      node.attributes = ir::NoAttributes{};
      changed = true;
    }
    if (node.op != ir::Op::reshape) continue;
    const Uses uses(graph);
    const int before = uses.producer[static_cast<size_t>(node.inputs[0])];
    // A variable may be assigned between a copy of it and what reads the copy.
    const auto is_copy = [&](const ir::Node& from) {
      return from.op == ir::Op::reshape && !graph.input_of(from, 0).is_variable;
    };
    if (before >= 0 && is_copy(graph.nodes[static_cast<size_t>(before)])) {
      node.inputs[0] = graph.nodes[static_cast<size_t>(before)].inputs[0];
      changed = true;
    }
    const auto output = static_cast<size_t>(node.outputs[0]);
    const bool moves_nothing = is_same_place(graph.input_of(node, 0), graph.output_of(node));
    if (!moves_nothing || uses.is_output[output] || uses.consumers[output].empty()) continue;
    if (graph.input_of(node, 0).is_variable) continue;
    replace_uses(graph, node.outputs[0], node.inputs[0]);
    changed = true;
  }
  return changed;
}

namespace {

/// Rows and columns of zeros that a pad node adds; nothing when it pads with another value or elsewhere.
std::optional<ir::Pads> pads_of_zeros(const ir::Graph& graph, const ir::Node& node) {
  if (node.op != ir::Op::pad && node.op != ir::Op::pad_v2) return std::nullopt;
  const ir::Tensor& in = graph.input_of(node, 0);
  const ir::Tensor& paddings = graph.input_of(node, 1);
  if (in.shape.size() != 4 || !paddings.is_constant() || paddings.type != ir::DType::int32)
    return std::nullopt;
  if (in.quantisation != graph.output_of(node).quantisation) return std::nullopt;
  if (node.op == ir::Op::pad_v2) {
    const ir::Tensor& value = graph.input_of(node, 2);
    if (!value.is_constant() || value.type != in.type) return std::nullopt;
    const bool is_zero = in.type == ir::DType::float32 ? value.values<float>()[0] == 0.0f
                         : is_int8(in) ? value.values<int8_t>()[0] == zero_of(in) && is_int8(value) &&
                                             value.quantisation == in.quantisation
                                       : false;
    if (!is_zero) return std::nullopt;
  }
  if (in.type != ir::DType::float32 && !is_int8(in)) return std::nullopt;
  const auto sizes = paddings.values<int32_t>();
  if (sizes.size() != 8 || std::any_of(sizes.begin(), sizes.end(), [](int32_t size) { return size < 0; }))
    return std::nullopt;
  if (sizes[0] != 0 || sizes[1] != 0 || sizes[6] != 0 || sizes[7] != 0) return std::nullopt;
  return ir::Pads{sizes[2], sizes[3], sizes[4], sizes[5]};
}

/// Whether every window has a tap inside the map: kernels rely on it.
bool touches_map(int in, int reach, int stride, int out, int before) {
  return before < reach && (int64_t{out} - 1) * stride - before < in;
}

template <class Attributes>
bool add_pads(ir::Graph& graph, size_t index, int unpadded, const ir::Pads& pads) {
  ir::Node node = graph.nodes[index];
  auto& attributes = std::get<Attributes>(node.attributes);
  const ir::Shape& weights = graph.input_of(node, 1).shape;
  const auto own = ir::windows_of(graph.input_of(node, 0).shape, weights[1], weights[2], attributes);
  attributes.padding = ir::Padding::given;
  attributes.pads = {pads.top + own.rows.pad_before, pads.bottom + own.rows.pad_after,
                     pads.left + own.columns.pad_before, pads.right + own.columns.pad_after};
  node.inputs[0] = unpadded;
  const auto shape = ir::output_shape(graph, node);
  if (!shape.ok() || *shape != graph.output_of(node).shape) return false;
  const ir::Shape& in = tensor_at(graph, unpadded).shape;
  const int reach_h = (weights[1] - 1) * attributes.dilation_h + 1;
  const int reach_w = (weights[2] - 1) * attributes.dilation_w + 1;
  if (!touches_map(in[1], reach_h, attributes.stride_h, (*shape)[1], attributes.pads.top) ||
      !touches_map(in[2], reach_w, attributes.stride_w, (*shape)[2], attributes.pads.left))
    return false;
  graph.nodes[index] = std::move(node);
  return true;
}

}  // namespace

bool fuse_pads(ir::Graph& graph) {
  const Uses uses(graph);
  bool changed = false;
  for (const ir::Node& node : graph.nodes) {
    const auto pads = pads_of_zeros(graph, node);
    if (!pads) continue;
    for (const int reader : uses.consumers[static_cast<size_t>(node.outputs[0])]) {
      const auto index = static_cast<size_t>(reader);
      if (graph.nodes[index].inputs[0] != node.outputs[0]) continue;
      if (graph.nodes[index].op == ir::Op::conv_2d)
        changed |= add_pads<ir::Conv2dAttributes>(graph, index, node.inputs[0], *pads);
      if (graph.nodes[index].op == ir::Op::depthwise_conv_2d)
        changed |= add_pads<ir::DepthwiseConv2dAttributes>(graph, index, node.inputs[0], *pads);
    }
  }
  return changed;
}

}  // namespace tadpole::plan::rewriting
