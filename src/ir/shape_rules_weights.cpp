// Shape rules of operators with weights or windows.
#include <utility>

#include "ir/shape_rules.h"

namespace tadpole::ir {

namespace {

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

constexpr int kMaxPad = 4096;

/// Paddings of at most `most` rows and columns.
Result<void> check_pads(const Node& node, Padding padding, const Pads& pads, int most_h, int most_w) {
  const auto fits = [](int pad, int most) { return pad >= 0 && pad <= most; };
  if (padding != Padding::given || (fits(pads.top, most_h) && fits(pads.bottom, most_h) &&
                                    fits(pads.left, most_w) && fits(pads.right, most_w)))
    return {};
  return attribute_error(node, "pads of " + std::to_string(pads.top) + ", " + std::to_string(pads.bottom) +
                                   " rows and " + std::to_string(pads.left) + ", " +
                                   std::to_string(pads.right) + " columns; each needs 0 to " +
                                   std::to_string(most_h) + ", and 0 to " + std::to_string(most_w) + ".");
}

Result<Shapes> windowed(const Node& node, const Shape& in, int filter_h, int filter_w, const Windows& windows,
                        int channels) {
  const Window& rows = windows.rows;
  const Window& columns = windows.columns;
  if (rows.out < 1 || columns.out < 1) {
    return shape_error(node, "a window of " + std::to_string(filter_h) + "x" + std::to_string(filter_w) +
                                 " does not fit into " + to_string(in) +
                                 ". Use a smaller window or SAME padding.");
  }
  return Shapes{{in[0], rows.out, columns.out, channels}};
}

/// [N,T,..] or, time first, [T,N,..]: how many sequences, steps and features.
struct Sequence {
  int32_t batches, steps, features;
};

Result<Sequence> sequence_of(const Node& node, const Tensor& in, bool time_major) {
  TADPOLE_CHECK(need_rank(node, in, 3));
  if (time_major) return Sequence{in.shape[1], in.shape[0], in.shape[2]};
  return Sequence{in.shape[0], in.shape[1], in.shape[2]};
}

Result<void> need_shape(const Graph& graph, const Node& node, int index, const Shape& shape) {
  if (!Graph::has_input(node, index)) return {};
  const Tensor& tensor = graph.input_of(node, index);
  if (tensor.shape == shape) return {};
  return shape_error(
      node, "'" + tensor.name + "' is " + to_string(tensor.shape) + "; needs " + to_string(shape) + ".");
}

Result<void> need_variable(const Graph& graph, const Node& node, int index) {
  if (!Graph::has_input(node, index)) return {};
  const Tensor& tensor = graph.input_of(node, index);
  if (tensor.is_variable) return {};
  return shape_error(node, "its state '" + tensor.name + "' is not a variable.");
}

}  // namespace

namespace shape_rules {

Result<Shapes> conv(const Graph& graph, const Node& node) {
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
  TADPOLE_CHECK(check_steps(node, attributes.stride_h, attributes.stride_w, attributes.dilation_h,
                            attributes.dilation_w));
  TADPOLE_CHECK(check_pads(node, attributes.padding, attributes.pads, kMaxPad, kMaxPad));
  return windowed(node, in.shape, weights.shape[1], weights.shape[2],
                  windows_of(in.shape, weights.shape[1], weights.shape[2], attributes), weights.shape[0]);
}

Result<Shapes> depthwise(const Graph& graph, const Node& node) {
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
  TADPOLE_CHECK(check_steps(node, attributes.stride_h, attributes.stride_w, attributes.dilation_h,
                            attributes.dilation_w));
  TADPOLE_CHECK(check_pads(node, attributes.padding, attributes.pads, kMaxPad, kMaxPad));
  return windowed(node, in.shape, weights.shape[1], weights.shape[2],
                  windows_of(in.shape, weights.shape[1], weights.shape[2], attributes), weights.shape[3]);
}

Result<Shapes> dense(const Graph& graph, const Node& node) {
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
    return Shapes{{static_cast<int32_t>(element_count(in.shape) / width), weights.shape[0]}};
  Shape out = in.shape;
  out.back() = weights.shape[0];
  return Shapes{out};
}

Result<Shapes> pool(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 1));
  const auto& attributes = std::get<Pool2dAttributes>(node.attributes);
  const Tensor& in = graph.input_of(node, 0);
  TADPOLE_CHECK(need_rank(node, in, 4));
  if (attributes.filter_h < 1 || attributes.filter_w < 1 || attributes.filter_h > 65535 ||
      attributes.filter_w > 65535) {
    return attribute_error(node, "pool window " + std::to_string(attributes.filter_h) + "x" +
                                     std::to_string(attributes.filter_w) + "; each side needs 1 to 65535.");
  }
  TADPOLE_CHECK(check_steps(node, attributes.stride_h, attributes.stride_w, 1, 1));
  // A window wholly in the padding would have nothing to average.
  const bool averages = node.op == Op::average_pool_2d;
  TADPOLE_CHECK(check_pads(node, attributes.padding, attributes.pads,
                           averages ? attributes.filter_h - 1 : kMaxPad,
                           averages ? attributes.filter_w - 1 : kMaxPad));
  return windowed(node, in.shape, attributes.filter_h, attributes.filter_w, windows_of(in.shape, attributes),
                  in.shape[3]);
}

