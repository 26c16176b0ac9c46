// A trained network's first layers with a new head.
#include "train/transfer.h"

#include <gtest/gtest.h>

#include <set>

#include "ir/builder.h"
#include "ir/surgery.h"

namespace tadpole::train {
namespace {

/// conv_1, relu, depthwise_2, relu, average, dense_3 with 5 classes.
ir::Graph base() {
  ir::GraphBuilder b("base", Rng(1));
  ir::Value x = b.input({1, 6, 6, 1});
  x = b.relu(b.conv_2d(x, 8, 3, 3));
  x = b.relu(b.depthwise_conv_2d(x, 3, 3));
  auto graph = std::move(b).finish(b.softmax(b.fully_connected(b.flatten(b.global_average_pool(x)), 5)));
  EXPECT_TRUE(graph.ok());
  return std::move(graph).value();
}

std::string layer(const ir::Graph& graph, ir::Op op) {
  for (const ir::Node& node : graph.nodes)
    if (node.op == op) return node.name;
  return "";
}

/// Two classes that differ in brightness; every visit has its own noise.
class Noisy final : public Examples {
 public:
  int size() const override { return 24; }
  int get(int index, int epoch, Rng& rng, std::span<float> features) const override {
    for (float& value : features) value = (index % 2 == 0 ? 0.5f : -0.5f) + 0.3f * rng.normal();
    features[0] = static_cast<float>(epoch);
    return index % 2;
  }
};

TEST(Transfer, frozen_layers_keep_their_weights_and_the_head_learns_the_new_classes) {
  const auto network = make_transfer_network(base(), {1, 6, 6, 1}, 2, {}, 1);
  ASSERT_TRUE(network.ok()) << network.error().message();
  ASSERT_TRUE(network->frozen.has_value());
  Workers workers(1);
  base::Silent progress;
  const Noisy source;
  const auto examples = FrozenExamples::make(*network->frozen, source, 8, 1, workers, progress);
  ASSERT_TRUE(examples.ok());
  EXPECT_EQ(examples->draws(), 8);
  TrainOptions options;
  options.updates = 300;
  options.batch = 24;
  options.learning_rate = 0.03f;
  const auto trained = train(network->trained, *examples, nullptr, options, workers, progress);
  ASSERT_TRUE(trained.ok()) << trained.error().message();
  EXPECT_EQ(trained->history.back().train_accuracy, 1.0f);
  const auto joined = ir::join(*network->frozen, trained->graph);
  ASSERT_TRUE(joined.ok()) << joined.error().message();
  for (const ir::Tensor& was : base().tensors) {
    for (const ir::Tensor& is : joined->tensors) {
      if (was.is_constant() && is.name == was.name && is.shape == was.shape &&
          was.name.find(layer(base(), ir::Op::fully_connected)) == std::string::npos) {
        EXPECT_EQ(*is.constant, *was.constant) << was.name;
      }
    }
  }
}

TEST(Transfer, an_example_behind_frozen_layers_is_what_the_layers_answer_to_one_of_its_draws) {
  const auto network = make_transfer_network(base(), {1, 6, 6, 1}, 2, {}, 1);
  ASSERT_TRUE(network.ok());
  Workers workers(2);
  base::Silent progress;
  const Noisy source;
  const auto examples = FrozenExamples::make(*network->frozen, source, 3, 7, workers, progress);
  ASSERT_TRUE(examples.ok());
  Workers one(1);
  const auto again = FrozenExamples::make(*network->frozen, source, 3, 7, one, progress);
  std::vector<float> row(8), other(8);
  std::set<float> seen;
  for (int visit = 0; visit < 20; ++visit) {
    Rng rng(static_cast<uint64_t>(visit)), same(static_cast<uint64_t>(visit));
    EXPECT_EQ(examples->get(5, visit, rng, row), 1);
    again->get(5, visit, same, other);
    EXPECT_EQ(row, other) << "draws depend on the number of threads";
    seen.insert(row[0]);
  }
  EXPECT_EQ(seen.size(), 3u);
}

TEST(Transfer, from_a_named_layer_on_the_kept_layers_are_trained_too) {
  const ir::Graph graph = base();
  const auto some = make_transfer_network(graph, {1, 6, 6, 1}, 3,
                                          {.train_from = layer(graph, ir::Op::depthwise_conv_2d)}, 1);
  ASSERT_TRUE(some.ok()) << some.error().message();
  ASSERT_TRUE(some->frozen.has_value());
  EXPECT_EQ(layer(*some->frozen, ir::Op::depthwise_conv_2d), "");
  EXPECT_NE(layer(some->trained, ir::Op::depthwise_conv_2d), "");
  const auto all =
      make_transfer_network(graph, {1, 6, 6, 1}, 3, {.train_from = layer(graph, ir::Op::conv_2d)}, 1);
  ASSERT_TRUE(all.ok()) << all.error().message();
  EXPECT_FALSE(all->frozen.has_value());
  EXPECT_EQ(all->trained.tensors[static_cast<size_t>(all->trained.outputs[0])].shape, (ir::Shape{1, 3}));
}

TEST(Transfer, features_of_another_shape_are_refused_with_both_shapes) {
  const auto network = make_transfer_network(base(), {1, 49, 10, 1}, 2, {}, 1);
  ASSERT_FALSE(network.ok());
  EXPECT_NE(network.error().detail.find("1x6x6x1"), std::string::npos);
  EXPECT_NE(network.error().detail.find("1x49x10x1"), std::string::npos);
}

TEST(Transfer, a_layer_behind_the_cut_cannot_be_trained) {
  const ir::Graph graph = base();
  const auto network = make_transfer_network(
      graph, {1, 6, 6, 1}, 2,
      {.cut = layer(graph, ir::Op::conv_2d), .train_from = layer(graph, ir::Op::fully_connected)}, 1);
  ASSERT_FALSE(network.ok());
  EXPECT_EQ(network.error().code, Code::train_bad_setting);
}

}  // namespace
}  // namespace tadpole::train
