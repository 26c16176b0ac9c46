// The shape rule of every operator, and the count of its work.
#include <algorithm>

#include "ir/graph.h"

namespace tadpole::ir {

namespace {

Error shape_error(const Node& node, const std::string& what) {
  return {Code::bad_shape, "layer '" + node.name + "' (" + std::string(op_name(node.op)) + "): " + what};
}

Error attribute_error(const Node& node, const std::string& what) {
  return {Code::bad_attribute, "layer '" + node.name + "' (" + std::string(op_name(node.op)) + "): " + what};
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

Result<void> check_bias(const Graph& graph, const Node& node, int index, int channels) {
  if (!Graph::has_input(node, index)) return {};
  const Tensor& bias = graph.input_of(node, index);
  if (element_count(bias.shape) == channels) return {};
  return shape_error(node,
                     "bias is " + to_string(bias.shape) + " for " + std::to_string(channels) + " outputs.");
}

Result<void> check_steps(const Node& node, int stride_h, int stride_w, int dilation_h, int dilation_w) {
  const auto in_range = [](int value) { return value >= 1 && value <= 4096; };
  if (in_range(stride_h) && in_range(stride_w) && in_range(dilation_h) && in_range(dilation_w)) return {};
  return attribute_error(node, "stride " + std::to_string(stride_h) + "x" + std::to_string(stride_w) +
                                   ", dilation " + std::to_string(dilation_h) + "x" +
                                   std::to_string(dilation_w) + "; each needs 1 to 4096.");
}

Result<Shape> windowed(const Node& node, const Shape& in, int filter_h, int filter_w, int stride_h,
                       int stride_w, int dilation_h, int dilation_w, Padding padding, int channels) {
  TADPOLE_CHECK(check_steps(node, stride_h, stride_w, dilation_h, dilation_w));
  const Window rows = window_of(in[1], filter_h, stride_h, dilation_h, padding);
  const Window columns = window_of(in[2], filter_w, stride_w, dilation_w, padding);
  if (rows.out < 1 || columns.out < 1) {
    return shape_error(node, "a window of " + std::to_string(filter_h) + "x" + std::to_string(filter_w) +
                                 " does not fit into " + to_string(in) +
                                 ". Use a smaller window or SAME padding.");
  }
  return Shape{in[0], rows.out, columns.out, channels};
}

Result<Shape> conv_shape(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 2));
  const auto& attributes = std::get<Conv2dAttributes>(node.attributes);
  const Tensor& in = graph.input_of(node, 0);
  const Tensor& weights = graph.input_of(node, 1);
  TADPOLE_CHECK(need_rank(node, in, 4));
  TADPOLE_CHECK(need_rank(node, weights, 4));
  if (weights.shape[3] != in.shape[3]) {
    return shape_error(node, "weights " + to_string(weights.shape) + " want " +
                                 std::to_string(weights.shape[3]) + " input channels; the input is " +
                                 to_string(in.shape) + ".");
  }
  TADPOLE_CHECK(check_bias(graph, node, 2, weights.shape[0]));
  return windowed(node, in.shape, weights.shape[1], weights.shape[2], attributes.stride_h,
                  attributes.stride_w, attributes.dilation_h, attributes.dilation_w, attributes.padding,
                  weights.shape[0]);
}

Result<Shape> depthwise_shape(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 2));
  const auto& attributes = std::get<DepthwiseConv2dAttributes>(node.attributes);
  const Tensor& in = graph.input_of(node, 0);
  const Tensor& weights = graph.input_of(node, 1);
  TADPOLE_CHECK(need_rank(node, in, 4));
  TADPOLE_CHECK(need_rank(node, weights, 4));
  const int64_t channels = int64_t{in.shape[3]} * attributes.depth_multiplier;
  if (attributes.depth_multiplier < 1 || weights.shape[0] != 1 || weights.shape[3] != channels) {
    return shape_error(node, "weights " + to_string(weights.shape) + " do not fit an input of " +
                                 to_string(in.shape) + " with depth multiplier " +
                                 std::to_string(attributes.depth_multiplier) + ".");
  }
  TADPOLE_CHECK(check_bias(graph, node, 2, weights.shape[3]));
  return windowed(node, in.shape, weights.shape[1], weights.shape[2], attributes.stride_h,
                  attributes.stride_w, attributes.dilation_h, attributes.dilation_w, attributes.padding,
                  weights.shape[3]);
}

Result<Shape> dense_shape(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 2));
  const auto& attributes = std::get<FullyConnectedAttributes>(node.attributes);
  const Tensor& in = graph.input_of(node, 0);
  const Tensor& weights = graph.input_of(node, 1);
  TADPOLE_CHECK(need_rank(node, weights, 2));
  const int64_t width = weights.shape[1];
  if (in.shape.empty() || element_count(in.shape) % width != 0 ||
      (attributes.keep_dims && in.shape.back() != width)) {
    return shape_error(
        node, "weights " + to_string(weights.shape) + " do not fit an input of " + to_string(in.shape) + ".");
  }
  TADPOLE_CHECK(check_bias(graph, node, 2, weights.shape[0]));
  if (!attributes.keep_dims)
    return Shape{static_cast<int32_t>(element_count(in.shape) / width), weights.shape[0]};
  Shape out = in.shape;
  out.back() = weights.shape[0];
  return out;
}

