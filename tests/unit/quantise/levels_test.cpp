// Levels that learn on, and activations of 16 bits.
#include "quantise/levels.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "../train/toy.h"
#include "nets.h"
#include "quantise/cluster.h"
#include "quantise/quantise.h"
#include "zoo/zoo.h"

namespace tadpole::quantise {
namespace {

CalibrationSet inputs_of(const train::Examples& examples, const ir::Graph& graph, int count) {
  const int64_t size = ir::element_count(graph.tensors[static_cast<size_t>(graph.inputs[0])].shape);
  return {count, [&examples, size](int index) {
            Rng rng(3, static_cast<uint64_t>(index));
            std::vector<float> features(static_cast<size_t>(size));
            examples.get(index, 0, rng, features);
            return features;
          }};
}

CalibrationSet noise(const ir::Graph& graph, int count) {
  const int64_t size = ir::element_count(graph.tensors[static_cast<size_t>(graph.inputs[0])].shape);
  return {count, [size](int index) {
            Rng rng(7, static_cast<uint64_t>(index));
            return random_values(rng, size, -1, 1);
          }};
}

/// Int8 in, int8 out, as probabilities or whatever the output stands for.
std::vector<float> answers(plan::Runner& runner, const ir::Graph& graph, const std::vector<float>& input) {
  const auto& in = *graph.tensors[static_cast<size_t>(graph.inputs[0])].quantisation;
  const auto& out = *graph.tensors[static_cast<size_t>(graph.outputs[0])].quantisation;
  std::vector<uint8_t> bytes;
  for (const float value : input) {
    const float stored = std::round(value / in.scales[0]) + static_cast<float>(in.zero_points[0]);
    bytes.push_back(static_cast<uint8_t>(static_cast<int8_t>(std::clamp(stored, -128.0f, 127.0f))));
  }
  std::vector<uint8_t> stored(
      static_cast<size_t>(ir::element_count(graph.tensors[static_cast<size_t>(graph.outputs[0])].shape)));
  runner.reset();
  runner.run(bytes, stored);
  std::vector<float> values;
  for (const uint8_t byte : stored)
    values.push_back(out.scales[0] * static_cast<float>(static_cast<int8_t>(byte) - out.zero_points[0]));
  return values;
}

double accuracy(const ir::Graph& graph, const train::Examples& examples) {
  const plan::Plan plan = *plan::lower(graph, {.kernels = "ref"});
  plan::Runner runner(plan);
  const CalibrationSet all = inputs_of(examples, graph, examples.size());
  int right = 0;
  for (int i = 0; i < examples.size(); ++i) {
    const std::vector<float> scores = answers(runner, graph, all.at(i));
    right += std::max_element(scores.begin(), scores.end()) - scores.begin() == i % 4 ? 1 : 0;
  }
  return right / static_cast<double>(examples.size());
}

std::vector<int8_t> stored_weights(const ir::Graph& graph, const ir::Node& node) {
  const auto values = graph.input_of(node, 1).values<int8_t>();
  return {values.begin(), values.end()};
}

/// A network that has learnt the spots.
struct Learnt {
  explicit Learnt(uint64_t seed) : training(240, seed), validation(200, seed + 1) {
    Workers workers(2);
    Silent quiet;
    train::TrainOptions options;
    options.updates = 60;
    options.batch = 24;
    options.warmup_updates = 5;
    folded = *fold_for_inference(
        train::train(train::spot_graph(seed), training, nullptr, options, workers, quiet)->graph);
    validation.augmentation = 0;
    int8 = quantise_int8(folded, inputs_of(training, folded, 40), {}, workers, quiet)->graph.graph;
  }
  train::Spots training, validation;
  ir::Graph folded, int8;
};

TEST(TrainedLevels, stay_shared_and_few_and_win_back_what_clustering_lost) {
  double before = 0, after = 0;
  for (const uint64_t seed : {1u, 2u, 3u}) {
    const Learnt net(seed);
    constexpr int kLevels = 3;
    const ir::Graph clustered = *cluster_weights(net.int8, kLevels);
    train::TrainOptions options;
    options.updates = 40;
    options.batch = 24;
    options.warmup_updates = 0;
    options.learning_rate = 0.01f;
    Workers workers(2);
    Silent quiet;
    const auto made = train_levels(net.folded, clustered, kLevels, net.training, options, workers, quiet);
    ASSERT_TRUE(made.ok()) << made.error().message();
    before += accuracy(clustered, net.validation);
    after += accuracy(*made, net.validation);
    int moved = 0;
    for (const ir::Node& node : made->nodes) {
      if (node.op != ir::Op::conv_2d && node.op != ir::Op::depthwise_conv_2d &&
          node.op != ir::Op::fully_connected)
        continue;
      const std::vector<int8_t> from = stored_weights(clustered, node), to = stored_weights(*made, node);
      if (std::set(from.begin(), from.end()).size() > kLevels) {
        EXPECT_EQ(from, to) << node.name << " has too few weights for levels";
        continue;
      }
      EXPECT_LE(std::set(to.begin(), to.end()).size(), size_t{kLevels}) << node.name;
      std::map<int8_t, int8_t> level;
      for (size_t i = 0; i < from.size(); ++i)
        EXPECT_EQ(level.emplace(from[i], to[i]).first->second, to[i]) << node.name << ": weights part";
      moved += from != to;
    }
    EXPECT_GE(moved, 2) << "layers whose levels have learnt";
    if (seed > 1) continue;
    Workers three(3);
    const auto again = train_levels(net.folded, clustered, kLevels, net.training, options, three, quiet);
    for (size_t i = 0; i < made->tensors.size(); ++i) {
      if (made->tensors[i].is_constant()) {
        EXPECT_EQ(*made->tensors[i].constant, *again->tensors[i].constant);
      }
    }
  }
  std::printf("accuracy of three networks with 3 levels a layer: clustered %.3f, trained %.3f\n", before / 3,
              after / 3);
  EXPECT_GT(after, before + 0.1);
  EXPECT_GT(after / 3, 0.75);
}

TEST(TrainedLevels, refuse_settings_outside_their_range) {
  const Learnt net(4);
  Workers workers(1);
  Silent quiet;
  const ir::Graph clustered = *cluster_weights(net.int8, 4);
  train::TrainOptions options;
  options.batch = 1000;
  EXPECT_EQ(train_levels(net.folded, clustered, 4, net.training, options, workers, quiet).error().code,
            Code::train_bad_setting);
}

TEST(Int16x8, is_nearer_to_the_float_graph_than_int8_and_keeps_int8_ends) {
  for (const uint64_t seed : {1u, 2u}) {
    const ir::Graph folded = *fold_for_inference(small_net(seed));
    Workers workers(1);
    Silent quiet;
    const CalibrationSet calibration = noise(folded, 12);
    const auto narrow = quantise_int8(folded, calibration, {}, workers, quiet);
    const auto wide = quantise_int8(folded, calibration, {.int16_activations = true}, workers, quiet);
    ASSERT_TRUE(wide.ok()) << wide.error().message();
    const ir::Graph& graph = wide->graph.graph;
    EXPECT_EQ(graph.tensors[static_cast<size_t>(graph.inputs[0])].type, ir::DType::int8);
    EXPECT_EQ(graph.tensors[static_cast<size_t>(graph.outputs[0])].type, ir::DType::int8);
    EXPECT_EQ(graph.tensors[static_cast<size_t>(graph.inputs[0])].name,
              folded.tensors[static_cast<size_t>(folded.inputs[0])].name);
    EXPECT_EQ(graph.nodes.size(), folded.nodes.size() + 2);
    // The int8 input makes most of what is left; the layers between add less than before.
    for (size_t i = 0; i < wide->layers.size(); ++i) {
      EXPECT_EQ(wide->layers[i].layer, narrow->layers[i].layer);
      EXPECT_GT(wide->layers[i].signal_to_noise_db, narrow->layers[i].signal_to_noise_db)
          << wide->layers[i].layer;
    }
    for (const ir::Node& node : folded.nodes)
      EXPECT_EQ(graph.tensors[static_cast<size_t>(node.outputs[0])].type, ir::DType::int16) << node.name;
  }
}

TEST(Int16x8, covers_the_networks_of_the_examples) {
  for (const std::string name :
       {"ds_cnn_s", "mobilenet_v1_0.25", "lenet_0.6", "cnn_1d", "mlp", "dense_autoencoder", "gru"}) {
    const zoo::Architecture row = *zoo::find_architecture(name);
    const ir::Shape input = row.input.size() == 4 && row.input[3] == 3 ? ir::Shape{1, 32, 32, 3} : row.input;
    const auto made = zoo::make(name, input, row.outputs, 1, row.head);
    ASSERT_TRUE(made.ok()) << made.error().message();
    const auto folding = fold_for_inference(*made);
    ASSERT_TRUE(folding.ok()) << name << ": " << folding.error().message();
    const ir::Graph& folded = *folding;
    Workers workers(2);
    Silent quiet;
    const auto wide = quantise_int8(folded, noise(folded, 3), {.error_samples = 2, .int16_activations = true},
                                    workers, quiet);
    ASSERT_TRUE(wide.ok()) << name << ": " << wide.error().message();
    const auto plan = plan::lower(wide->graph.graph, {.kernels = "cortex_m_dsp"});
    EXPECT_TRUE(plan.ok()) << name << ": " << plan.error().message();
    EXPECT_GT(wide->layers.back().signal_to_noise_db, 10) << name;
  }
}

}  // namespace
}  // namespace tadpole::quantise
