// Folding changes the shape of a graph, never its answers.
#include <gmock/gmock.h>

#include "nets.h"
#include "quantise/quantise.h"
#include "quantise/unfold.h"

namespace tadpole::quantise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ir::Graph fold(const ir::Graph& trained) {
  auto folded = fold_for_inference(trained);
  EXPECT_TRUE(folded.ok()) << folded.error().message();
  return folded.ok() ? *folded : trained;
}

std::vector<std::string> layers(const ir::Graph& graph) {
  std::vector<std::string> names;
  for (const ir::Node& node : graph.nodes) names.push_back(node.name);
  return names;
}

/// Folding rounds each weight once, 2^-24 of its size; some dozens of layers and terms deep that stays below
/// 1e-4 of answers of size 1.
constexpr float kTolerance = 1e-4f;

void expect_same_answers(const ir::Graph& trained, uint64_t seed) {
  const ir::Graph folded = fold(trained);
  Rng rng(seed, 5);
  const auto count = ir::element_count(trained.tensors[static_cast<size_t>(trained.inputs[0])].shape);
  for (int i = 0; i < 3; ++i) {
    const auto input = random_values(rng, count, -2, 2);
    const auto wanted = evaluate(trained, input);
    const auto found = run_plan(folded, input);
    ASSERT_EQ(wanted.size(), found.size());
    for (size_t j = 0; j < wanted.size(); ++j) {
      EXPECT_NEAR(found[j], wanted[j], kTolerance * std::max(1.0f, std::abs(wanted[j])));
    }
  }
}

TEST(Fold, a_folded_net_answers_as_the_unfolded_one_in_evaluation_mode) {
  for (uint64_t seed = 1; seed <= 10; ++seed) expect_same_answers(small_net(seed), seed);
}

TEST(Fold, batch_norms_put_back_change_no_answer_and_have_the_statistics_of_the_inputs) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const ir::Graph folded = fold(small_net(seed));
    const auto count = ir::element_count(folded.tensors[static_cast<size_t>(folded.inputs[0])].shape);
    const CalibrationSet inputs{20, [&](int index) {
                                  Rng rng(static_cast<uint64_t>(index), 7);
                                  return random_values(rng, count, -2, 2);
                                }};
    Workers workers(2);
    Silent quiet;
    const auto unfolded = unfold_batch_norms(folded, inputs, workers, quiet);
    ASSERT_TRUE(unfolded.ok()) << unfolded.error().message();
    int norms = 0;
    for (const ir::Node& node : unfolded->nodes) norms += node.op == ir::Op::batch_norm ? 1 : 0;
    EXPECT_EQ(norms, 5);  // behind three convolutions and two depthwise ones
    const ir::Graph again = fold(*unfolded);
    EXPECT_EQ(layers(again), layers(folded));
    const auto input = inputs.at(3);
    const auto wanted = run_plan(folded, input), found = run_plan(again, input);
    for (size_t j = 0; j < wanted.size(); ++j) EXPECT_NEAR(found[j], wanted[j], kTolerance);
    // The first layer's mean, computed here from its sums without activation.
    ir::Graph first = folded;
    first.nodes.resize(1);
    first.outputs = first.nodes[0].outputs;
    std::get<ir::Conv2dAttributes>(first.nodes[0].attributes).activation = ir::Activation::none;
    double sum = 0, values = 0;
    const auto channels = static_cast<size_t>(first.output_of(first.nodes[0]).shape.back());
    for (int i = 0; i < inputs.count; ++i) {
      const auto sums = run_plan(first, inputs.at(i));
      for (size_t v = 0; v < sums.size(); v += channels, ++values) sum += double{sums[v]};
    }
    EXPECT_NEAR(unfolded->input_of(unfolded->nodes[1], 2).values<float>()[0], sum / values, 1e-4);
  }
}

TEST(Fold, only_layers_with_work_remain_and_keep_their_names) {
  const ir::Graph folded = fold(small_net(1));
  EXPECT_THAT(layers(folded),
              ElementsAre("conv_1", "depthwise_2", "conv_3", "add_3", "depthwise_4", "conv_5", "add_5",
                          "max_pool_5", "average_pool_5", "reshape_5", "dense_6", "dense_7", "softmax"));
  EXPECT_EQ(folded.output_of(folded.nodes[0]).name, "conv_1_out");
  EXPECT_EQ(std::get<ir::Conv2dAttributes>(folded.nodes[0].attributes).activation, ir::Activation::relu);
  EXPECT_EQ(std::get<ir::DepthwiseConv2dAttributes>(folded.nodes[1].attributes).activation,
            ir::Activation::relu6);
  EXPECT_EQ(std::get<ir::ActivationAttributes>(folded.nodes[3].attributes).activation, ir::Activation::relu);
  for (const ir::Tensor& tensor : folded.tensors) EXPECT_THAT(tensor.name, Not(HasSubstr("batch_norm")));
  std::vector<bool> used(folded.tensors.size(), false);
  for (const ir::Node& node : folded.nodes) {
    for (const int i : node.inputs) used[static_cast<size_t>(i)] = true;
    used[static_cast<size_t>(node.outputs[0])] = true;
  }
  EXPECT_EQ(std::count(used.begin(), used.end(), false), 0);
}

