// Small graphs that use every operator of the container, and comparison of all fields of two graphs.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/rng.h"
#include "ir/builder.h"
#include "ir/graph.h"

namespace tadpole::convert {

inline ir::Graph small_float_graph() {
  ir::GraphBuilder net("small float", Rng(7));
  auto x = net.input({1, 6, 5, 1});
  x = net.conv_2d(x, 2, 3, 2, {.stride_h = 2, .activation = ir::Activation::relu6});
  auto y = net.depthwise_conv_2d(x, 2, 2, {.activation = ir::Activation::relu_n1_to_1});
  x = net.add(x, y, {.activation = ir::Activation::relu});
  x = net.relu(net.relu6(x));
  x = net.max_pool_2d(x, {.padding = ir::Padding::same, .filter_h = 2, .filter_w = 2});
  x = net.global_average_pool(x);
  x = net.fully_connected(net.flatten(x), 3);
  auto graph = std::move(net).finish(net.softmax(x));
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  return std::move(graph).value();
}

/// Builds int8 graphs by hand, with scales that follow the int8 specification.
class Int8Graph {
 public:
  ir::Graph graph{"small int8", {}, {}, {}, {}};

  int activation(const std::string& name, const ir::Shape& shape, float scale, int zero) {
    return add({name, ir::DType::int8, shape, ir::Quantisation{{scale}, {zero}, 0}, nullptr});
  }
  int weights(const std::string& name, const ir::Shape& shape, std::vector<float> scales, int axis) {
    std::vector<int8_t> values(static_cast<size_t>(ir::element_count(shape)));
    for (int8_t& value : values) value = static_cast<int8_t>(rng_.below(255));
    const std::vector<int32_t> zeros(scales.size(), 0);
    return add({name, ir::DType::int8, shape, ir::Quantisation{std::move(scales), zeros, axis},
                ir::make_constant<int8_t>(values)});
  }
  int bias(const std::string& name, std::vector<float> scales, int count) {
    std::vector<int32_t> values(static_cast<size_t>(count));
    for (int32_t& value : values) value = static_cast<int32_t>(rng_.below(2000)) - 1000;
    const std::vector<int32_t> zeros(scales.size(), 0);
    return add({name,
                ir::DType::int32,
                {count},
                ir::Quantisation{std::move(scales), zeros, 0},
                ir::make_constant<int32_t>(values)});
  }
  int integers(const std::string& name, std::vector<int32_t> values) {
    return add({name,
                ir::DType::int32,
                {static_cast<int32_t>(values.size())},
                std::nullopt,
                ir::make_constant<int32_t>(values)});
  }
  int add(ir::Tensor tensor) {
    graph.tensors.push_back(std::move(tensor));
    return static_cast<int>(graph.tensors.size()) - 1;
  }
  int node(ir::Op op, const std::string& name, std::vector<int> inputs, int output,
           ir::Attributes attributes) {
    graph.nodes.push_back({op, name, std::move(inputs), {output}, std::move(attributes)});
    return output;
  }

 private:
  Rng rng_{11};
};

inline ir::Graph small_int8_graph() {
  Int8Graph b;
  const int in = b.add({"input", ir::DType::float32, {1, 4, 4, 1}, std::nullopt, nullptr});
  b.graph.inputs = {in};
  int x = b.node(ir::Op::quantize, "quantize", {in}, b.activation("quantize_out", {1, 4, 4, 1}, 0.5f, 3),
                 ir::NoAttributes{});
  x = b.node(ir::Op::conv_2d, "conv_1",
             {x, b.weights("conv_1_weights", {2, 2, 2, 1}, {0.01f, 0.02f}, 0),
              b.bias("conv_1_bias", {0.005f, 0.01f}, 2)},
             b.activation("conv_1_out", {1, 4, 4, 2}, 0.25f, -128),
             ir::Conv2dAttributes{.activation = ir::Activation::relu});
  const int y = b.node(ir::Op::depthwise_conv_2d, "first depthwise",
                       {x, b.weights("dw", {1, 2, 2, 2}, {0.01f, 0.02f}, 3), -1},
                       b.activation("dw_out", {1, 4, 4, 2}, 0.25f, 4), ir::DepthwiseConv2dAttributes{});
  x = b.node(ir::Op::add, "add_2", {x, y}, b.activation("add_2_out", {1, 4, 4, 2}, 0.5f, 0),
             ir::ActivationAttributes{});
  x = b.node(ir::Op::average_pool_2d, "pool", {x}, b.activation("pool_out", {1, 2, 2, 2}, 0.5f, 0),
             ir::Pool2dAttributes{.filter_h = 2, .filter_w = 2, .stride_h = 2, .stride_w = 2});
  x = b.node(ir::Op::mean, "mean", {x, b.integers("axes", {1, -2})},
             b.activation("mean_out", {1, 2}, 0.5f, 0), ir::ReduceAttributes{});
  x = b.node(ir::Op::reshape, "reshape", {x, b.integers("shape", {1, -1})},
             b.activation("reshape_out", {1, 2}, 0.5f, 0), ir::NoAttributes{});
  x = b.node(ir::Op::fully_connected, "dense_3",
             {x, b.weights("dense_3_weights", {3, 2}, {0.1f}, 0), b.bias("dense_3_bias", {0.05f}, 3)},
             b.activation("dense_3_out", {1, 3}, 0.3f, 7), ir::FullyConnectedAttributes{});
  x = b.node(ir::Op::softmax, "softmax", {x}, b.activation("softmax_out", {1, 3}, 1.0f / 256, -128),
             ir::SoftmaxAttributes{});
  const int out = b.add({"dequantize_out", ir::DType::float32, {1, 3}, std::nullopt, nullptr});
  b.node(ir::Op::dequantize, "dequantize", {x}, out, ir::NoAttributes{});
  b.graph.outputs = {out};
  const auto checked = ir::check_graph(b.graph);
  EXPECT_TRUE(checked.ok()) << checked.error().message();
  return b.graph;
}

inline void expect_equal(const ir::Graph& a, const ir::Graph& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.inputs, b.inputs);
  EXPECT_EQ(a.outputs, b.outputs);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    const ir::Tensor &x = a.tensors[i], &y = b.tensors[i];
    EXPECT_EQ(x.name, y.name);
    EXPECT_EQ(x.type, y.type) << x.name;
    EXPECT_EQ(x.shape, y.shape) << x.name;
    EXPECT_EQ(x.quantisation, y.quantisation) << x.name;
    ASSERT_EQ(x.is_constant(), y.is_constant()) << x.name;
    EXPECT_EQ(x.is_variable, y.is_variable) << x.name;
    ASSERT_EQ(x.initial == nullptr, y.initial == nullptr) << x.name;
    if (x.initial) {
      EXPECT_EQ(*x.initial, *y.initial) << x.name;
    }
    if (x.is_constant()) {
      EXPECT_EQ(*x.constant, *y.constant) << x.name;
    }
  }
  ASSERT_EQ(a.nodes.size(), b.nodes.size());
  for (size_t i = 0; i < a.nodes.size(); ++i) {
    const ir::Node &x = a.nodes[i], &y = b.nodes[i];
    EXPECT_EQ(x.op, y.op) << x.name;
    EXPECT_EQ(x.name, y.name);
    EXPECT_EQ(x.inputs, y.inputs) << x.name;
    EXPECT_EQ(x.outputs, y.outputs) << x.name;
    EXPECT_EQ(x.attributes, y.attributes) << x.name;
  }
}

inline std::vector<uint8_t> file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace tadpole::convert
