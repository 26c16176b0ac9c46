// Typed operators over named tensors, NHWC: what architectures, trainer, quantiser, converter and plan pass
// to one another.
#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace tadpole::ir {

using Shape = std::vector<int32_t>;

/// Number of elements; 1 for a scalar. Dimensions must be positive and the product fit 31 bits (check_graph
/// sees to it).
int64_t element_count(const Shape& shape);

/// "1x49x10x64"
std::string to_string(const Shape& shape);

/// int4 is for constants only: two values a byte, the earlier one in the low half.
enum class DType : uint8_t { float32, int8, int16, int32, int64, uint8, boolean, int4 };
/// Of one value; 1 for int4, of which two share a byte (see Tensor::bytes).
int byte_size(DType type);
std::string_view to_string(DType type);

/// real = scale * (stored - zero_point); one scale for the tensor, or one for each slice along `axis`.
struct Quantisation {
  std::vector<float> scales;
  std::vector<int32_t> zero_points;  ///< as many as scales
  int axis = 0;                      ///< used when there are several scales

  bool per_channel() const { return scales.size() > 1; }
  bool operator==(const Quantisation&) const = default;
};

/// A value that flows along the graph, a constant when `constant` is set, or a variable that keeps its value
/// from one inference to the next. Constant bytes are shared and never changed in place.
struct Tensor {
  std::string name;
  DType type = DType::float32;
  Shape shape;
  std::optional<Quantisation> quantisation;
  std::shared_ptr<const std::vector<uint8_t>> constant;  ///< little-endian, row-major; bytes() bytes
  bool is_variable = false;
  /// What a variable holds before the first inference, as in `constant`; nothing: the real number 0.
  std::shared_ptr<const std::vector<uint8_t>> initial = nullptr;

  bool is_constant() const { return constant != nullptr; }
  int64_t bytes() const {
    const int64_t count = element_count(shape);
    return type == DType::int4 ? (count + 1) / 2 : count * byte_size(type);
  }
  /// The constant as elements of T. Asserts that it is one and that T has the type's size.
  template <class T>
  std::span<const T> values() const;
};

template <class T>
std::span<const T> Tensor::values() const {
  assert(constant && static_cast<int>(sizeof(T)) == byte_size(type));
  return {reinterpret_cast<const T*>(constant->data()), constant->size() / sizeof(T)};
}

/// Makes constant bytes from elements.
template <class T>
std::shared_ptr<const std::vector<uint8_t>> make_constant(std::span<const T> values) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
  return std::make_shared<const std::vector<uint8_t>>(bytes, bytes + values.size_bytes());
}

enum class Activation : uint8_t { none, relu, relu6, relu_n1_to_1 };
/// `given`: the numbers of rows and columns in Pads.
enum class Padding : uint8_t { same, valid, given };

/// Rows and columns of padding around a map; used with Padding::given, 0 otherwise.
struct Pads {
  int top = 0, bottom = 0, left = 0, right = 0;
  bool operator==(const Pads&) const = default;
};

