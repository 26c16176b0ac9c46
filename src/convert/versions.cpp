// Versions of operators: the lowest that the runtimes ask for. Source: TensorFlow Lite,
// tools/versioning/op_version.cc (facts only).
#include <algorithm>

#include "convert/schema.h"

namespace tadpole::convert {

namespace {

using ir::DType;
using ir::Op;

/// What versions depend on.
struct Signature {
  const ir::Graph& graph;
  const ir::Node& node;

  const ir::Tensor& in(int index = 0) const { return graph.input_of(node, index); }
  bool has(int index) const { return ir::Graph::has_input(node, index); }
  bool is(DType type, int index = 0) const { return has(index) && in(index).type == type; }
  size_t rank(int index = 0) const { return in(index).shape.size(); }
  /// Float activations, int8 weights.
  bool hybrid(int weights = 1) const { return is(DType::float32) && is(DType::int8, weights); }
  bool per_channel(int weights = 1) const {
    return in(weights).quantisation && in(weights).quantisation->per_channel();
  }
  bool broadcasts_beyond_4() const { return in(0).shape != in(1).shape && std::max(rank(0), rank(1)) > 4; }
  /// 1 for floats; the usual steps for integers.
  int plain(int int8, int int16, int index = 0) const {
    return is(DType::int16, index) ? int16 : is(DType::int8, index) ? int8 : 1;
  }
  template <class Attributes>
  const Attributes& as() const {
    return std::get<Attributes>(node.attributes);
  }
};

int fully_connected(const Signature& s) {
  if (s.hybrid() && s.per_channel()) return 12;
  if (s.is(DType::int16)) return 7;
  if (s.is(DType::int8) && s.is(DType::int4, 1)) return 10;
  if (!s.has(2)) return 6;
  if (s.as<ir::FullyConnectedAttributes>().keep_dims) return 5;
  if (s.hybrid()) return 3;
  return s.is(DType::int8) ? 4 : 1;
}

int with_windows(const Signature& s) {
  if (s.node.op == Op::conv_2d) {
    if (s.hybrid()) return s.per_channel() ? 5 : 2;
    if (s.is(DType::int8) && s.is(DType::int4, 1)) return 7;
    return s.plain(3, 4);
  }
  const auto& a = s.as<ir::DepthwiseConv2dAttributes>();
  if (s.hybrid()) return s.per_channel() ? 6 : 4;
  if (s.is(DType::int8) && s.is(DType::int4, 1)) return 7;
  return std::max(s.plain(3, 5), a.dilation_h > 1 || a.dilation_w > 1 ? 2 : 1);
}

int transpose_conv(const Signature& s) {
  if (s.as<ir::TransposeConvAttributes>().activation != ir::Activation::none) return 4;
  return s.has(3) ? 3 : s.is(DType::int8, 1) ? 2 : 1;
}

int mul(const Signature& s) {
  const auto& a = s.in(0).quantisation;
  const auto& b = s.in(1).quantisation;
  const auto& out = s.graph.output_of(s.node).quantisation;
  if (s.is(DType::int64)) return 5;
  if (s.is(DType::int16)) return 4;
  if (a && b && out && a->scales[0] * b->scales[0] / out->scales[0] >= 1.0f) return 3;
  return s.is(DType::int8) ? 2 : 1;
}

int states(const Signature& s) {
  if (s.node.op == Op::svdf) return s.hybrid() ? 2 : s.is(DType::int8) ? 3 : 1;
  return s.is(DType::int16) ? 5 : s.hybrid(2) ? 2 : 1;
}

int element_wise(const Signature& s) {
  switch (s.node.op) {
    case Op::add:
      return s.is(DType::int64) ? 4 : s.plain(2, 3);
    case Op::sub:
      if (s.is(DType::int64)) return 4;
      return s.is(DType::int16) ? 5 : s.broadcasts_beyond_4() ? 3 : s.plain(2, 5);
    case Op::mul:
      return mul(s);
    case Op::maximum:
    case Op::minimum:
      return s.is(DType::int16) ? 4 : s.broadcasts_beyond_4() ? 3 : s.plain(2, 4);
    case Op::leaky_relu:
      return s.plain(1, 2);
    case Op::abs:
      return s.is(DType::int32) ? 5 : s.plain(2, 3);
    case Op::exp:
      return s.plain(2, 2);
    case Op::cast:
      return s.is(DType::int8) || s.graph.output_of(s.node).type == DType::int8 ? 3 : 1;
    case Op::dequantize:
      return s.is(DType::int8) && s.per_channel(0) ? 5 : s.plain(2, 3);
    case Op::quantize:
      return s.graph.output_of(s.node).type == DType::int16 ? 2 : 1;
    default:
      return s.plain(2, 2);
  }
}

int moves(const Signature& s) {
  const bool boolean = s.is(DType::boolean);
  switch (s.node.op) {
    case Op::transpose:
      return s.rank() > 5 ? 6 : s.is(DType::int16) ? 5 : s.rank() > 4 ? 4 : boolean ? 3 : s.plain(2, 5);
    case Op::pad:
    case Op::pad_v2:
      return s.rank() > 4 ? 4 : s.plain(2, 3);
    case Op::split:
      return s.is(DType::int32, 1) ? 3 : s.plain(2, 4, 1);
    case Op::slice:
      return s.rank() > 4 ? 5 : s.plain(2, 4);
    case Op::strided_slice: {
      const auto& a = s.as<ir::StridedSliceAttributes>();
      return a.ellipsis_mask || a.new_axis_mask ? 6 : s.rank() > 4 ? 4 : boolean ? 3 : s.plain(2, 1);
    }
    case Op::gather:
      return s.as<ir::GatherAttributes>().batch_dims ? 5 : boolean ? 3 : s.plain(2, 4);
    case Op::unpack:
      return s.is(DType::uint8) ? 2 : boolean ? 3 : s.plain(2, 4);
    case Op::resize_bilinear:
      return std::max(s.plain(2, 4), s.as<ir::ResizeAttributes>().half_pixel_centers ? 3 : 1);
    case Op::resize_nearest_neighbor: {
      const auto& a = s.as<ir::ResizeAttributes>();
      return std::max(s.plain(2, 4), a.half_pixel_centers || a.align_corners ? 3 : 1);
    }
    default:
      return 1;
  }
}

}  // namespace

int operator_version(const ir::Graph& graph, const ir::Node& node) {
  const Signature s{graph, node};
  switch (node.op) {
    case Op::conv_2d:
    case Op::depthwise_conv_2d:
      return with_windows(s);
    case Op::fully_connected:
      return fully_connected(s);
    case Op::transpose_conv:
      return transpose_conv(s);
    case Op::unidirectional_sequence_lstm:
    case Op::svdf:
      return states(s);
    case Op::average_pool_2d:
    case Op::max_pool_2d:
    case Op::relu:
    case Op::relu6:
    case Op::logistic:
    case Op::tanh:
    case Op::softmax:
    case Op::mean:
    case Op::rsqrt:
    case Op::pack:
    case Op::concatenation:
    case Op::batch_matmul:
      return s.plain(2, 3);
    case Op::sum:
    case Op::squared_difference:
    case Op::arg_max:
      return s.plain(2, 1);
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::maximum:
    case Op::minimum:
    case Op::leaky_relu:
    case Op::abs:
    case Op::exp:
    case Op::cast:
    case Op::dequantize:
    case Op::quantize:
      return element_wise(s);
    default:
      return moves(s);
  }
}

}  // namespace tadpole::convert
