// Channels that are taken out are those that matter least, and their absence is that of zeros.
#include "quantise/prune.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "nets.h"
#include "quantise/quantise.h"

namespace tadpole::quantise {
namespace {

using testing::HasSubstr;

/// A residual network: two blocks whose sums tie their channels together, a joined branch, a dense head.
ir::Graph branched_net(uint64_t seed, bool keep_dims) {
  ir::GraphBuilder net("branched", Rng(seed));
  auto x = net.input({1, 9, 8, 2});
  x = net.relu(net.batch_norm(net.conv_2d(x, 12, 3, 3, {.stride_h = 2, .stride_w = 2}, false)));
  for (int block = 0; block < 2; ++block) {
    auto y = net.relu(net.batch_norm(net.conv_2d(x, 10, 3, 3, {}, false)));
    y = net.batch_norm(net.conv_2d(y, 12, 1, 1));
    x = net.relu(net.add(x, y));
  }
  const auto left = net.unary(ir::Op::leaky_relu, net.conv_2d(x, 6, 1, 1), ir::LeakyReluAttributes{});
  const auto right = net.max_pool_2d(x, {.padding = ir::Padding::same, .filter_h = 3, .filter_w = 3});
  x = net.concatenation({left, right}, 3);
  x = net.depthwise_conv_2d(x, 3, 3, {.depth_multiplier = 2});
  x = net.relu6(net.pad(x, {0, 0, 1, 0, 0, 1, 0, 0}));
  x = keep_dims ? net.flatten(x) : net.mean(x, {1, 2}, false);
  x = net.relu(net.batch_norm(net.fully_connected(x, 16)));
  return finished(std::move(net), net.softmax(net.fully_connected(x, 3)), seed);
}

/// Sets to zero what makes the channels that go: filters, biases, batch norms.
ir::Graph without(ir::Graph graph, const ChannelChoice& choice) {
  for (const ir::Node& node : graph.nodes) {
    const std::vector<bool>& stays = choice.stays[static_cast<size_t>(node.outputs[0])];
    if (stays.empty() || node.op == ir::Op::add || node.op == ir::Op::concatenation) continue;
    const bool first_axis = node.op == ir::Op::conv_2d || node.op == ir::Op::fully_connected;
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      const ir::Tensor& tensor = graph.tensors[static_cast<size_t>(node.inputs[i])];
      if (!tensor.is_constant() || tensor.type != ir::DType::float32) continue;
      const bool variance = node.op == ir::Op::batch_norm && i == 4;
      std::vector<float> values(tensor.values<float>().begin(), tensor.values<float>().end());
      const size_t inner = values.size() / stays.size();
      for (size_t v = 0; v < values.size() && !variance; ++v) {
        const size_t channel = first_axis && i == 1 ? v / inner : v % stays.size();
        if (!stays[channel]) values[v] = 0;
      }
      set_constant(graph, node.inputs[i], values);
    }
  }
  return graph;
}

void expect_as_zeroed(const ir::Graph& graph, const ChannelPruning& how, uint64_t seed) {
  const auto choice = choose_channels(graph, how);
  ASSERT_TRUE(choice.ok()) << choice.error().message();
  const auto smaller = keep_channels(graph, *choice);
  ASSERT_TRUE(smaller.ok()) << smaller.error().message();
  EXPECT_LT(ir::parameter_count(*smaller), ir::parameter_count(graph));
  const auto folded = fold_for_inference(*smaller), zeroed = fold_for_inference(without(graph, *choice));
  ASSERT_TRUE(folded.ok() && zeroed.ok());
  Rng rng(seed, 5);
  const auto count = ir::element_count(graph.tensors[static_cast<size_t>(graph.inputs[0])].shape);
  for (int i = 0; i < 3; ++i) {
    const auto input = random_values(rng, count, -2, 2);
    const auto wanted = run_plan(*zeroed, input), found = run_plan(*folded, input);
    ASSERT_EQ(wanted.size(), found.size());
    // The same sums without terms that are 0, in another order.
    for (size_t j = 0; j < wanted.size(); ++j) EXPECT_NEAR(found[j], wanted[j], 1e-5f) << "seed " << seed;
  }
}

TEST(Prune, a_network_without_channels_answers_as_one_in_which_they_are_zero) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const ChannelPruning how{.share = 0.2 + 0.08 * static_cast<double>(seed), .multiple = seed % 2 ? 1 : 4};
    expect_as_zeroed(small_net(seed), how, seed);
    expect_as_zeroed(branched_net(seed, seed % 3 == 0), how, seed);
    const auto folded = fold_for_inference(branched_net(seed, true));
    ASSERT_TRUE(folded.ok());
    expect_as_zeroed(*folded, how, seed);
  }
}