Result<Shape> pool_shape(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 1));
  const auto& attributes = std::get<Pool2dAttributes>(node.attributes);
  const Tensor& in = graph.input_of(node, 0);
  TADPOLE_CHECK(need_rank(node, in, 4));
  if (attributes.filter_h < 1 || attributes.filter_w < 1 || attributes.filter_h > 65535 ||
      attributes.filter_w > 65535) {
    return attribute_error(node, "pool window " + std::to_string(attributes.filter_h) + "x" +
                                     std::to_string(attributes.filter_w) + "; each side needs 1 to 65535.");
  }
  return windowed(node, in.shape, attributes.filter_h, attributes.filter_w, attributes.stride_h,
                  attributes.stride_w, 1, 1, attributes.padding, in.shape[3]);
}

Result<Shape> mean_shape(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 2));
  const Tensor& in = graph.input_of(node, 0);
  const Tensor& axes = graph.input_of(node, 1);
  if (!axes.is_constant() || axes.type != DType::int32)
    return attribute_error(node, "its axes must be an int32 constant.");
  const int rank = static_cast<int>(in.shape.size());
  std::vector<bool> reduced(in.shape.size(), false);
  for (const int32_t axis : axes.values<int32_t>()) {
    const int64_t wrapped = axis < 0 ? int64_t{axis} + rank : axis;
    if (wrapped < 0 || wrapped >= rank) {
      return attribute_error(node,
                             "axis " + std::to_string(axis) + " of an input of " + to_string(in.shape) + ".");
    }
    reduced[static_cast<size_t>(wrapped)] = true;
  }
  Shape out;
  for (size_t i = 0; i < in.shape.size(); ++i) {
    if (!reduced[i]) out.push_back(in.shape[i]);
    if (reduced[i] && std::get<ReduceAttributes>(node.attributes).keep_dims) out.push_back(1);
  }
  return out;
}

/// Broadcasting as in TFLite and NumPy: trailing dimensions match, or one of them is 1.
Result<Shape> broadcast_shape(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 2));
  const Shape& a = graph.input_of(node, 0).shape;
  const Shape& b = graph.input_of(node, 1).shape;
  Shape out(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < out.size(); ++i) {
    const int32_t from_a = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int32_t from_b = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (from_a != from_b && from_a != 1 && from_b != 1) {
      return shape_error(node, to_string(a) + " and " + to_string(b) + " cannot be added.");
    }
    out[out.size() - 1 - i] = std::max(from_a, from_b);
  }
  return out;
}

Result<Shape> reshape_shape(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 1));
  const Tensor& in = graph.input_of(node, 0);
  const Tensor& out = graph.output_of(node);
  if (element_count(in.shape) != element_count(out.shape)) {
    return shape_error(node, to_string(in.shape) + " cannot become " + to_string(out.shape) +
                                 ": the number of values differs.");
  }
  return out.shape;
}

Result<Shape> same_shape(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 1));
  return graph.input_of(node, 0).shape;
}

Result<Shape> batch_norm_shape(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 5));
  const Tensor& in = graph.input_of(node, 0);
  for (int i = 1; i < 5; ++i) {
    const Tensor& parameter = graph.input_of(node, i);
    if (in.shape.empty() || parameter.shape != Shape{in.shape.back()}) {
      return shape_error(node, "'" + parameter.name + "' is " + to_string(parameter.shape) +
                                   " for an input of " + to_string(in.shape) + ".");
    }
  }
  return in.shape;
}

}  // namespace

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

Window window_of(int in, int filter, int stride, int dilation, Padding padding) {
  const int64_t reach = int64_t{filter - 1} * dilation + 1;
  Window window;
  if (padding == Padding::valid) {
    window.out = in < reach ? 0 : static_cast<int>((in - reach) / stride + 1);
    return window;
  }
  window.out = (in + stride - 1) / stride;
  const int64_t total = std::max<int64_t>(0, int64_t{window.out - 1} * stride + reach - in);
  window.pad_before = static_cast<int>(total / 2);
  window.pad_after = static_cast<int>(total - total / 2);
  return window;
}

Result<Shape> output_shape(const Graph& graph, const Node& node) {
  switch (node.op) {
    case Op::conv_2d:
      return conv_shape(graph, node);
    case Op::depthwise_conv_2d:
      return depthwise_shape(graph, node);
    case Op::fully_connected:
      return dense_shape(graph, node);
    case Op::average_pool_2d:
    case Op::max_pool_2d:
      return pool_shape(graph, node);
    case Op::mean:
      return mean_shape(graph, node);
    case Op::add:
      return broadcast_shape(graph, node);
    case Op::reshape:
      return reshape_shape(graph, node);
    case Op::softmax:
    case Op::relu:
    case Op::relu6:
    case Op::quantize:
    case Op::dequantize:
    case Op::dropout:
      return same_shape(graph, node);
    case Op::batch_norm:
      return batch_norm_shape(graph, node);
  }
  return Error{Code::internal, "an operator without a shape rule"};
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
  for (const Node& node : graph.nodes) {
    const bool has_weights = node.op == Op::conv_2d || node.op == Op::depthwise_conv_2d ||
                             node.op == Op::fully_connected || node.op == Op::batch_norm;
    if (!has_weights) continue;
    for (int i = 1; i < static_cast<int>(node.inputs.size()); ++i) {
      if (Graph::has_input(node, i) && graph.input_of(node, i).is_constant())
        total += element_count(graph.input_of(node, i).shape);
    }
  }
  return total;
}

}  // namespace tadpole::ir
