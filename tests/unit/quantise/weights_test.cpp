// Weights as int8 and back.
#include "quantise/weights.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ir/builder.h"

namespace tadpole::quantise {
namespace {

ir::Graph network() {
  ir::GraphBuilder b("net", Rng(1));
  ir::Value x = b.input({1, 8, 8, 2});
  x = b.conv_2d(x, 16, 3, 3, {.activation = ir::Activation::relu});
  x = b.depthwise_conv_2d(x, 3, 3, {.activation = ir::Activation::relu});
  x = b.flatten(b.global_average_pool(x));
  auto graph = std::move(b).finish(b.softmax(b.fully_connected(x, 6)));
  EXPECT_TRUE(graph.ok());
  return std::move(graph).value();
}

TEST(Weights, as_int8_and_back_differ_by_at_most_half_a_step_of_their_channel) {
  const ir::Graph graph = network();
  const auto small = quantise_weights(graph);
  ASSERT_TRUE(small.ok());
  const auto back = dequantise_weights(*small);
  ASSERT_TRUE(back.ok());
  int kernels = 0;
  for (size_t t = 0; t < graph.tensors.size(); ++t) {
    const ir::Tensor &was = graph.tensors[t], &is = back->tensors[t];
    if (!was.is_constant()) continue;
    ASSERT_EQ(is.type, ir::DType::float32);
    if (small->tensors[t].type != ir::DType::int8) {
      EXPECT_EQ(*is.constant, *was.constant);
      continue;
    }
    ++kernels;
    float largest_step = 0;
    for (const float scale : small->tensors[t].quantisation->scales)
      largest_step = std::max(largest_step, scale);
    for (size_t i = 0; i < was.values<float>().size(); ++i)
      ASSERT_LE(std::abs(was.values<float>()[i] - is.values<float>()[i]), largest_step * 0.5001f);
  }
  EXPECT_EQ(kernels, 3);
}

TEST(Weights, of_a_convolution_have_a_scale_for_each_channel_and_of_a_dense_layer_one) {
  const auto small = quantise_weights(network());
  ASSERT_TRUE(small.ok());
  for (const ir::Node& node : small->nodes) {
    if (node.op == ir::Op::conv_2d || node.op == ir::Op::depthwise_conv_2d) {
      EXPECT_EQ(small->input_of(node, 1).quantisation->scales.size(), 16u);
    }
    if (node.op == ir::Op::fully_connected) {
      EXPECT_EQ(small->input_of(node, 1).quantisation->scales.size(), 1u);
    }
  }
}

TEST(Weights, a_weight_that_is_not_finite_is_refused_by_name) {
  ir::Graph graph = network();
  ir::Tensor& kernel = graph.tensors[static_cast<size_t>(graph.nodes[0].inputs[1])];
  std::vector<float> values(kernel.values<float>().begin(), kernel.values<float>().end());
  values[7] = NAN;
  kernel.constant = ir::make_constant<float>(values);
  const auto small = quantise_weights(graph);
  ASSERT_FALSE(small.ok());
  EXPECT_NE(small.error().detail.find(kernel.name), std::string::npos);
}

TEST(Weights, integer_activations_cannot_become_a_float_model) {
  ir::Graph graph = network();
  ir::Tensor& input = graph.tensors[static_cast<size_t>(graph.inputs[0])];
  input.type = ir::DType::int8;
  input.quantisation = ir::Quantisation{{0.1f}, {0}, 0};
  const auto floats = dequantise_weights(graph);
  ASSERT_FALSE(floats.ok());
  EXPECT_EQ(floats.error().code, Code::type_unsupported);
  EXPECT_NE(floats.error().detail.find(input.name), std::string::npos);
}

}  // namespace
}  // namespace tadpole::quantise