TEST(Prune, so_many_channels_go_as_were_asked_for_and_the_answers_stay) {
  const auto choice = choose_channels(branched_net(3, false), {.share = 0.5, .multiple = 4});
  ASSERT_TRUE(choice.ok());
  int sums = 0;
  for (const PrunedLayer& layer : choice->layers) {
    if (layer.before == 12) {
      EXPECT_EQ(layer.after, 8) << layer.layer;  // 6 rounded up to a multiple of 4
      ++sums;
    } else if (layer.before == 3) {
      EXPECT_EQ(layer.after, 3);
      EXPECT_THAT(layer.held_by, HasSubstr("softmax"));
    } else if (layer.before == 16) {
      EXPECT_EQ(layer.after, 8);
    } else {
      EXPECT_LT(layer.after, layer.before) << layer.layer;
    }
  }
  EXPECT_EQ(sums, 3);
}

TEST(Prune, channels_with_the_smallest_filters_go_and_a_batch_norm_s_gain_counts) {
  ir::GraphBuilder net("chosen", Rng(1));
  auto x = net.relu(net.batch_norm(net.conv_2d(net.input({1, 4, 4, 1}), 4, 1, 1, {}, false)));
  auto graph = finished(std::move(net), net.fully_connected(net.flatten(x), 2), 1);
  const auto norm = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                 [](const ir::Node& node) { return node.op == ir::Op::batch_norm; });
  set_constant(graph, graph.nodes[0].inputs[1], {1, -2, 0.5f, 3});
  set_constant(graph, norm->inputs[1], {1, 1, 1, 0.1f});
  set_constant(graph, norm->inputs[4], {1, 1, 1, 1});
  const auto choice = choose_channels(graph, {.share = 0.5, .multiple = 1});
  ASSERT_TRUE(choice.ok()) << choice.error().message();
  const std::vector<bool> wanted = {true, true, false, false};
  EXPECT_EQ(choice->stays[static_cast<size_t>(graph.nodes[0].outputs[0])], wanted);
}

TEST(Prune, what_cannot_be_pruned_is_refused_with_the_names_of_layers) {
  ir::GraphBuilder net("held", Rng(1));
  auto x = net.logistic(net.conv_2d(net.input({1, 4, 4, 1}), 8, 1, 1));
  const auto graph = finished(std::move(net), net.softmax(net.fully_connected(net.flatten(x), 2)), 1);
  const auto choice = choose_channels(graph, {});
  ASSERT_FALSE(choice.ok());
  EXPECT_EQ(choice.error().code, Code::op_unsupported);
  EXPECT_THAT(choice.error().detail, HasSubstr("'conv_1' has 8 channels, which 'logistic"));
  EXPECT_THAT(choice.error().detail, HasSubstr("'dense_2'"));
  for (const ChannelPruning& how :
       {ChannelPruning{.share = 1}, ChannelPruning{.share = 0}, ChannelPruning{.share = 0.5, .multiple = 0}})
    EXPECT_EQ(choose_channels(small_net(1), how).error().code, Code::train_bad_setting);
}

TEST(Prune, the_smallest_weights_become_zero_and_no_others) {
  const ir::Graph graph = branched_net(2, false);
  const auto zeroed = zero_small_weights(graph, 0.7);
  ASSERT_TRUE(zeroed.ok());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node& node = graph.nodes[i];
    if (node.op != ir::Op::conv_2d && node.op != ir::Op::fully_connected) continue;
    const auto before = graph.input_of(node, 1).values<float>();
    const auto after = zeroed->input_of(zeroed->nodes[i], 1).values<float>();
    const size_t wanted =
        before.size() < 64 ? 0 : static_cast<size_t>(0.7 * static_cast<double>(before.size()));
    float largest_gone = 0, smallest_left = 1e9f;
    size_t gone = 0;
    for (size_t w = 0; w < before.size(); ++w) {
      const float size = std::abs(before[w]);
      if (after[w] == 0) {
        largest_gone = std::max(largest_gone, size);
        ++gone;
      } else {
        EXPECT_EQ(after[w], before[w]);
        smallest_left = std::min(smallest_left, size);
      }
    }
    EXPECT_EQ(gone, wanted) << node.name;
    EXPECT_LE(largest_gone, smallest_left);
  }
  EXPECT_NEAR(share_of_zeros(*zeroed), 0.69, 0.02);
  EXPECT_EQ(zero_small_weights(graph, 1).error().code, Code::train_bad_setting);
}

}  // namespace
}  // namespace tadpole::quantise