TEST(Fold, folding_twice_changes_nothing) {
  const ir::Graph once = fold(small_net(2)), twice = fold(once);
  EXPECT_EQ(layers(once), layers(twice));
  ASSERT_EQ(once.tensors.size(), twice.tensors.size());
  for (size_t i = 0; i < once.tensors.size(); ++i) {
    if (once.tensors[i].is_constant()) {
      EXPECT_EQ(*once.tensors[i].constant, *twice.tensors[i].constant);
    }
  }
}

TEST(Fold, an_activation_is_not_fused_where_the_value_before_it_is_needed_too) {
  ir::GraphBuilder net("branch", Rng(3));
  const auto x = net.batch_norm(net.conv_2d(net.input({1, 4, 4, 2}), 2, 3, 3, {}, false));
  const ir::Graph trained = finished(std::move(net), net.add(net.relu(x), x), 3);
  EXPECT_THAT(layers(fold(trained)), ElementsAre("conv_1", "relu_1", "add_1"));
  expect_same_answers(trained, 3);
}

TEST(Fold, a_batch_norm_is_not_folded_where_the_value_before_it_is_needed_too) {
  ir::GraphBuilder net("branch", Rng(4));
  const auto x = net.conv_2d(net.input({1, 4, 4, 2}), 2, 3, 3);
  const ir::Graph trained = finished(std::move(net), net.add(net.batch_norm(x), x), 4);
  EXPECT_THAT(layers(fold(trained)), ElementsAre("conv_1", "batch_norm_1", "add_1"));
  expect_same_answers(trained, 4);
}

TEST(Fold, a_batch_norm_after_an_activation_becomes_a_layer_of_its_own) {
  ir::GraphBuilder net("late", Rng(5));
  auto x = net.batch_norm(net.relu(net.conv_2d(net.input({1, 4, 4, 2}), 3, 3, 3)));
  x = net.batch_norm(net.relu(net.fully_connected(net.flatten(x), 4)));
  const ir::Graph trained = finished(std::move(net), x, 5);
  const ir::Graph folded = fold(trained);
  EXPECT_EQ(folded.nodes[1].op, ir::Op::depthwise_conv_2d);
  EXPECT_EQ(folded.nodes[1].name, "batch_norm_1");
  expect_same_answers(trained, 5);
}

TEST(Fold, successive_activations_become_the_tighter_one) {
  for (const bool relu_first : {true, false}) {
    ir::GraphBuilder net("two", Rng(6));
    auto x = net.conv_2d(net.input({1, 4, 4, 2}), 2, 3, 3);
    x = relu_first ? net.relu6(net.relu(x)) : net.relu(net.relu6(x));
    const ir::Graph folded = fold(finished(std::move(net), x, 6));
    ASSERT_EQ(folded.nodes.size(), 1u);
    EXPECT_EQ(std::get<ir::Conv2dAttributes>(folded.nodes[0].attributes).activation, ir::Activation::relu6);
  }
}

TEST(Fold, weights_that_two_layers_share_are_folded_for_the_one_layer_only) {
  ir::GraphBuilder net("shared", Rng(7));
  const auto in = net.input({1, 4, 4, 2});
  const auto a = net.batch_norm(net.conv_2d(in, 2, 3, 3, {}, false));
  const auto b = net.conv_2d(in, 2, 3, 3, {}, false);
  ir::Graph trained = finished(std::move(net), net.add(a, b), 7);
  trained.nodes[2].inputs[1] = trained.nodes[0].inputs[1];
  ASSERT_TRUE(ir::check_graph(trained).ok());
  expect_same_answers(trained, 7);
}

TEST(Fold, a_variance_below_zero_is_refused_with_the_layer) {
  ir::GraphBuilder net("bad", Rng(8));
  ir::Graph trained =
      finished(std::move(net), net.batch_norm(net.conv_2d(net.input({1, 4, 4, 1}), 2, 3, 3)), 8);
  set_constant(trained, trained.nodes[1].inputs[4], {1.0f, -5.0f});
  const auto folded = fold_for_inference(trained);
  ASSERT_FALSE(folded.ok());
  EXPECT_EQ(folded.error().code, Code::quantise_bad_range);
  EXPECT_THAT(folded.error().detail, HasSubstr("'batch_norm_1'"));
}

}  // namespace
}  // namespace tadpole::quantise
