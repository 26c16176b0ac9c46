// Plans of whole graphs: arena, errors, results that do not depend on where tensors lie.
#include "plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ir/builder.h"
#include "plan/memory.h"
#include "tests/conformance/random_graph.h"

namespace tadpole::plan {
namespace {

using conformance::random_input;
using conformance::RandomGraph;

std::vector<uint8_t> run(const Plan& plan, const std::vector<uint8_t>& in) {
  Runner runner(plan);
  std::vector<uint8_t> out(static_cast<size_t>(plan.output_bytes()));
  runner.run(in, out);
  return out;
}

Plan must_lower(const ir::Graph& graph, const Target& target) {
  auto plan = lower(graph, target);
  EXPECT_TRUE(plan.ok()) << plan.error().message();
  return *plan;
}

ir::Graph ds_cnn_like() {
  ir::GraphBuilder builder("ds_cnn_like", Rng(1));
  auto x =
      builder.relu(builder.conv_2d(builder.input({1, 49, 10, 1}), 64, 10, 4, {.stride_h = 2, .stride_w = 2}));
  for (int i = 0; i < 4; ++i) {
    x = builder.relu(builder.depthwise_conv_2d(x, 3, 3));
    x = builder.relu(builder.conv_2d(x, 64, 1, 1));
  }
  x = builder.flatten(builder.global_average_pool(x));
  return *std::move(builder).finish(builder.softmax(builder.fully_connected(x, 12)));
}

TEST(Plan, sharing_the_arena_changes_no_output_on_200_random_graphs) {
  Rng rng(1);
  for (int i = 0; i < 200; ++i) {
    const ir::Graph graph = RandomGraph(rng.fork(std::to_string(i)), i % 4 != 0).make(1 + i % 8);
    const std::vector<uint8_t> in = random_input(graph, rng);
    const Plan apart = must_lower(graph, {"ref", false, false});
    for (const char* kernels : {"ref", "generic", "cortex_m_dsp"}) {
      const Plan shared = must_lower(graph, {kernels, true});
      ASSERT_EQ(run(shared, in), run(apart, in)) << "graph " << i << " " << kernels;
    }
  }
}

TEST(Plan, live_tensors_never_overlap_on_a_plan_without_leaves) {
  Rng rng(2);
  for (int i = 0; i < 50; ++i) {
    const ir::Graph graph = RandomGraph(rng.fork(std::to_string(i)), true).make(8);
    const Plan plan = must_lower(graph, {"ref", true});
    const auto places = plan.placements();
    int64_t end = 0;
    for (size_t a = 0; a < places.size(); ++a) {
      end = std::max(end, places[a].offset + places[a].bytes);
      for (size_t b = 0; b < a; ++b) {
        const bool together =
            places[a].first_step <= places[b].last_step && places[b].first_step <= places[a].last_step;
        const bool apart = places[a].offset + places[a].bytes <= places[b].offset ||
                           places[b].offset + places[b].bytes <= places[a].offset;
        // The only leave that reference kernels give: an element-wise output over the input that it ends.
        const bool in_place =
            places[a].first_step == places[b].last_step && places[a].offset <= places[b].offset;
        EXPECT_TRUE(!together || apart || in_place) << "graph " << i;
      }
    }
    EXPECT_LE(end, plan.arena_bytes());
    EXPECT_GT(end, plan.arena_bytes() - 4);
    EXPECT_GE(plan.arena_bytes(), plan.arena_lower_bound_bytes());
  }
}

TEST(Plan, softmax_of_a_float_model_is_close_to_the_formula) {
  ir::GraphBuilder builder("softmax", Rng(1));
  const auto in = builder.input({1, 5});
  const ir::Graph graph = *std::move(builder).finish(builder.softmax(in));
  const std::vector<float> x = {-3.0f, 0.5f, 20.0f, 19.0f, -90.0f};
  const auto bytes = run(must_lower(graph, {}), *ir::make_constant<float>(x));
  const auto* y = reinterpret_cast<const float*>(bytes.data());
  double sum = 0;
  for (const float value : x) sum += std::exp(static_cast<double>(value) - 20);
  // The exponential has an error of 2 units in the last place, the sum and the quotient one each.
  for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(y[i], std::exp(x[i] - 20.0) / sum, 3e-7) << i;
}

TEST(Plan, counts_multiply_accumulates_of_its_steps) {
  const ir::Graph graph = ds_cnn_like();
  const Plan plan = must_lower(graph, {});
  EXPECT_EQ(plan.macs(), ir::multiply_accumulates(graph));
  EXPECT_EQ(plan.input_bytes(), 490 * 4);
  EXPECT_EQ(plan.output_bytes(), 12 * 4);
}

TEST(Plan, reshape_costs_no_step) {
  const ir::Graph graph = ds_cnn_like();
  const Plan plan = must_lower(graph, {.rewrite = false});
  EXPECT_EQ(plan.steps().size(), graph.nodes.size() - 1);
}

TEST(Plan, every_tensor_can_be_looked_at_when_the_arena_is_not_shared) {
  const ir::Graph graph = ds_cnn_like();
  const Plan plan = must_lower(graph, {"ref", false, false});
  Runner runner(plan);
  Rng rng(3);
  const auto in = random_input(graph, rng);
  std::vector<uint8_t> out(static_cast<size_t>(plan.output_bytes()));
  runner.run(in, out);
  for (const ir::Node& node : graph.nodes) {
    const auto values = runner.tensor_as<float>(node.outputs[0]);
    ASSERT_EQ(static_cast<int64_t>(values.size()), ir::element_count(graph.output_of(node).shape));
    double energy = 0;
    for (const float value : values) energy += static_cast<double>(value) * value;
    EXPECT_GT(energy, 0) << node.name;
  }
  const auto kept = runner.tensor(graph.inputs[0]);
  EXPECT_TRUE(std::equal(kept.begin(), kept.end(), in.begin()));
}

TEST(Plan, names_all_layers_that_it_cannot_run_at_once) {
  ir::GraphBuilder builder("training", Rng(1));
  auto x = builder.batch_norm(builder.conv_2d(builder.input({1, 8, 8, 1}), 4, 3, 3, {}, false));
  const ir::Graph graph = *std::move(builder).finish(builder.dropout(x, 0.5f));
  const auto plan = lower(graph, {.rewrite = false});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, Code::op_unsupported);
  EXPECT_THAT(plan.error().detail, testing::HasSubstr("batch_norm_1"));
  EXPECT_THAT(plan.error().detail, testing::HasSubstr("dropout_1"));
}

TEST(Plan, names_operators_and_types_that_it_cannot_run_in_one_message_with_options) {
  ir::GraphBuilder builder("mixed", Rng(1));
  auto x = builder.conv_2d(builder.input({1, 8, 8, 1}), 4, 3, 3, {.stride_h = 2, .stride_w = 2}, false);
  ir::Graph graph = *std::move(builder).finish(builder.dropout(builder.batch_norm(x), 0.5f));
  graph.tensors[static_cast<size_t>(graph.nodes[0].outputs[0])].type = ir::DType::int32;
  const auto plan = lower(graph, {.rewrite = false});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, Code::type_unsupported);  // of the first layer
  EXPECT_THAT(plan.error().detail,
              testing::AllOf(testing::StartsWith("3 of 3 layers"), testing::HasSubstr("conv_1"),
                             testing::HasSubstr("3x3 /2 same"), testing::HasSubstr("batch_norm_1"),
                             testing::HasSubstr("dropout_1"), testing::HasSubstr("Fold the graph")));
}

