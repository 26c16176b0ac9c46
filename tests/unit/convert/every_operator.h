// One small graph for each operator of the table and each number type, by the TFLite specification.
#pragma once

#include <string>
#include <vector>

#include "base/rng.h"
#include "ir/graph.h"

namespace tadpole::convert {

/// Builds a graph of one layer.
class LayerGraph {
 public:
  explicit LayerGraph(ir::DType type) : type_(type) { graph.name = "one layer"; }

  ir::Graph graph;

  int add(ir::Tensor tensor) {
    if (tensor.name.empty()) tensor.name = "t" + std::to_string(graph.tensors.size());
    graph.tensors.push_back(std::move(tensor));
    return static_cast<int>(graph.tensors.size()) - 1;
  }

  bool is_float() const { return type_ == ir::DType::float32; }
  bool is_int16() const { return type_ == ir::DType::int16; }

  /// An activation of the graph's type; int16 ones have zero point 0.
  int value(const ir::Shape& shape, float scale = 0.1f, int zero = 3) {
    ir::Tensor tensor{"", type_, shape, std::nullopt, nullptr};
    if (!is_float()) tensor.quantisation = ir::Quantisation{{scale}, {is_int16() ? 0 : zero}, 0};
    return add(std::move(tensor));
  }
  int of_type(const ir::Shape& shape, ir::DType type) {
    return add({"", type, shape, std::nullopt, nullptr});
  }
  int input(const ir::Shape& shape) {
    const int in = value(shape);
    graph.inputs.push_back(in);
    return in;
  }
  /// An activation's constant.
  int constant(const ir::Shape& shape) {
    const int at = value(shape);
    fill(graph.tensors[static_cast<size_t>(at)]);
    return at;
  }
  int numbers(const ir::Shape& shape, const std::vector<int32_t>& values) {
    return add({"", ir::DType::int32, shape, std::nullopt, ir::make_constant<int32_t>(values)});
  }
  /// Float weights, or int8 ones with a scale for each slice along `axis` (-1: one scale).
  int weights(const ir::Shape& shape, int axis, ir::DType integer = ir::DType::int8) {
    ir::Tensor tensor{"", is_float() ? ir::DType::float32 : integer, shape, std::nullopt, nullptr};
    if (!is_float()) {
      const auto count = axis < 0 ? 1 : static_cast<size_t>(shape[static_cast<size_t>(axis)]);
      ir::Quantisation q{{}, std::vector<int32_t>(count, 0), axis < 0 ? 0 : axis};
      for (size_t i = 0; i < count; ++i) q.scales.push_back(0.01f * static_cast<float>(i + 1));
      tensor.quantisation = q;
    }
    fill(tensor);
    return add(std::move(tensor));
  }
  int bias(int32_t count) {
    const ir::DType type = is_float() ? ir::DType::float32 : is_int16() ? ir::DType::int64 : ir::DType::int32;
    ir::Tensor tensor{"", type, {count}, std::nullopt, nullptr};
    tensor.constant = std::make_shared<const std::vector<uint8_t>>(static_cast<size_t>(tensor.bytes()), 0);
    return add(std::move(tensor));
  }
  int state(const ir::Shape& shape, ir::DType integer, float scale, int zero) {
    ir::Tensor tensor{"", is_float() ? ir::DType::float32 : integer, shape, std::nullopt, nullptr};
    if (!is_float()) tensor.quantisation = ir::Quantisation{{scale}, {zero}, 0};
    tensor.is_variable = true;
    return add(std::move(tensor));
  }

  /// Appends the node; its outputs become the graph's.
  void node(ir::Op op, std::vector<int> inputs, std::vector<int> outputs, ir::Attributes attributes = {}) {
    graph.outputs = outputs;
    graph.nodes.push_back({op, "layer " + std::to_string(graph.nodes.size()), std::move(inputs),
                           std::move(outputs), std::move(attributes)});
  }

 private:
  void fill(ir::Tensor& tensor) {
    if (tensor.type == ir::DType::float32) {
      std::vector<float> values(static_cast<size_t>(ir::element_count(tensor.shape)));
      for (float& value : values) value = rng_.normal();
      tensor.constant = ir::make_constant<float>(values);
      return;
    }
    std::vector<uint8_t> bytes(static_cast<size_t>(tensor.bytes()));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng_.below(256));
    tensor.constant = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
  }

  ir::DType type_;
  Rng rng_{5};
};

inline void add_lstm(LayerGraph& b) {
  const int in = b.input({1, 2, 3});
  std::vector<int> inputs = {in};
  for (int i = 0; i < 4; ++i) inputs.push_back(b.weights({4, 3}, -1));
  for (int i = 0; i < 4; ++i) inputs.push_back(b.weights({4, 4}, -1));
  for (int i = 0; i < 3; ++i) inputs.push_back(-1);
  for (int i = 0; i < 4; ++i) inputs.push_back(b.bias(4));
  inputs.insert(inputs.end(), {-1, -1});
  const bool wide = b.is_int16();
  inputs.push_back(b.state({1, 4}, wide ? ir::DType::int16 : ir::DType::int8, 0.1f, wide ? 0 : 3));
  inputs.push_back(b.state({1, 4}, ir::DType::int16, 1.0f / 2048, 0));
  for (int i = 0; i < 4; ++i) inputs.push_back(-1);
  b.node(ir::Op::unidirectional_sequence_lstm, inputs, {b.value({1, 2, 4})}, ir::LstmAttributes{8, 0, false});
}

