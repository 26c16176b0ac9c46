// Inside the room: the rules that ops.def names. Each gives the shapes of a node's outputs, or says in its
// message which layer and which shapes do not fit. Inputs that a rule looks at are checked to be there.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

namespace tadpole::ir {

using Shapes = std::vector<Shape>;

namespace shape_rules {

// With weights: shape_rules_weights.cpp.
Result<Shapes> conv(const Graph& graph, const Node& node);
Result<Shapes> depthwise(const Graph& graph, const Node& node);
Result<Shapes> dense(const Graph& graph, const Node& node);
Result<Shapes> transpose_conv(const Graph& graph, const Node& node);
Result<Shapes> batch_matmul(const Graph& graph, const Node& node);
Result<Shapes> lstm(const Graph& graph, const Node& node);
Result<Shapes> svdf(const Graph& graph, const Node& node);
Result<Shapes> gru(const Graph& graph, const Node& node);
Result<Shapes> pool(const Graph& graph, const Node& node);
Result<Shapes> batch_norm(const Graph& graph, const Node& node);

// Elements and axes: shape_rules_elements.cpp.
Result<Shapes> same(const Graph& graph, const Node& node);
Result<Shapes> prelu(const Graph& graph, const Node& node);
Result<Shapes> broadcast(const Graph& graph, const Node& node);
Result<Shapes> reduce(const Graph& graph, const Node& node);
Result<Shapes> arg_max(const Graph& graph, const Node& node);

// Values that move: shape_rules_moves.cpp.
Result<Shapes> reshape(const Graph& graph, const Node& node);
Result<Shapes> squeeze(const Graph& graph, const Node& node);
Result<Shapes> expand_dims(const Graph& graph, const Node& node);
Result<Shapes> transpose(const Graph& graph, const Node& node);
Result<Shapes> pad(const Graph& graph, const Node& node);
Result<Shapes> concatenation(const Graph& graph, const Node& node);
Result<Shapes> split(const Graph& graph, const Node& node);
Result<Shapes> slice(const Graph& graph, const Node& node);
Result<Shapes> gather(const Graph& graph, const Node& node);
Result<Shapes> pack(const Graph& graph, const Node& node);
Result<Shapes> unpack(const Graph& graph, const Node& node);
Result<Shapes> resize(const Graph& graph, const Node& node);

}  // namespace shape_rules

// What the rules share.

/// "layer 'x' (conv_2d)"
std::string where(const Node& node);
Error shape_error(const Node& node, const std::string& what);
Error attribute_error(const Node& node, const std::string& what);
/// That the first `least` inputs are there.
Result<void> need_inputs(const Graph& graph, const Node& node, int least);
Result<void> need_rank(const Node& node, const Tensor& tensor, size_t rank);
/// Input `index` as int32 numbers. Fails when it is not an int32 constant; `what` names it.
Result<std::vector<int32_t>> need_numbers(const Graph& graph, const Node& node, int index,
                                          const std::string& what);
/// `axis` from 0; fails when the shape has no such axis.
Result<int> need_axis(const Node& node, int64_t axis, const Shape& shape);
/// The declared shapes of a node's outputs.
Shapes declared_shapes(const Graph& graph, const Node& node);
/// NumPy's broadcasting of two shapes, or nothing.
std::optional<Shape> broadcast_of(const Shape& a, const Shape& b);

}  // namespace tadpole::ir