/// The declared output must be one whose convolution with these attributes gives the input's size.
Result<Shapes> transpose_conv(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 3));
  const auto& attributes = std::get<TransposeConvAttributes>(node.attributes);
  const Tensor& weights = graph.input_of(node, 1);
  const Tensor& in = graph.input_of(node, 2);
  const Shape& out = graph.output_of(node).shape;
  TADPOLE_CHECK(need_rank(node, in, 4));
  TADPOLE_CHECK(need_rank(node, weights, 4));
  TADPOLE_CHECK(need_rank(node, graph.output_of(node), 4));
  TADPOLE_CHECK(check_steps(node, attributes.stride_h, attributes.stride_w, 1, 1));
  TADPOLE_CHECK(check_pads(node, attributes.padding, attributes.pads, kMaxPad, kMaxPad));
  if (weights.shape[3] != in.shape[3] || out[3] != weights.shape[0] || out[0] != in.shape[0]) {
    return shape_error(node, "weights " + to_string(weights.shape) + " do not take " + to_string(in.shape) +
                                 " to " + to_string(out) + ".");
  }
  TADPOLE_CHECK(check_bias(graph, node, 3, weights.shape[0]));
  const Pads& pads = attributes.pads;
  const Window rows =
      window_of(out[1], weights.shape[1], attributes.stride_h, 1, attributes.padding, pads.top, pads.bottom);
  const Window columns =
      window_of(out[2], weights.shape[2], attributes.stride_w, 1, attributes.padding, pads.left, pads.right);
  if (rows.out != in.shape[1] || columns.out != in.shape[2]) {
    return shape_error(node, "an output of " + to_string(out) + " would come from an input of " +
                                 std::to_string(rows.out) + "x" + std::to_string(columns.out) + "; it is " +
                                 to_string(in.shape) + ".");
  }
  return declared_shapes(graph, node);
}

Result<Shapes> batch_matmul(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 2));
  const auto& attributes = std::get<BatchMatMulAttributes>(node.attributes);
  Shape a = graph.input_of(node, 0).shape;
  Shape b = graph.input_of(node, 1).shape;
  const std::string shapes = to_string(a) + " and " + to_string(b) + " cannot be multiplied.";
  if (a.size() < 2 || b.size() < 2) return shape_error(node, shapes);
  if (attributes.adjoint_a) std::swap(a[a.size() - 1], a[a.size() - 2]);
  if (attributes.adjoint_b) std::swap(b[b.size() - 1], b[b.size() - 2]);
  if (a.back() != b[b.size() - 2]) return shape_error(node, shapes);
  auto out = broadcast_of({a.begin(), a.end() - 2}, {b.begin(), b.end() - 2});
  if (!out) return shape_error(node, shapes);
  out->push_back(a[a.size() - 2]);
  out->push_back(b.back());
  return Shapes{*out};
}