inline void add_svdf(LayerGraph& b) {
  const int in = b.input({1, 3});
  const int features = b.weights({4, 3}, -1), time = b.weights({4, 2}, -1, ir::DType::int8);
  const int bias = b.bias(2), state = b.state({1, 8}, ir::DType::int16, 0.01f, 0);
  b.node(ir::Op::svdf, {in, features, time, bias, state}, {b.value({1, 2})},
         ir::SvdfAttributes{2, ir::Activation::relu});
}

/// Adds layers that read a variable, add the input, and assign the sum.
inline void add_counter(LayerGraph& b) {
  const int in = b.input({1, 4});
  const int total = b.value({1, 4}), read = b.value({1, 4}), sum = b.value({1, 4});
  ir::Tensor& variable = b.graph.tensors[static_cast<size_t>(total)];
  variable.is_variable = true;
  variable.initial = std::make_shared<const std::vector<uint8_t>>(static_cast<size_t>(variable.bytes()), 7);
  b.node(ir::Op::read_variable, {total}, {read});
  b.node(ir::Op::add, {read, in}, {sum}, ir::ActivationAttributes{});
  b.node(ir::Op::assign_variable, {sum}, {total});
  b.graph.outputs = {sum};
}

inline bool add_weighted(LayerGraph& b, ir::Op op) {
  using ir::Op;
  switch (op) {
    case Op::conv_2d: {
      const int in = b.input({1, 4, 5, 2});
      b.node(op, {in, b.weights({3, 2, 3, 2}, 0), b.bias(3)}, {b.value({1, 2, 5, 3})},
             ir::Conv2dAttributes{ir::Padding::same, 2, 1, 1, 1, ir::Activation::relu6});
      return true;
    }
    case Op::depthwise_conv_2d: {
      const int in = b.input({1, 4, 5, 2});
      b.node(op, {in, b.weights({1, 2, 2, 4}, 3), -1}, {b.value({1, 2, 4, 4})},
             ir::DepthwiseConv2dAttributes{ir::Padding::valid, 1, 1, 2, 1, 2, ir::Activation::relu});
      return true;
    }
    case Op::fully_connected: {
      const int in = b.input({2, 3, 4});
      b.node(op, {in, b.weights({5, 4}, -1), b.bias(5)}, {b.value({2, 3, 5})},
             ir::FullyConnectedAttributes{ir::Activation::relu_n1_to_1, true});
      return true;
    }
    case Op::transpose_conv: {
      const int shape = b.numbers({4}, {1, 4, 6, 3}), in = b.input({1, 2, 3, 2});
      b.node(op, {shape, b.weights({3, 2, 2, 2}, 0), in, b.bias(3)}, {b.value({1, 4, 6, 3})},
             ir::TransposeConvAttributes{ir::Padding::same, 2, 2});
      return true;
    }
    case Op::batch_matmul: {
      const int left = b.input({2, 3, 4}), right = b.input({2, 5, 4});
      b.node(op, {left, right}, {b.value({2, 3, 5})}, ir::BatchMatMulAttributes{false, true});
      return true;
    }
    case Op::unidirectional_sequence_lstm:
      add_lstm(b);
      return true;
    case Op::svdf:
      if (!b.is_int16()) add_svdf(b);
      return true;
    case Op::read_variable:
    case Op::assign_variable:
      add_counter(b);
      return true;
    default:
      return false;
  }
}

