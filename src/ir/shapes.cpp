// Shapes, windows and the count of work of every operator.
#include <algorithm>

#include "ir/shape_rules.h"

namespace tadpole::ir {

std::string where(const Node& node) {
  return "layer '" + node.name + "' (" + std::string(op_name(node.op)) + ")";
}

Error shape_error(const Node& node, const std::string& what) {
  return {Code::bad_shape, where(node) + ": " + what};
}

Error attribute_error(const Node& node, const std::string& what) {
  return {Code::bad_attribute, where(node) + ": " + what};
}

Result<void> need_inputs(const Graph& graph, const Node& node, int least) {
  for (int i = 0; i < least; ++i) {
    if (!Graph::has_input(node, i)) {
      return shape_error(node, "has " + std::to_string(node.inputs.size()) + " inputs; needs " +
                                   std::to_string(least) + ".");
    }
    if (node.inputs[static_cast<size_t>(i)] >= static_cast<int>(graph.tensors.size())) {
      return Error{Code::bad_graph, "layer '" + node.name + "' refers to a tensor that is not there."};
    }
  }
  return {};
}

Result<void> need_rank(const Node& node, const Tensor& tensor, size_t rank) {
  if (tensor.shape.size() == rank) return {};
  return shape_error(node, "'" + tensor.name + "' is " + to_string(tensor.shape) + "; needs " +
                               std::to_string(rank) + " dimensions.");
}

Result<std::vector<int32_t>> need_numbers(const Graph& graph, const Node& node, int index,
                                          const std::string& what) {
  const Tensor& tensor = graph.input_of(node, index);
  if (!tensor.is_constant() || tensor.type != DType::int32)
    return attribute_error(node, "its " + what + " must be an int32 constant; '" + tensor.name + "' is not.");
  const auto numbers = tensor.values<int32_t>();
  return std::vector<int32_t>(numbers.begin(), numbers.end());
}

int wrapped_axis(int64_t axis, size_t rank) {
  const auto count = static_cast<int64_t>(rank);
  const int64_t wrapped = axis < 0 ? axis + count : axis;
  return wrapped < 0 || wrapped >= count ? -1 : static_cast<int>(wrapped);
}

Result<int> need_axis(const Node& node, int64_t axis, const Shape& shape) {
  const int wrapped = wrapped_axis(axis, shape.size());
  if (wrapped >= 0) return wrapped;
  return attribute_error(node, "axis " + std::to_string(axis) + " of an input of " + to_string(shape) + ".");
}

Shapes declared_shapes(const Graph& graph, const Node& node) {
  Shapes shapes;
  for (const int output : node.outputs) shapes.push_back(graph.tensors[static_cast<size_t>(output)].shape);
  return shapes;
}

int64_t element_count(const Shape& shape) {
  int64_t count = 1;
  for (const int32_t dimension : shape) count *= dimension;
  return count;
}

std::string to_string(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? "x" : "") + std::to_string(shape[i]);
  return text;
}

Window window_of(int in, int filter, int stride, int dilation, Padding padding, int before, int after) {
  const int64_t reach = int64_t{filter - 1} * dilation + 1;
  Window window;
  if (padding != Padding::same) {
    if (padding == Padding::given) {
      window.pad_before = before;
      window.pad_after = after;
    }
    const int64_t padded = int64_t{in} + window.pad_before + window.pad_after;
    window.out = padded < reach ? 0 : static_cast<int>((padded - reach) / stride + 1);
    return window;
  }
  window.out = static_cast<int>((int64_t{in} + stride - 1) / stride);
  const int64_t total = std::max<int64_t>(0, int64_t{window.out - 1} * stride + reach - in);
  window.pad_before = static_cast<int>(total / 2);
  window.pad_after = static_cast<int>(total - total / 2);
  return window;
}

namespace {
template <class Attributes>
Windows windows_of_conv(const Shape& in, int filter_h, int filter_w, const Attributes& a) {
  return {window_of(in[1], filter_h, a.stride_h, a.dilation_h, a.padding, a.pads.top, a.pads.bottom),
          window_of(in[2], filter_w, a.stride_w, a.dilation_w, a.padding, a.pads.left, a.pads.right)};
}
}  // namespace

