// Shape rules of element-wise operators and reductions.
#include <algorithm>

#include "ir/shape_rules.h"

namespace tadpole::ir {

std::optional<Shape> broadcast_of(const Shape& a, const Shape& b) {
  Shape out(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < out.size(); ++i) {
    const int32_t from_a = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int32_t from_b = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (from_a != from_b && from_a != 1 && from_b != 1) return std::nullopt;
    out[out.size() - 1 - i] = std::max(from_a, from_b);
  }
  return out;
}

namespace shape_rules {

Result<Shapes> same(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 1));
  return Shapes{graph.input_of(node, 0).shape};
}

/// As in TFLite and NumPy: trailing dimensions match, or one of them is 1.
Result<Shapes> broadcast(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 2));
  const Shape& a = graph.input_of(node, 0).shape;
  const Shape& b = graph.input_of(node, 1).shape;
  if (auto out = broadcast_of(a, b)) return Shapes{*std::move(out)};
  return shape_error(node, to_string(a) + " and " + to_string(b) + " cannot be brought to one shape.");
}

Result<Shapes> prelu(const Graph& graph, const Node& node) {
  TADPOLE_TRY(Shapes out, broadcast(graph, node));
  const Shape& in = graph.input_of(node, 0).shape;
  if (out[0] == in) return out;
  return shape_error(node, "slopes of " + to_string(graph.input_of(node, 1).shape) + " for an input of " +
                               to_string(in) + ".");
}

Result<Shapes> reduce(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 2));
  const Shape& in = graph.input_of(node, 0).shape;
  TADPOLE_TRY(const std::vector<int32_t> axes, need_numbers(graph, node, 1, "axes"));
  std::vector<bool> reduced(in.size(), false);
  for (const int32_t axis : axes) {
    TADPOLE_TRY(const int wrapped, need_axis(node, axis, in));
    reduced[static_cast<size_t>(wrapped)] = true;
  }
  Shape out;
  for (size_t i = 0; i < in.size(); ++i) {
    if (!reduced[i]) out.push_back(in[i]);
    if (reduced[i] && std::get<ReduceAttributes>(node.attributes).keep_dims) out.push_back(1);
  }
  return Shapes{out};
}

Result<Shapes> arg_max(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 2));
  Shape out = graph.input_of(node, 0).shape;
  TADPOLE_TRY(const std::vector<int32_t> axis, need_numbers(graph, node, 1, "axis"));
  if (axis.size() != 1) return attribute_error(node, "needs one axis.");
  TADPOLE_TRY(const int wrapped, need_axis(node, axis[0], out));
  out.erase(out.begin() + wrapped);
  return Shapes{out};
}

}  // namespace shape_rules

}  // namespace tadpole::ir