struct NoAttributes {
  bool operator==(const NoAttributes&) const = default;
};
struct Conv2dAttributes {
  Padding padding = Padding::same;
  int stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1;
  Activation activation = Activation::none;
  Pads pads = {};
  bool operator==(const Conv2dAttributes&) const = default;
};
struct DepthwiseConv2dAttributes {
  Padding padding = Padding::same;
  int stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1;
  int depth_multiplier = 1;  ///< output channels = input channels * depth_multiplier
  Activation activation = Activation::none;
  Pads pads = {};
  bool operator==(const DepthwiseConv2dAttributes&) const = default;
};
/// The output's size is the tensor's own (TFLite gives it as an input): SAME or VALID say how it is cut.
struct TransposeConvAttributes {
  Padding padding = Padding::same;
  int stride_h = 1, stride_w = 1;
  Activation activation = Activation::none;
  Pads pads = {};  ///< cut off from each side, with Padding::given
  bool operator==(const TransposeConvAttributes&) const = default;
};
struct FullyConnectedAttributes {
  Activation activation = Activation::none;
  bool keep_dims = false;
  bool operator==(const FullyConnectedAttributes&) const = default;
};
struct Pool2dAttributes {
  Padding padding = Padding::valid;
  int filter_h = 1, filter_w = 1, stride_h = 1, stride_w = 1;
  Activation activation = Activation::none;
  Pads pads = {};  ///< never counted into an average
  bool operator==(const Pool2dAttributes&) const = default;
};
struct ReduceAttributes {
  bool keep_dims = false;
  bool operator==(const ReduceAttributes&) const = default;
};
struct ActivationAttributes {
  Activation activation = Activation::none;
  bool operator==(const ActivationAttributes&) const = default;
};
struct SoftmaxAttributes {
  float beta = 1.0f;
  bool operator==(const SoftmaxAttributes&) const = default;
};
struct LeakyReluAttributes {
  float alpha = 0.2f;  ///< slope of negative values
  bool operator==(const LeakyReluAttributes&) const = default;
};
/// An axis; negative ones count from the end.
struct AxisAttributes {
  int axis = 0;
  bool operator==(const AxisAttributes&) const = default;
};
struct ConcatenationAttributes {
  int axis = 0;
  Activation activation = Activation::none;
  bool operator==(const ConcatenationAttributes&) const = default;
};
struct SqueezeAttributes {
  std::vector<int32_t> axes;  ///< none: every dimension of 1
  bool operator==(const SqueezeAttributes&) const = default;
};
/// Bit i of a mask is about dimension i, as in NumPy's slices.
struct StridedSliceAttributes {
  int begin_mask = 0, end_mask = 0, ellipsis_mask = 0, new_axis_mask = 0, shrink_axis_mask = 0;
  bool operator==(const StridedSliceAttributes&) const = default;
};
struct GatherAttributes {
  int axis = 0, batch_dims = 0;
  bool operator==(const GatherAttributes&) const = default;
};
struct ResizeAttributes {
  bool align_corners = false, half_pixel_centers = false;
  bool operator==(const ResizeAttributes&) const = default;
};
struct BatchMatMulAttributes {
  bool adjoint_a = false, adjoint_b = false;  ///< the last two dimensions are exchanged
  bool operator==(const BatchMatMulAttributes&) const = default;
};
/// Cell and output go through tanh, gates through the logistic function.
struct LstmAttributes {
  float cell_clip = 0, projection_clip = 0;  ///< 0: no clip
  bool time_major = false;                   ///< true: [time, batch, features]
  bool operator==(const LstmAttributes&) const = default;
};
struct GruAttributes {
  bool linear_before_reset = true;  ///< as PyTorch; false: as Keras' reset_after = false
  bool time_major = false;
  bool operator==(const GruAttributes&) const = default;
};
struct SvdfAttributes {
  int rank = 1;
  Activation activation = Activation::none;
  bool operator==(const SvdfAttributes&) const = default;
};
struct BatchNormAttributes {
  float epsilon = 1e-3f;
  float momentum = 0.99f;  ///< running = momentum * running + (1 - momentum) * batch
  bool operator==(const BatchNormAttributes&) const = default;
};
struct DropoutAttributes {
  float rate = 0.5f;  ///< share of values set to zero while training; the rest grow by 1 / (1 - rate)
  bool operator==(const DropoutAttributes&) const = default;
};

using Attributes =
    std::variant<NoAttributes, Conv2dAttributes, DepthwiseConv2dAttributes, TransposeConvAttributes,
                 FullyConnectedAttributes, Pool2dAttributes, ReduceAttributes, ActivationAttributes,
                 SoftmaxAttributes, LeakyReluAttributes, AxisAttributes, ConcatenationAttributes,
                 SqueezeAttributes, StridedSliceAttributes, GatherAttributes, ResizeAttributes,
                 BatchMatMulAttributes, LstmAttributes, GruAttributes, SvdfAttributes, BatchNormAttributes,
                 DropoutAttributes>;

enum class Op : uint8_t {
#define TADPOLE_OP(name, tflite_code, attributes, shape_rule, options) name,
#include "ir/ops.def"
#undef TADPOLE_OP
};

inline constexpr int kOpCount = 0
#define TADPOLE_OP(name, tflite_code, attributes, shape_rule, options) +1
#include "ir/ops.def"
#undef TADPOLE_OP
    ;