TEST(Plan, refuses_int8_activations_without_a_scale) {
  ir::Graph graph = RandomGraph(Rng(5), true).make_dense(1, 4, 3, ir::Activation::none);
  graph.tensors[static_cast<size_t>(graph.inputs[0])].quantisation.reset();
  const auto plan = lower(graph, {});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, Code::type_unsupported);
}

TEST(Plan, refuses_weights_whose_sum_leaves_32_bits) {
  ir::Graph graph = RandomGraph(Rng(5), true).make_dense(1, 4, 2, ir::Activation::none);
  ir::Tensor bias;
  bias.name = "huge_bias";
  bias.type = ir::DType::int32;
  bias.shape = {2};
  bias.constant = ir::make_constant<int32_t>(std::vector<int32_t>{0, INT32_MIN});
  graph.tensors.push_back(bias);
  graph.nodes[0].inputs[2] = static_cast<int>(graph.tensors.size()) - 1;
  const auto plan = lower(graph, {});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, Code::type_unsupported);
  EXPECT_THAT(plan.error().detail, testing::HasSubstr("output channel 1"));
}

TEST(Plan, refuses_kernels_that_do_not_exist) {
  const auto plan = lower(ds_cnn_like(), {"quantum", true});
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.error().detail, testing::HasSubstr("quantum"));
}

TEST(Plan, that_does_not_fit_names_layer_need_and_limit) {
  const Plan plan = must_lower(ds_cnn_like(), {});
  EXPECT_TRUE(fits(plan, plan.arena_bytes(), plan.constant_bytes()).ok());
  const auto ram = fits(plan, 1000, 1 << 20);
  ASSERT_FALSE(ram.ok());
  EXPECT_EQ(ram.error().code, Code::does_not_fit);
  EXPECT_THAT(ram.error().detail, testing::HasSubstr("1,000 B"));
  EXPECT_THAT(ram.error().detail, testing::HasSubstr("layer"));
  const auto flash = fits(plan, 1 << 20, 1000);
  ASSERT_FALSE(flash.ok());
  EXPECT_THAT(flash.error().detail, testing::HasSubstr("flash"));
}

}  // namespace
}  // namespace tadpole::plan
