// Each rewrite on the smallest graph that shows it.
#include "plan/rewrite/rewrite.h"

#include <gtest/gtest.h>

#include <cmath>

#include "plan/plan.h"
#include "plan/rewrite/channel_ranges.h"
#include "tests/conformance/random_graph.h"

namespace tadpole::plan {
namespace {

using conformance::random_input;

/// Graphs node by node; int8 tensors have scale 0.1 and zero point 3 unless told otherwise.
struct Sketch {
  ir::Graph graph;
  Rng rng{7};

  Sketch() { graph.name = "sketch"; }

  int tensor(const ir::Shape& shape,
             std::optional<ir::Quantisation> scale = ir::Quantisation{{0.1f}, {3}, 0}) {
    ir::Tensor made;
    made.name = "t" + std::to_string(graph.tensors.size());
    made.shape = shape;
    made.type = scale ? ir::DType::int8 : ir::DType::float32;
    made.quantisation = std::move(scale);
    return rewriting::add_tensor(graph, std::move(made));
  }
  template <class T>
  int constant(ir::DType type, const ir::Shape& shape, const std::vector<T>& values) {
    ir::Tensor made;
    made.name = "c" + std::to_string(graph.tensors.size());
    made.shape = shape;
    made.type = type;
    made.constant = ir::make_constant<T>(values);
    if (type == ir::DType::int8) made.quantisation = ir::Quantisation{{0.02f}, {0}, 0};
    return rewriting::add_tensor(graph, std::move(made));
  }
  int node(ir::Op op, std::vector<int> inputs, int output, ir::Attributes attributes = ir::NoAttributes{}) {
    graph.nodes.push_back(
        {op, "n" + std::to_string(graph.nodes.size()), std::move(inputs), {output}, std::move(attributes)});
    return output;
  }
  /// A 3x3 convolution to `filters` channels with random weights.
  int conv(int in, int filters, int out, const ir::Conv2dAttributes& attributes = {}) {
    const int channels = graph.tensors[static_cast<size_t>(in)].shape[3];
    const auto taps = static_cast<size_t>(9 * channels * filters);
    const ir::Shape shape = {filters, 3, 3, channels};
    if (graph.tensors[static_cast<size_t>(in)].type == ir::DType::float32) {
      std::vector<float> weights(taps);
      for (float& weight : weights) weight = rng.normal();
      return node(ir::Op::conv_2d, {in, constant(ir::DType::float32, shape, weights)}, out, attributes);
    }
    std::vector<int8_t> weights(taps);
    for (int8_t& weight : weights) weight = static_cast<int8_t>(static_cast<int>(rng.below(255)) - 127);
    return node(ir::Op::conv_2d, {in, constant(ir::DType::int8, shape, weights)}, out, attributes);
  }
  ir::Graph done(int in, int out) {
    graph.inputs = {in};
    graph.outputs = {out};
    EXPECT_TRUE(ir::check_graph(graph).ok()) << ir::check_graph(graph).error().message();
    return graph;
  }
};

std::vector<uint8_t> run(const ir::Graph& graph, const std::vector<uint8_t>& in) {
  const auto plan = lower(graph, {.kernels = "ref", .rewrite = false});
  EXPECT_TRUE(plan.ok()) << plan.error().message();
  if (!plan.ok()) return {};
  std::vector<uint8_t> out(static_cast<size_t>(plan->output_bytes()));
  Runner(*plan).run(in, out);
  return out;
}

/// The rewritten graph, after a comparison of outputs on some inputs.
ir::Graph rewritten(const ir::Graph& graph) {
  const auto after = rewrite(graph);
  EXPECT_TRUE(after.ok()) << after.error().message();
  Rng rng(1);
  for (int i = 0; i < 20; ++i) {
    const auto in = random_input(graph, rng);
    EXPECT_EQ(run(graph, in), run(*after, in));
  }
  return *after;
}

const ir::Quantisation kOther{{0.37f}, {-5}, 0};

TEST(Rewrites, a_relu_of_the_same_scale_goes_into_the_layer_before) {
  Sketch s;
  const int in = s.tensor({1, 6, 6, 2});
  const int out = s.node(ir::Op::relu, {s.conv(in, 4, s.tensor({1, 6, 6, 4}))}, s.tensor({1, 6, 6, 4}));
  const ir::Graph after = rewritten(s.done(in, out));
  ASSERT_EQ(after.nodes.size(), 1u);
  EXPECT_EQ(std::get<ir::Conv2dAttributes>(after.nodes[0].attributes).activation, ir::Activation::relu);
}

TEST(Rewrites, a_relu_that_rounds_a_second_time_stays) {
  Sketch s;
  const int in = s.tensor({1, 6, 6, 2});
  const int out =
      s.node(ir::Op::relu, {s.conv(in, 4, s.tensor({1, 6, 6, 4}))}, s.tensor({1, 6, 6, 4}, kOther));
  EXPECT_EQ(rewritten(s.done(in, out)).nodes.size(), 2u);
}

TEST(Rewrites, relu_and_then_relu6_of_a_float_layer_become_relu6_in_it) {
  Sketch s;
  const int in = s.tensor({1, 5, 5, 3}, std::nullopt);
  const int conv = s.conv(in, 4, s.tensor({1, 5, 5, 4}, std::nullopt));
  const int relu = s.node(ir::Op::relu, {conv}, s.tensor({1, 5, 5, 4}, std::nullopt));
  const int out = s.node(ir::Op::relu6, {relu}, s.tensor({1, 5, 5, 4}, std::nullopt));
  const ir::Graph after = rewritten(s.done(in, out));
  ASSERT_EQ(after.nodes.size(), 1u);
  EXPECT_EQ(std::get<ir::Conv2dAttributes>(after.nodes[0].attributes).activation, ir::Activation::relu6);
}

TEST(Rewrites, an_activation_stays_when_the_value_before_it_is_read_elsewhere) {
  Sketch s;
  const int in = s.tensor({1, 6, 6, 2});
  const int conv = s.conv(in, 4, s.tensor({1, 6, 6, 4}));
  const int relu = s.node(ir::Op::relu, {conv}, s.tensor({1, 6, 6, 4}));
  const int out = s.node(ir::Op::add, {conv, relu}, s.tensor({1, 6, 6, 4}), ir::ActivationAttributes{});
  EXPECT_EQ(rewritten(s.done(in, out)).nodes.size(), 3u);
}

TEST(Rewrites, reshapes_in_a_row_become_one_and_a_reshape_to_the_same_shape_none) {
  Sketch s;
  const int in = s.tensor({1, 4, 6, 2});
  const int a = s.node(ir::Op::reshape, {in}, s.tensor({1, 24, 2}));
  const int b = s.node(ir::Op::reshape, {a}, s.tensor({1, 4, 6, 2}));
  const int c = s.node(ir::Op::relu, {b}, s.tensor({1, 4, 6, 2}));
  const int d = s.node(ir::Op::reshape, {c}, s.tensor({1, 8, 6}));
  const int out = s.node(ir::Op::reshape, {d}, s.tensor({1, 48}));
  const ir::Graph after = rewritten(s.done(in, out));
  ASSERT_EQ(after.nodes.size(), 2u);
  EXPECT_EQ(after.nodes[0].op, ir::Op::relu);
  EXPECT_EQ(after.nodes[1].op, ir::Op::reshape);
}

TEST(Rewrites, nodes_of_constants_are_computed_at_once) {
  Sketch s;
  const int in = s.tensor({1, 4, 4, 3});
  std::vector<int8_t> values(48);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int8_t>(5 * i);
  const int constant = s.constant(ir::DType::int8, {1, 4, 4, 3}, values);
  const int folded = s.node(ir::Op::relu, {constant}, s.tensor({1, 4, 4, 3}));
  const int out = s.node(ir::Op::add, {in, folded}, s.tensor({1, 4, 4, 3}), ir::ActivationAttributes{});
  const ir::Graph after = rewritten(s.done(in, out));
  ASSERT_EQ(after.nodes.size(), 1u);
  EXPECT_TRUE(after.input_of(after.nodes[0], 1).is_constant());
}

TEST(Rewrites, dequantize_and_quantize_of_one_scale_are_nothing) {
  Sketch s;
  const int in = s.tensor({1, 4, 4, 3});
  const int real = s.node(ir::Op::dequantize, {in}, s.tensor({1, 4, 4, 3}, std::nullopt));
  const int back = s.node(ir::Op::quantize, {real}, s.tensor({1, 4, 4, 3}));
  const int out = s.conv(back, 2, s.tensor({1, 4, 4, 2}));
  EXPECT_EQ(rewritten(s.done(in, out)).nodes.size(), 1u);
}

TEST(Rewrites, quantize_to_a_scale_and_back_stays_where_it_loses_values) {
  Sketch s;
  const int in = s.tensor({1, 4, 4, 3});
  const int coarse = s.node(ir::Op::quantize, {in}, s.tensor({1, 4, 4, 3}, kOther));
  const int back = s.node(ir::Op::quantize, {coarse}, s.tensor({1, 4, 4, 3}));
  const int out = s.conv(back, 2, s.tensor({1, 4, 4, 2}));
  EXPECT_EQ(rewritten(s.done(in, out)).nodes.size(), 3u);
}

TEST(Rewrites, a_filter_of_zeros_goes_with_the_channel_that_it_makes) {
  Sketch s;
  const int in = s.tensor({1, 6, 6, 2});
  const int middle = s.conv(in, 4, s.tensor({1, 6, 6, 4}));
  const int out = s.conv(middle, 3, s.tensor({1, 4, 4, 3}), {.padding = ir::Padding::valid});
  ir::Tensor& weights = s.graph.tensors[static_cast<size_t>(s.graph.nodes[0].inputs[1])];
  std::vector<int8_t> values(weights.values<int8_t>().begin(), weights.values<int8_t>().end());
  std::fill(values.begin() + 18, values.begin() + 36, int8_t{0});
  weights.constant = ir::make_constant<int8_t>(values);
  const int bias = s.constant<int32_t>(ir::DType::int32, {4}, {100, 2000, -300, 0});
  s.graph.nodes[0].inputs.push_back(bias);
  const ir::Graph after = rewritten(s.done(in, out));
  EXPECT_EQ(after.output_of(after.nodes[0]).shape, (ir::Shape{1, 6, 6, 3}));
}

TEST(Rewrites, a_constant_channel_stays_where_padding_makes_its_reader_see_two_values) {
  Sketch s;
  const int in = s.tensor({1, 6, 6, 2});
  const int middle = s.conv(in, 4, s.tensor({1, 6, 6, 4}));
  const int out = s.conv(middle, 3, s.tensor({1, 6, 6, 3}));
  ir::Tensor& weights = s.graph.tensors[static_cast<size_t>(s.graph.nodes[0].inputs[1])];
  std::vector<int8_t> values(weights.values<int8_t>().begin(), weights.values<int8_t>().end());
  std::fill(values.begin() + 18, values.begin() + 36, int8_t{0});
  weights.constant = ir::make_constant<int8_t>(values);
  s.graph.nodes[0].inputs.push_back(s.constant<int32_t>(ir::DType::int32, {4}, {100, 2000, -300, 0}));
  const ir::Graph after = rewritten(s.done(in, out));
  EXPECT_EQ(after.output_of(after.nodes[0]).shape, (ir::Shape{1, 6, 6, 4}));
}

TEST(Rewrites, a_multiple_of_channels_is_kept_when_kernels_want_it) {
  Sketch s;
  const int in = s.tensor({1, 6, 6, 2});
  const int middle = s.conv(in, 8, s.tensor({1, 6, 6, 8}));
  const int out = s.conv(middle, 3, s.tensor({1, 4, 4, 3}), {.padding = ir::Padding::valid});
  ir::Tensor& weights = s.graph.tensors[static_cast<size_t>(s.graph.nodes[0].inputs[1])];
  std::vector<int8_t> values(weights.values<int8_t>().begin(), weights.values<int8_t>().end());
  std::fill(values.begin(), values.begin() + 18 * 6, int8_t{0});
  weights.constant = ir::make_constant<int8_t>(values);
  const ir::Graph graph = s.done(in, out);
  EXPECT_EQ(rewrite(graph)->output_of(rewrite(graph)->nodes[0]).shape.back(), 2);
  const auto filled = rewrite(graph, {.channel_multiple = 4});
  EXPECT_EQ(filled->output_of(filled->nodes[0]).shape.back(), 4);
}

TEST(Rewrites, a_batch_norm_goes_into_the_convolution_before) {
  Sketch s;
  const int in = s.tensor({1, 5, 5, 2}, std::nullopt);
  const int conv = s.conv(in, 3, s.tensor({1, 5, 5, 3}, std::nullopt));
  const int gamma = s.constant<float>(ir::DType::float32, {3}, {1.5f, -0.5f, 2.0f});
  const int beta = s.constant<float>(ir::DType::float32, {3}, {0.1f, 0.2f, -0.3f});
  const int mean = s.constant<float>(ir::DType::float32, {3}, {0.4f, -0.1f, 0.0f});
  const int variance = s.constant<float>(ir::DType::float32, {3}, {2.0f, 0.5f, 1.0f});
  const int out = s.node(ir::Op::batch_norm, {conv, gamma, beta, mean, variance},
                         s.tensor({1, 5, 5, 3}, std::nullopt), ir::BatchNormAttributes{.epsilon = 1e-3f});
  ir::Graph graph = s.done(in, out);
  const auto after = rewrite(graph);
  ASSERT_TRUE(after.ok());
  ASSERT_EQ(after->nodes.size(), 1u);
  ir::Graph without = graph;
  without.nodes.pop_back();
  without.outputs = {conv};
  Rng rng(1);
  const auto bytes = random_input(graph, rng);
  const auto plain = run(without, bytes), folded = run(*after, bytes);
  const auto* x = reinterpret_cast<const float*>(plain.data());
  const auto* y = reinterpret_cast<const float*>(folded.data());
  const double g[] = {1.5, -0.5, 2.0}, b[] = {0.1, 0.2, -0.3}, m[] = {0.4, -0.1, 0.0}, v[] = {2.0, 0.5, 1.0};
  for (size_t i = 0; i < 75; ++i) {
    const double expected = (x[i] - m[i % 3]) / std::sqrt(v[i % 3] + 1e-3) * g[i % 3] + b[i % 3];
    EXPECT_NEAR(y[i], expected, 1e-4) << i;  // 18 products near 1, each rounded to 2^-24 of sums below 50
  }
}

TEST(Rewrites, padding_with_the_zero_point_goes_into_the_convolution_that_reads_it) {
  for (const bool int8 : {true, false}) {
    Sketch s;
    const auto scale = int8 ? std::optional(ir::Quantisation{{0.1f}, {3}, 0}) : std::nullopt;
    const int in = s.tensor({1, 6, 7, 2}, scale);
    const int sizes = s.constant<int32_t>(ir::DType::int32, {4, 2}, {0, 0, 1, 2, 0, 1, 0, 0});
    const int padded = s.node(ir::Op::pad, {in, sizes}, s.tensor({1, 9, 8, 2}, scale));
    const int out = s.conv(padded, 3, s.tensor({1, 7, 6, 3}, scale), {.padding = ir::Padding::valid});
    const ir::Graph after = rewritten(s.done(in, out));
    ASSERT_EQ(after.nodes.size(), 1u);
    EXPECT_EQ(std::get<ir::Conv2dAttributes>(after.nodes[0].attributes).pads, (ir::Pads{1, 2, 0, 1}));
  }
}

TEST(Rewrites, padding_with_another_value_stays) {
  Sketch s;
  const int in = s.tensor({1, 6, 7, 2});
  const int sizes = s.constant<int32_t>(ir::DType::int32, {4, 2}, {0, 0, 1, 2, 0, 1, 0, 0});
  const int value = s.constant<int8_t>(ir::DType::int8, {1}, {4});
  s.graph.tensors[static_cast<size_t>(value)].quantisation = ir::Quantisation{{0.1f}, {3}, 0};
  const int padded = s.node(ir::Op::pad_v2, {in, sizes, value}, s.tensor({1, 9, 8, 2}));
  const int out = s.conv(padded, 3, s.tensor({1, 7, 6, 3}), {.padding = ir::Padding::valid});
  EXPECT_EQ(rewritten(s.done(in, out)).nodes.size(), 2u);
}

}  // namespace
}  // namespace tadpole::plan