Result<Shapes> lstm(const Graph& graph, const Node& node) {
  if (node.inputs.size() != 20 && node.inputs.size() != 24)
    return shape_error(node, "has " + std::to_string(node.inputs.size()) + " inputs; needs 20 or 24.");
  for (const int index : {0, 2, 3, 4, 6, 7, 8, 13, 14, 15, 18, 19}) {
    if (!Graph::has_input(node, index))
      return shape_error(node, "input " + std::to_string(index) + " is absent.");
  }
  const bool time_major = std::get<LstmAttributes>(node.attributes).time_major;
  const Tensor& in = graph.input_of(node, 0);
  TADPOLE_TRY(const Sequence sequence, sequence_of(node, in, time_major));
  TADPOLE_CHECK(need_rank(node, graph.input_of(node, 2), 2));
  const int32_t units = graph.input_of(node, 2).shape[0];
  int32_t outputs = units;
  if (Graph::has_input(node, 16)) {
    TADPOLE_CHECK(need_rank(node, graph.input_of(node, 16), 2));
    outputs = graph.input_of(node, 16).shape[0];
    TADPOLE_CHECK(need_shape(graph, node, 16, {outputs, units}));
    TADPOLE_CHECK(need_shape(graph, node, 17, {outputs}));
  }
  for (int i = 1; i <= 4; ++i) {
    TADPOLE_CHECK(need_shape(graph, node, i, {units, sequence.features}));
    TADPOLE_CHECK(need_shape(graph, node, 4 + i, {units, outputs}));
    TADPOLE_CHECK(need_shape(graph, node, 11 + i, {units}));
    TADPOLE_CHECK(need_shape(graph, node, 19 + i, {units}));
  }
  for (int i = 9; i <= 11; ++i) TADPOLE_CHECK(need_shape(graph, node, i, {units}));
  TADPOLE_CHECK(need_shape(graph, node, 18, {sequence.batches, outputs}));
  TADPOLE_CHECK(need_shape(graph, node, 19, {sequence.batches, units}));
  TADPOLE_CHECK(need_variable(graph, node, 18));
  TADPOLE_CHECK(need_variable(graph, node, 19));
  Shape out = in.shape;
  out.back() = outputs;
  return Shapes{out};
}

Result<Shapes> svdf(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 3));
  if (node.inputs.size() != 5 || !Graph::has_input(node, 4))
    return shape_error(node, "has " + std::to_string(node.inputs.size()) + " inputs; needs 5, with a state.");
  const int rank = std::get<SvdfAttributes>(node.attributes).rank;
  const Tensor& in = graph.input_of(node, 0);
  const Tensor& features = graph.input_of(node, 1);
  const Tensor& time = graph.input_of(node, 2);
  TADPOLE_CHECK(need_rank(node, in, 2));
  TADPOLE_CHECK(need_rank(node, features, 2));
  TADPOLE_CHECK(need_rank(node, time, 2));
  const int32_t filters = features.shape[0];
  if (rank < 1 || filters % rank != 0) {
    return attribute_error(
        node, "rank " + std::to_string(rank) + " does not divide " + std::to_string(filters) + " filters.");
  }
  const int64_t memory = int64_t{filters} * time.shape[1];
  if (memory > INT32_MAX) return shape_error(node, "its state is too large.");
  TADPOLE_CHECK(need_shape(graph, node, 1, {filters, in.shape[1]}));
  TADPOLE_CHECK(need_shape(graph, node, 2, {filters, time.shape[1]}));
  TADPOLE_CHECK(need_shape(graph, node, 3, {filters / rank}));
  TADPOLE_CHECK(need_shape(graph, node, 4, {in.shape[0], static_cast<int32_t>(memory)}));
  TADPOLE_CHECK(need_variable(graph, node, 4));
  return Shapes{{in.shape[0], filters / rank}};
}

Result<Shapes> gru(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 3));
  const Tensor& in = graph.input_of(node, 0);
  TADPOLE_TRY(const Sequence sequence,
              sequence_of(node, in, std::get<GruAttributes>(node.attributes).time_major));
  TADPOLE_CHECK(need_rank(node, graph.input_of(node, 2), 2));
  const int32_t units = graph.input_of(node, 2).shape[1];
  if (units > INT32_MAX / 3) return shape_error(node, "has too many units.");
  TADPOLE_CHECK(need_shape(graph, node, 1, {3 * units, sequence.features}));
  TADPOLE_CHECK(need_shape(graph, node, 2, {3 * units, units}));
  TADPOLE_CHECK(need_shape(graph, node, 3, {3 * units}));
  TADPOLE_CHECK(need_shape(graph, node, 4, {3 * units}));
  TADPOLE_CHECK(need_shape(graph, node, 5, {sequence.batches, units}));
  TADPOLE_CHECK(need_variable(graph, node, 5));
  Shape out = in.shape;
  out.back() = units;
  return Shapes{out};
}

Result<Shapes> batch_norm(const Graph& graph, const Node& node) {
  TADPOLE_CHECK(need_inputs(graph, node, 5));
  const Tensor& in = graph.input_of(node, 0);
  for (int i = 1; i < 5; ++i) {
    const Tensor& parameter = graph.input_of(node, i);
    if (in.shape.empty() || parameter.shape != Shape{in.shape.back()}) {
      return shape_error(node, "'" + parameter.name + "' is " + to_string(parameter.shape) +
                                   " for an input of " + to_string(in.shape) + ".");
    }
  }
  return Shapes{in.shape};
}

}  // namespace shape_rules

}  // namespace tadpole::ir
