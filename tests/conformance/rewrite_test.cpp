// Rewritten graphs against the graphs as they were: the same bytes at the output and at every tensor that
// keeps its name and shape.
#include "plan/rewrite/rewrite.h"

#include <gtest/gtest.h>

#include <map>

#include "plan/plan.h"
#include "tests/conformance/pruned_graph.h"
#include "tests/conformance/reference_models.h"

namespace tadpole::conformance {
namespace {

constexpr plan::Target kAsItIs = {.kernels = "ref", .share_arena = false, .rewrite = false};

/// Every activation by name and shape, and the output.
struct Values {
  std::vector<uint8_t> output;
  std::map<std::pair<std::string, ir::Shape>, std::vector<uint8_t>> tensors;
};

Values values_of(const ir::Graph& graph, const std::vector<uint8_t>& in) {
  const auto plan = plan::lower(graph, kAsItIs);
  EXPECT_TRUE(plan.ok()) << plan.error().message();
  Values values;
  if (!plan.ok()) return values;
  plan::Runner runner(*plan);
  values.output.resize(static_cast<size_t>(plan->output_bytes()));
  runner.run(in, values.output);
  for (const ir::Node& node : graph.nodes) {
    for (const int output : node.outputs) {
      const ir::Tensor& tensor = graph.tensors[static_cast<size_t>(output)];
      const auto bytes = runner.tensor(output);
      values.tensors[{tensor.name, tensor.shape}].assign(bytes.begin(), bytes.end());
    }
  }
  return values;
}

/// Compares on a few random inputs; returns how many inner tensors were compared.
int expect_same_bytes(const ir::Graph& before, const ir::Graph& after, Rng& rng, const std::string& what) {
  int compared = 0;
  for (int i = 0; i < 3; ++i) {
    const auto in = random_input(before, rng);
    const Values from = values_of(before, in), to = values_of(after, in);
    EXPECT_EQ(from.output, to.output) << what;
    for (const auto& [key, bytes] : to.tensors) {
      const auto found = from.tensors.find(key);
      if (found == from.tensors.end()) continue;
      EXPECT_EQ(found->second, bytes) << what << " tensor " << key.first;
      ++compared;
    }
  }
  return compared;
}

int64_t weight_count(const ir::Graph& graph) {
  int64_t count = 0;
  for (const ir::Node& node : graph.nodes) {
    if (has_weights(node)) count += ir::element_count(graph.input_of(node, 1).shape);
  }
  return count;
}

TEST(Rewrite, keeps_every_byte_of_1000_random_pruned_graphs) {
  Rng rng(1);
  int smaller = 0, compared = 0;
  constexpr int kGraphs = 1000;
  for (int i = 0; i < kGraphs; ++i) {
    Rng own = rng.fork(std::to_string(i));
    ir::Graph graph = RandomGraph(own.fork("graph"), true).make(1 + i % 9);
    prune(graph, own);
    if (!plan::lower(graph, kAsItIs).ok()) continue;  // the reference refuses some mixes of types
    ir::Graph one_scale = graph;
    give_some_activations_their_inputs_scale(one_scale, own);
    if (plan::lower(one_scale, kAsItIs).ok()) graph = std::move(one_scale);
    const auto after = plan::rewrite(graph, {.channel_multiple = i % 2 == 0 ? 1 : 4});
    ASSERT_TRUE(after.ok()) << "graph " << i << ": " << after.error().message();
    smaller += ir::multiply_accumulates(*after) < ir::multiply_accumulates(graph) ? 1 : 0;
    compared += expect_same_bytes(graph, *after, own, "graph " + std::to_string(i));
    if (HasFailure()) return;
  }
  EXPECT_GT(smaller, kGraphs / 3);
  EXPECT_GT(compared, kGraphs);
}

TEST(Rewrite, keeps_every_byte_of_300_random_float_graphs) {
  Rng rng(3);
  int shorter = 0;
  for (int i = 0; i < 300; ++i) {
    Rng own = rng.fork(std::to_string(i));
    const ir::Graph graph = RandomGraph(own.fork("graph"), false).make(1 + i % 9);
    if (!plan::lower(graph, kAsItIs).ok()) continue;
    const auto after = plan::rewrite(graph);
    ASSERT_TRUE(after.ok()) << "graph " << i << ": " << after.error().message();
    shorter += after->nodes.size() < graph.nodes.size() ? 1 : 0;
    expect_same_bytes(graph, *after, own, "graph " + std::to_string(i));
    if (HasFailure()) return;
  }
  EXPECT_GT(shorter, 30);
}

TEST(Rewrite, keeps_the_ends_of_a_graph) {
  Rng rng(2);
  for (int i = 0; i < 100; ++i) {
    ir::Graph graph = RandomGraph(rng.fork(std::to_string(i)), i % 3 != 0).make(1 + i % 6);
    if (i % 3 != 0) prune(graph, rng);
    const auto after = plan::rewrite(graph);
    ASSERT_TRUE(after.ok());
    const auto same = [&](int a, int b) {
      const ir::Tensor& before = graph.tensors[static_cast<size_t>(a)];
      const ir::Tensor& now = after->tensors[static_cast<size_t>(b)];
      EXPECT_EQ(before.name, now.name);
      EXPECT_EQ(before.shape, now.shape);
      EXPECT_EQ(before.type, now.type);
      EXPECT_EQ(before.quantisation, now.quantisation);
    };
    same(graph.inputs[0], after->inputs[0]);
    same(graph.outputs[0], after->outputs[0]);
  }
}

TEST(Rewrite, finds_the_dead_half_of_the_vww_model) {
  const auto model = load_reference("vww");
  if (!model) GTEST_SKIP() << "needs ../shared/reference/vww.golden.json";
  const auto after = plan::rewrite(model->graph);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(ir::multiply_accumulates(model->graph), 7489664);
  EXPECT_EQ(ir::multiply_accumulates(*after), 3727313);  // ../shared/targets.md: 3.73 M
  EXPECT_EQ(weight_count(model->graph), 208112);
  EXPECT_EQ(weight_count(*after), 29066);  // ../shared/targets.md: 29,286
}

TEST(Rewrite, finds_neurons_of_the_hello_model_that_saturate_for_every_input) {
  const auto model = load_reference("hello");
  if (!model) GTEST_SKIP() << "needs ../shared/reference/hello.golden.json";
  const auto after = plan::rewrite(model->graph);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(weight_count(model->graph), 288);
  EXPECT_EQ(weight_count(*after), 220);
}

TEST(Rewrite, finds_nothing_dead_in_the_other_reference_models) {
  for (const char* name : {"kws", "ic", "ad", "micro_speech"}) {
    const auto model = load_reference(name);
    if (!model) GTEST_SKIP() << "needs ../shared/reference/" << name << ".golden.json";
    const auto after = plan::rewrite(model->graph);
    ASSERT_TRUE(after.ok());
    EXPECT_EQ(ir::multiply_accumulates(*after), ir::multiply_accumulates(model->graph)) << name;
    EXPECT_EQ(weight_count(*after), weight_count(model->graph)) << name;
  }
}

}  // namespace
}  // namespace tadpole::conformance