inline bool add_move(LayerGraph& b, ir::Op op) {
  using ir::Op;
  const auto one = [&](ir::Shape out, std::vector<int> inputs, ir::Attributes attributes = {}) {
    b.node(op, std::move(inputs), {b.value(out)}, std::move(attributes));
    return true;
  };
  switch (op) {
    case Op::reshape:
      return one({6, 2}, {b.input({1, 3, 4}), b.numbers({2}, {-1, 2})});
    case Op::squeeze:
      return one({3, 1, 2}, {b.input({1, 3, 1, 2})}, ir::SqueezeAttributes{{0}});
    case Op::expand_dims:
      return one({2, 3, 1}, {b.input({2, 3}), b.numbers({1}, {-1})});
    case Op::transpose:
      return one({3, 1, 2}, {b.input({1, 2, 3}), b.numbers({3}, {2, 0, 1})});
    case Op::pad:
      return one({1, 5, 2}, {b.input({1, 3, 2}), b.numbers({3, 2}, {0, 0, 1, 1, 0, 0})});
    case Op::pad_v2:
      return one({1, 5}, {b.input({1, 3}), b.numbers({2, 2}, {0, 0, 2, 0}), b.constant({})});
    case Op::concatenation:
      return one({1, 5}, {b.input({1, 3}), b.input({1, 2})}, ir::ConcatenationAttributes{-1, {}});
    case Op::split: {
      const int axis = b.numbers({}, {1}), in = b.input({1, 4});
      b.node(op, {axis, in}, {b.value({1, 2}), b.value({1, 2})});
      return true;
    }
    case Op::slice:
      return one({1, 2}, {b.input({1, 5}), b.numbers({2}, {0, 3}), b.numbers({2}, {1, -1})});
    case Op::strided_slice: {
      const int in = b.input({3, 5});
      const int begin = b.numbers({2}, {1, 4}), end = b.numbers({2}, {2, 0}), step = b.numbers({2}, {1, -2});
      return one({3}, {in, begin, end, step}, ir::StridedSliceAttributes{0, 2, 0, 0, 1});
    }
    case Op::gather:
      return one({2, 2}, {b.input({2, 4}), b.numbers({2}, {3, 0})}, ir::GatherAttributes{1, 0});
    case Op::pack:
      return one({3, 2}, {b.input({3}), b.input({3})}, ir::AxisAttributes{1});
    case Op::unpack: {
      const int in = b.input({2, 3});
      b.node(op, {in}, {b.value({3}), b.value({3})}, ir::AxisAttributes{0});
      return true;
    }
    case Op::resize_bilinear:
      return one({1, 4, 6, 1}, {b.input({1, 2, 3, 1}), b.numbers({2}, {4, 6})},
                 ir::ResizeAttributes{false, true});
    case Op::resize_nearest_neighbor:
      return one({1, 4, 6, 1}, {b.input({1, 2, 3, 1}), b.numbers({2}, {4, 6})},
                 ir::ResizeAttributes{true, false});
    default:
      return false;
  }
}

/// A graph of one layer (several for variables) with activations of `type`; without nodes when the
/// specification has no such operator.
inline ir::Graph graph_of(ir::Op op, ir::DType type) {
  using ir::Op;
  LayerGraph b(type);
  if (ir::tflite_code(op) < 0) return {};
  if (add_weighted(b, op) || add_move(b, op)) return b.graph;
  const ir::Shape shape = {1, 2, 3, 2};
  const int in = b.input(shape);
  const auto same = [&](int out, ir::Attributes attributes) {
    b.node(op, {in}, {out}, std::move(attributes));
    return b.graph;
  };
  const ir::Attributes none = ir::default_attributes(op);
  const bool wide = b.is_int16();
  switch (op) {
    case Op::quantize: {
      const int out = b.add({"q", ir::DType::int8, shape, ir::Quantisation{{0.2f}, {-5}, 0}, nullptr});
      return same(out, none);
    }
    case Op::dequantize:
      return b.is_float() ? ir::Graph{} : same(b.of_type(shape, ir::DType::float32), none);
    case Op::cast:
      return same(b.of_type(shape, ir::DType::int32), none);
    case Op::arg_max:
      b.node(op, {in, b.numbers({1}, {-1})}, {b.of_type({1, 2, 3}, ir::DType::int64)}, none);
      return b.graph;
    case Op::mean:
    case Op::sum:
      b.node(op, {in, b.numbers({2}, {1, -2})}, {b.value({1, 1, 1, 2})}, ir::ReduceAttributes{true});
      return b.graph;
    case Op::average_pool_2d:
    case Op::max_pool_2d:
      return same(b.value({1, 1, 3, 2}), ir::Pool2dAttributes{ir::Padding::same, 2, 2, 2, 1});
    case Op::softmax:
    case Op::logistic:
      return same(b.value(shape, wide ? 1.0f / 32768 : 1.0f / 256, -128), none);
    case Op::tanh:
      return same(b.value(shape, wide ? 1.0f / 32768 : 1.0f / 128, 0), none);
    case Op::leaky_relu:
      return same(b.value(shape), ir::LeakyReluAttributes{0.25f});
    case Op::prelu:
      b.node(op, {in, b.constant({2})}, {b.value(shape)}, none);
      return b.graph;
    case Op::add:
    case Op::sub:
    case Op::mul:
      b.node(op, {in, b.input({3, 1})}, {b.value(shape)}, ir::ActivationAttributes{ir::Activation::relu});
      return b.graph;
    case Op::maximum:
    case Op::minimum:
    case Op::squared_difference:
      b.node(op, {in, b.constant({2})}, {b.value(shape)}, none);
      return b.graph;
    default:
      return same(b.value(shape), none);
  }
}

inline const std::vector<ir::Op>& every_op() {
  static const std::vector<ir::Op> ops = {
#define TADPOLE_OP(name, tflite_code, attributes, shape_rule, options) ir::Op::name,
#include "ir/ops.def"
#undef TADPOLE_OP
  };
  return ops;
}

}  // namespace tadpole::convert
