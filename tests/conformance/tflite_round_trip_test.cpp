// A graph that is written as .tflite and read again runs as before, also where the format says it in other
// words.
#include <gtest/gtest.h>

#include "convert/tflite.h"
#include "plan/plan.h"
#include "random_graph.h"
#include "tests/unit/convert/every_operator.h"

namespace tadpole::conformance {
namespace {

ir::Graph through_the_format(const ir::Graph& graph) {
  const auto bytes = convert::write_tflite(graph, "");
  EXPECT_TRUE(bytes.ok()) << bytes.error().message();
  if (!bytes.ok()) return {};
  auto read = convert::read_tflite(*bytes);
  EXPECT_TRUE(read.ok()) << read.error().message();
  return read.ok() ? *std::move(read) : ir::Graph{};
}

/// The outputs of two inferences, one after the other, so that states show.
std::vector<uint8_t> two_runs(const ir::Graph& graph, const std::vector<uint8_t>& in) {
  plan::Target target;
  target.kernels = "ref";
  target.rewrite = false;
  const auto plan = plan::lower(graph, target);
  EXPECT_TRUE(plan.ok()) << plan.error().message();
  if (!plan.ok()) return {};
  plan::Runner runner(*plan);
  std::vector<uint8_t> all;
  for (int i = 0; i < 2; ++i) {
    std::vector<uint8_t> out(static_cast<size_t>(plan->output_bytes()));
    runner.run(in, out);
    all.insert(all.end(), out.begin(), out.end());
  }
  return all;
}

/// Random bytes for all inputs; floats are numbers of moderate size.
std::vector<uint8_t> inputs_for(const ir::Graph& graph, Rng& rng) {
  std::vector<uint8_t> all;
  for (const int index : graph.inputs) {
    const ir::Tensor& tensor = graph.tensors[static_cast<size_t>(index)];
    std::vector<uint8_t> bytes(static_cast<size_t>(tensor.bytes()));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng.below(256));
    if (tensor.type == ir::DType::float32) {
      std::vector<float> values(bytes.size() / 4);
      for (float& value : values) value = rng.uniform(0.1f, 2.0f);
      bytes = *ir::make_constant<float>(values);
    }
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return all;
}

TEST(TfliteOperators, each_answers_the_same_after_the_round_trip) {
  Rng rng(3);
  int ran = 0;
  for (const ir::Op op : convert::every_op()) {
    for (const ir::DType type : {ir::DType::float32, ir::DType::int8, ir::DType::int16}) {
      const ir::Graph graph = convert::graph_of(op, type);
      plan::Target target;
      target.kernels = "ref";
      if (graph.nodes.empty() || !plan::lower(graph, target).ok()) continue;  // of no such type, or no kernel
      const std::string name = std::string(op_name(op)) + " of " + std::string(to_string(type));
      const auto in = inputs_for(graph, rng);
      EXPECT_EQ(two_runs(graph, in), two_runs(through_the_format(graph), in)) << name;
      ++ran;
    }
  }
  EXPECT_GT(ran, 100);
}

/// A max pool whose padding is never the maximum, and a transposed convolution that is cut.
TEST(TfliteOperators, with_explicit_padding_answer_the_same) {
  Rng rng(4);
  for (const ir::DType type : {ir::DType::float32, ir::DType::int8}) {
    convert::LayerGraph pool(type);
    const int in = pool.input({1, 4, 4, 2});
    pool.node(ir::Op::max_pool_2d, {in}, {pool.value({1, 6, 5, 2})},
              ir::Pool2dAttributes{ir::Padding::given, 2, 2, 1, 1, ir::Activation::none, {2, 1, 0, 2}});
    convert::LayerGraph cut(type);
    const int shape = cut.numbers({4}, {1, 3, 5, 3}), small = cut.input({1, 2, 3, 2});
    cut.node(ir::Op::transpose_conv, {shape, cut.weights({3, 3, 2, 2}, 0), small, cut.bias(3)},
             {cut.value({1, 3, 5, 3})},
             ir::TransposeConvAttributes{ir::Padding::given, 2, 2, ir::Activation::none, {2, 0, 0, 1}});
    for (const ir::Graph& graph : {pool.graph, cut.graph}) {
      const ir::Graph again = through_the_format(graph);
      EXPECT_EQ(again.nodes.size(), 2u);
      const auto bytes = inputs_for(graph, rng);
      EXPECT_EQ(two_runs(graph, bytes), two_runs(again, bytes)) << graph.nodes[0].name;
    }
  }
}

class TfliteRoundTrip : public testing::TestWithParam<bool> {};

TEST_P(TfliteRoundTrip, of_100_random_graphs_changes_no_answer) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Rng rng(seed);
    const ir::Graph graph = RandomGraph(rng, GetParam()).make(6);
    const ir::Graph again = through_the_format(graph);
    ASSERT_EQ(again.nodes.size(), graph.nodes.size()) << "seed " << seed;
    const auto in = random_input(graph, rng);
    ASSERT_EQ(two_runs(graph, in), two_runs(again, in)) << "seed " << seed;
  }
}

TEST_P(TfliteRoundTrip, of_explicit_padding_is_another_graph_with_the_same_answers) {
  int padded = 0, renamed = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    RandomGraph make(Rng(seed), GetParam());
    const ir::Pads pads{make.range(0, 2), make.range(0, 2), make.range(0, 2), make.range(0, 2)};
    const ir::Shape in_shape = {1, make.range(3, 6), make.range(3, 6), make.range(1, 3)};
    const int h = make.range(1, 3), w = make.range(1, 3);
    ir::Graph graph;
    if (seed % 2 == 0) {
      ir::Conv2dAttributes a{ir::Padding::given, make.range(1, 2), 1, 1, 1, ir::Activation::relu, pads};
      graph = make.make_conv(in_shape, 3, h, w, a);
    } else {
      ir::DepthwiseConv2dAttributes a;
      a.padding = ir::Padding::given;
      a.pads = pads;
      graph = make.make_depthwise(in_shape, h, w, a);
    }
    if (graph.nodes.empty()) continue;
    const ir::Graph again = through_the_format(graph);
    ASSERT_FALSE(again.nodes.empty()) << "seed " << seed;
    (again.nodes.size() == 2 ? padded : renamed)++;
    for (const ir::Node& node : again.nodes) {
      if (const auto* a = std::get_if<ir::Conv2dAttributes>(&node.attributes)) {
        EXPECT_NE(a->padding, ir::Padding::given);
      }
    }
    Rng rng(seed);
    const auto in = random_input(graph, rng);
    ASSERT_EQ(two_runs(graph, in), two_runs(again, in)) << "seed " << seed;
  }
  EXPECT_GE(padded, 20);  // as PAD before VALID
  EXPECT_GE(renamed, 2);  // SAME or VALID say the same
}

INSTANTIATE_TEST_SUITE_P(Types, TfliteRoundTrip, testing::Values(true, false),
                         [](const auto& info) { return info.param ? "int8" : "float"; });

}  // namespace
}  // namespace tadpole::conformance