std::string_view op_name(Op op);
/// The builtin operator code of the TFLite schema, or -1.
int tflite_code(Op op);
std::optional<Op> op_of_tflite_code(int code);
/// Attributes of the op's own type with their defaults.
Attributes default_attributes(Op op);

/// One operator. Indices point into Graph::tensors; an absent optional input is -1.
struct Node {
  Op op;
  std::string name;
  std::vector<int> inputs;
  std::vector<int> outputs;
  Attributes attributes;
};

/// Nodes are in an order in which they can be run.
struct Graph {
  std::string name;
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;
  std::vector<int> inputs;   ///< tensor indices
  std::vector<int> outputs;  ///< tensor indices

  const Tensor& input_of(const Node& node, int index) const {
    return tensors[static_cast<size_t>(node.inputs[static_cast<size_t>(index)])];
  }
  const Tensor& output_of(const Node& node, int index = 0) const {
    return tensors[static_cast<size_t>(node.outputs[static_cast<size_t>(index)])];
  }
  /// True when the node has that input and it is not -1.
  static bool has_input(const Node& node, int index) {
    return index < static_cast<int>(node.inputs.size()) && node.inputs[static_cast<size_t>(index)] >= 0;
  }
};

/// A Graph in which activations are int8 or int16 and weights int8, with scales and zero points by the TFLite
/// int8 specification.
struct QuantisedGraph {
  Graph graph;
};

/// Padding before and output size along one axis, as TFLite computes them. Source: TFLite kernels/padding.h
/// formulas: SAME: out = ceil(in / stride), pad total = max(0, (out-1)*stride + (k-1)*dilation + 1 - in),
/// before = total / 2; VALID: out = ceil((in - (k-1)*dilation) / stride), no padding.
struct Window {
  int out = 0;
  int pad_before = 0;
  int pad_after = 0;
};
/// Padding::given pads `before` and `after`, otherwise they are ignored; out = floor((in + pads - reach) /
/// stride) + 1.
Window window_of(int in, int filter, int stride, int dilation, Padding padding, int before = 0,
                 int after = 0);

/// The windows of a conv, depthwise conv or pool along rows and columns of an input [N,H,W,C].
struct Windows {
  Window rows, columns;
};
Windows windows_of(const Shape& in, int filter_h, int filter_w, const Conv2dAttributes& attributes);
Windows windows_of(const Shape& in, int filter_h, int filter_w, const DepthwiseConv2dAttributes& attributes);
Windows windows_of(const Shape& in, const Pool2dAttributes& attributes);

/// The shape of each output that a node must have, from its input shapes and attributes. For operators whose
/// sizes are data (reshape, transpose_conv, ...) the declared shape is checked and returned. Fails with
/// bad_shape or bad_attribute; the message names the node and the shapes.
Result<std::vector<Shape>> output_shapes(const Graph& graph, const Node& node);
/// The same for a node with one output.
Result<Shape> output_shape(const Graph& graph, const Node& node);

/// `axis` from 0, or -1 when it is outside of [-rank, rank).
int wrapped_axis(int64_t axis, size_t rank);

/// A strided slice with all its masks worked out: one entry a dimension of the input.
struct Slice {
  std::vector<int32_t> begin, step, count;
  Shape shape;  ///< of the output
};
/// Of slice and strided_slice nodes. Fails: bad_attribute (also when begin, end, size or strides are not
/// constants).
Result<Slice> slice_of(const Graph& graph, const Node& node);

/// Checks everything a later stage relies on: indices in range, one producer a tensor, order, element counts
/// that fit, sizes of constants, shapes of every node's output, scales that are finite and positive, as many
/// zero points as scales. Every stage may assume a checked graph and index without further checks. Cost:
/// O(nodes + tensors).
Result<void> check_graph(const Graph& graph);

/// Multiply-accumulates of one node (conv, depthwise, dense: exact, padding included as TFLite's own counters
/// do; others 0).
int64_t multiply_accumulates(const Graph& graph, const Node& node);
int64_t multiply_accumulates(const Graph& graph);

/// Parameters held by the constants of float graphs, or by weights and biases of quantised ones.
int64_t parameter_count(const Graph& graph);

}  // namespace tadpole::ir
