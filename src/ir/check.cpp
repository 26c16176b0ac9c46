// What every stage may assume about a graph is checked here, once.
#include <cmath>
#include <limits>

#include "ir/graph.h"
#include "ir/refusals.h"

namespace tadpole::ir {

namespace {

Error bad_graph(const std::string& what) { return {Code::bad_graph, what}; }

Result<void> check_quantisation(const Tensor& tensor) {
  if (!tensor.quantisation) return {};
  const Quantisation& q = *tensor.quantisation;
  const std::string where = "tensor '" + tensor.name + "': ";
  if (q.scales.empty() || q.scales.size() != q.zero_points.size()) {
    return bad_graph(where + std::to_string(q.scales.size()) + " scales and " +
                     std::to_string(q.zero_points.size()) +
                     " zero points; needs as many of each, at least one.");
  }
  for (const float scale : q.scales) {
    if (!std::isfinite(scale) || scale <= 0)
      return bad_graph(where + "a scale is " + std::to_string(scale) + "; needs a positive number.");
  }
  for (const int32_t zero : q.zero_points) {
    const bool fits = tensor.type == DType::int8    ? zero >= -128 && zero <= 127
                      : tensor.type == DType::uint8 ? zero >= 0 && zero <= 255
                      : tensor.type == DType::int16 ? zero >= -32768 && zero <= 32767
                                                    : zero == 0;
    if (!fits)
      return bad_graph(where + "zero point " + std::to_string(zero) + " is outside the range of " +
                       std::string(to_string(tensor.type)) + ".");
  }
  if (q.per_channel()) {
    const bool axis_fits = q.axis >= 0 && q.axis < static_cast<int>(tensor.shape.size());
    if (!axis_fits || tensor.shape[static_cast<size_t>(q.axis)] != static_cast<int64_t>(q.scales.size())) {
      return bad_graph(where + std::to_string(q.scales.size()) + " scales along axis " +
                       std::to_string(q.axis) + " of shape " + to_string(tensor.shape) + ".");
    }
  }
  return {};
}

Result<void> check_tensor(const Tensor& tensor) {
  int64_t count = 1;
  for (const int32_t dimension : tensor.shape) {
    if (dimension < 1)
      return bad_graph("tensor '" + tensor.name + "' has shape " + to_string(tensor.shape) +
                       "; every dimension needs at least 1.");
    count *= dimension;
    if (count * byte_size(tensor.type) > std::numeric_limits<int32_t>::max()) {
      return bad_graph("tensor '" + tensor.name + "' of shape " + to_string(tensor.shape) +
                       " is larger than 2 GB.");
    }
  }
  if (tensor.is_constant() && static_cast<int64_t>(tensor.constant->size()) != tensor.bytes()) {
    return bad_graph("constant '" + tensor.name + "' holds " + std::to_string(tensor.constant->size()) +
                     " bytes; its shape " + to_string(tensor.shape) + " of " +
                     std::string(to_string(tensor.type)) + " needs " + std::to_string(tensor.bytes()) + ".");
  }
  if (tensor.type == DType::int4 && !tensor.is_constant())
    return bad_graph("tensor '" + tensor.name + "' is int4 and not a constant; only weights can be int4.");
  if (tensor.is_variable &&
      (tensor.is_constant() ||
       (tensor.initial && static_cast<int64_t>(tensor.initial->size()) != tensor.bytes()))) {
    return bad_graph("variable '" + tensor.name +
                     "' is also a constant, or its first value has another size.");
  }
  return check_quantisation(tensor);
}

/// Follows the nodes in order: every input exists before it is read, every output is written once.
Result<void> check_order(const Graph& graph) {
  const int count = static_cast<int>(graph.tensors.size());
  const auto valid = [&](int index) { return index >= 0 && index < count; };
  std::vector<bool> ready(graph.tensors.size());
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    ready[i] = graph.tensors[i].is_constant() || graph.tensors[i].is_variable;
  }
  for (const int input : graph.inputs) {
    if (!valid(input) || ready[static_cast<size_t>(input)])
      return bad_graph("input tensor " + std::to_string(input) +
                       " is not there, a constant, or named twice.");
    ready[static_cast<size_t>(input)] = true;
  }
  for (const Node& node : graph.nodes) {
    const std::string where = "layer '" + node.name + "' (" + std::string(op_name(node.op)) + ") ";
    for (const int input : node.inputs) {
      if (input != -1 && !valid(input))
        return bad_graph(where + "reads tensor " + std::to_string(input) + " of " + std::to_string(count) +
                         ".");
      if (input != -1 && !ready[static_cast<size_t>(input)]) {
        return bad_graph(where + "reads '" + graph.tensors[static_cast<size_t>(input)].name +
                         "' before anything has written it.");
      }
    }
    const bool splits = node.op == Op::split || node.op == Op::unpack;
    if (node.outputs.empty() || (node.outputs.size() > 1 && !splits))
      return bad_graph(where + "has " + std::to_string(node.outputs.size()) + " outputs; needs 1.");
    for (const int output : node.outputs) {
      if (!valid(output))
        return bad_graph(where + "writes tensor " + std::to_string(output) + " of " + std::to_string(count) +
                         ".");
      const bool assigns = node.op == Op::assign_variable;
      if (assigns != graph.tensors[static_cast<size_t>(output)].is_variable)
        return bad_graph(where + "writes '" + graph.tensors[static_cast<size_t>(output)].name +
                         "'; assign_variable, and nothing else, writes variables.");
      if (ready[static_cast<size_t>(output)] && !assigns) {
        return bad_graph(where + "writes '" + graph.tensors[static_cast<size_t>(output)].name +
                         "', which is a constant, an input or already written.");
      }
      ready[static_cast<size_t>(output)] = true;
    }
    if (node.attributes.index() != default_attributes(node.op).index())
      return bad_graph(where + "carries another operator's attributes.");
  }
  if (graph.inputs.empty() || graph.outputs.empty())
    return bad_graph("a graph needs at least one input and one output.");
  for (const int output : graph.outputs) {
    if (!valid(output) || !ready[static_cast<size_t>(output)])
      return bad_graph("output tensor " + std::to_string(output) + " is never written.");
  }
  return {};
}

Result<void> check_shapes(const Graph& graph, const Node& node) {
  TADPOLE_TRY(const std::vector<Shape> expected, output_shapes(graph, node));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const Tensor& out = graph.output_of(node, static_cast<int>(i));
    if (out.shape == expected[i]) continue;
    return Error{Code::bad_shape, "layer '" + node.name + "' (" + std::string(op_name(node.op)) +
                                      "): its output '" + out.name + "' is declared as " +
                                      to_string(out.shape) + " but the operator makes " +
                                      to_string(expected[i]) + "."};
  }
  return {};
}

}  // namespace

int byte_size(DType type) {
  switch (type) {
    case DType::int8:
    case DType::uint8:
    case DType::boolean:
    case DType::int4:
      return 1;
    case DType::int16:
      return 2;
    case DType::int64:
      return 8;
    case DType::float32:
    case DType::int32:
      return 4;
  }
  return 4;
}

std::string_view to_string(DType type) {
  switch (type) {
    case DType::float32:
      return "float32";
    case DType::int8:
      return "int8";
    case DType::int16:
      return "int16";
    case DType::int32:
      return "int32";
    case DType::int64:
      return "int64";
    case DType::uint8:
      return "uint8";
    case DType::boolean:
      return "bool";
    case DType::int4:
      return "int4";
  }
  return "?";
}

Result<void> check_graph(const Graph& graph) {
  for (const Tensor& tensor : graph.tensors) TADPOLE_CHECK(check_tensor(tensor));
  TADPOLE_CHECK(check_order(graph));
  Refusals refusals;
  for (const Node& node : graph.nodes) {
    if (const auto checked = check_shapes(graph, node); !checked.ok())
      refusals.add(graph, node, checked.error());
  }
  return refusals.result(graph.nodes.size());
}

}  // namespace tadpole::ir