Windows windows_of(const Shape& in, int filter_h, int filter_w, const Conv2dAttributes& attributes) {
  return windows_of_conv(in, filter_h, filter_w, attributes);
}

Windows windows_of(const Shape& in, int filter_h, int filter_w, const DepthwiseConv2dAttributes& attributes) {
  return windows_of_conv(in, filter_h, filter_w, attributes);
}

Windows windows_of(const Shape& in, const Pool2dAttributes& a) {
  return {window_of(in[1], a.filter_h, a.stride_h, 1, a.padding, a.pads.top, a.pads.bottom),
          window_of(in[2], a.filter_w, a.stride_w, 1, a.padding, a.pads.left, a.pads.right)};
}

Result<Shapes> output_shapes(const Graph& graph, const Node& node) {
  switch (node.op) {
#define TADPOLE_OP(name, tflite_code, attributes, shape_rule, options) \
  case Op::name:                                                       \
    return shape_rules::shape_rule(graph, node);
#include "ir/ops.def"
#undef TADPOLE_OP
  }
  return Error{Code::internal, "an operator without a shape rule"};
}

Result<Shape> output_shape(const Graph& graph, const Node& node) {
  TADPOLE_TRY(Shapes shapes, output_shapes(graph, node));
  return std::move(shapes.at(0));
}

int64_t multiply_accumulates(const Graph& graph, const Node& node) {
  switch (node.op) {
    case Op::conv_2d: {
      const Shape& weights = graph.input_of(node, 1).shape;
      return element_count(graph.output_of(node).shape) * weights[1] * weights[2] * weights[3];
    }
    case Op::depthwise_conv_2d: {
      const Shape& weights = graph.input_of(node, 1).shape;
      return element_count(graph.output_of(node).shape) * weights[1] * weights[2];
    }
    case Op::fully_connected:
      return element_count(graph.output_of(node).shape) * graph.input_of(node, 1).shape[1];
    case Op::transpose_conv:
      return element_count(graph.input_of(node, 2).shape) * element_count(graph.input_of(node, 1).shape) /
             graph.input_of(node, 1).shape[3];
    case Op::batch_matmul: {
      const bool adjoint = std::get<BatchMatMulAttributes>(node.attributes).adjoint_a;
      const Shape& a = graph.input_of(node, 0).shape;
      return element_count(graph.output_of(node).shape) * a[a.size() - (adjoint ? 2 : 1)];
    }
    case Op::svdf:
      return (element_count(graph.input_of(node, 1).shape) + element_count(graph.input_of(node, 2).shape)) *
             graph.input_of(node, 0).shape[0];
    case Op::unidirectional_sequence_lstm:
    case Op::gru: {
      const int last = node.op == Op::gru ? 2 : 8;
      int64_t weights = 0;
      for (int i = 1; i <= last; ++i) {
        if (Graph::has_input(node, i)) weights += element_count(graph.input_of(node, i).shape);
      }
      if (node.op != Op::gru && Graph::has_input(node, 16))
        weights += element_count(graph.input_of(node, 16).shape);
      const Shape& in = graph.input_of(node, 0).shape;
      return weights * in[0] * in[1];
    }
    default:
      return 0;
  }
}

int64_t multiply_accumulates(const Graph& graph) {
  int64_t total = 0;
  for (const Node& node : graph.nodes) total += multiply_accumulates(graph, node);
  return total;
}

int64_t parameter_count(const Graph& graph) {
  int64_t total = 0;
  std::vector<bool> counted(graph.tensors.size());  // layers may share their weights
  for (const Node& node : graph.nodes) {
    if (multiply_accumulates(graph, node) == 0 && node.op != Op::batch_norm && node.op != Op::prelu) continue;
    for (int i = 1; i < static_cast<int>(node.inputs.size()); ++i) {
      if (!Graph::has_input(node, i) || !graph.input_of(node, i).is_constant()) continue;
      const auto tensor = static_cast<size_t>(node.inputs[static_cast<size_t>(i)]);
      if (!counted[tensor]) total += element_count(graph.tensors[tensor].shape);
      counted[tensor] = true;
    }
  }
  return total;
}

}  // namespace tadpole::ir
