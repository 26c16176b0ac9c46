// Quantisation-aware training: its numbers against the int8 graph, its gradients against their definition.
#include "quantise/qat.h"

#include <gmock/gmock.h>

#include <numeric>

#include "../train/toy.h"
#include "nets.h"
#include "quantise/calibrate.h"
#include "quantise/int8_arithmetic.h"
#include "quantise/int8_graph.h"
#include "quantise/mixed.h"
#include "train/network.h"

namespace tadpole::quantise {
namespace {

using train::Network;

CalibrationSet noise(const ir::Graph& graph, int count) {
  const int64_t size = ir::element_count(graph.tensors[static_cast<size_t>(graph.inputs[0])].shape);
  return {count, [size](int index) {
            Rng rng(77, static_cast<uint64_t>(index));
            return random_values(rng, size, -1, 1);
          }};
}

/// A folded net with its ranges and the network that trains as its int8 graph.
struct Int8Network {
  explicit Int8Network(const ir::Graph& trained, int batch, const train::LossOptions& loss = {},
                       bool int4 = false) {
    folded = *fold_for_inference(trained);
    Workers workers(1);
    Silent silent;
    calibration = noise(folded, 24);
    ranges = *calibrate(folded, calibration, {}, workers, silent);
    const std::vector<std::string> layers = int4 ? int4_layers(folded) : std::vector<std::string>();
    int8 = *int8_graph(folded, ranges, layers);
    network = *Network::compile(folded, batch, train::best_kernels(), loss);
    const auto used = network->use_arithmetic(make_int8_arithmetic(folded, ranges, layers));
    EXPECT_TRUE(used.ok()) << used.error().message();
    EXPECT_TRUE(network->round_weights().ok());
    for (int i = 0; i < batch; ++i) {
      // Inputs beyond those of the calibration: some values are clamped.
      std::vector<float> input = calibration.at(i + 1000);
      for (float& value : input) value *= 1.3f;
      std::copy(input.begin(), input.end(), network->example(i).begin());
      inputs.push_back(std::move(input));
      network->labels()[static_cast<size_t>(i)] = i % network->outputs();
    }
  }

  ir::Graph folded, int8;
  CalibrationSet calibration;
  std::vector<Range> ranges;
  std::unique_ptr<Network> network;
  std::vector<std::vector<float>> inputs;
};

/// All int8 tensors of one inference by the reference kernels.
plan::Runner run_apart(const plan::Plan& plan, const std::vector<float>& input) {
  plan::Runner runner(plan);
  std::vector<uint8_t> out(static_cast<size_t>(plan.output_bytes()));
  const ir::Graph& graph = plan.graph();
  runner.run(quantised_input(graph.tensors[static_cast<size_t>(graph.inputs[0])], input), out);
  return runner;
}

std::vector<float> real(const ir::Graph& graph, const plan::Runner& runner, int tensor) {
  const ir::Quantisation& how = *graph.tensors[static_cast<size_t>(tensor)].quantisation;
  std::vector<float> values;
  for (const int8_t stored : runner.tensor_as<int8_t>(tensor))
    values.push_back(how.scales[0] * static_cast<float>(stored - how.zero_points[0]));
  return values;
}

plan::Plan lowered_apart(const ir::Graph& graph) {
  auto plan = plan::lower(graph, {.kernels = "ref", .share_arena = false, .rewrite = false});
  EXPECT_TRUE(plan.ok()) << plan.error().message();
  return *plan;
}

TEST(QuantisationAwareTraining, EvaluatesToTheBytesOfTheInt8Graph) {
  for (const uint64_t seed : {1u, 2u, 3u}) {
    constexpr int kBatch = 40;
    const bool int4 = seed == 3;  // of the weights
    const Int8Network net(small_net(seed), kBatch, {}, int4);
    Workers workers(2);
    const int right = net.network->evaluate(workers, kBatch).correct;
    const plan::Plan plan = lowered_apart(net.int8);
    int expected_right = 0;
    for (int i = 0; i < kBatch; ++i) {
      const plan::Runner runner = run_apart(plan, net.inputs[static_cast<size_t>(i)]);
      const std::vector<float> answers = real(net.int8, runner, net.int8.outputs[0]);
      EXPECT_THAT(net.network->answers(i), testing::ElementsAreArray(answers)) << seed << ", sample " << i;
      const auto best = std::max_element(answers.begin(), answers.end()) - answers.begin();
      expected_right += best == i % net.network->outputs() ? 1 : 0;
    }
    EXPECT_EQ(right, expected_right);
  }
}

TEST(QuantisationAwareTraining, TrainsOnTheIntegersOfTheInt8Graph) {
  constexpr int kBatch = 16;
  const Int8Network net(small_net(4), kBatch);
  Workers workers(2);
  net.network->train_step(workers, 1);
  const plan::Plan plan = lowered_apart(net.int8);
  for (int i = 0; i < kBatch; ++i) {
    const plan::Runner runner = run_apart(plan, net.inputs[static_cast<size_t>(i)]);
    const std::vector<float> logits = real(net.int8, runner, net.int8.nodes.back().inputs[0]);
    const float top = *std::max_element(logits.begin(), logits.end());
    double total = 0;
    for (const float z : logits) total += std::exp(static_cast<double>(z - top));
    for (size_t c = 0; c < logits.size(); ++c) {
      // The softmax of the loss is float: a few units in the last place.
      EXPECT_NEAR(net.network->answers(i)[c], std::exp(static_cast<double>(logits[c] - top)) / total, 1e-6);
    }
  }
}

/// Weights, biases and inputs as their int8 layer stores them, in float arithmetic, rounded to the grid of
/// the output: "fake quantisation".
TEST(QuantisationAwareTraining, FakeQuantisationInFloatIsAtMostOneStepFromTheIntegers) {
  int64_t numbers = 0, different = 0;
  for (const uint64_t seed : {5u, 6u, 7u}) {
    const Int8Network net(small_net(seed), 8);
    const auto arithmetic = make_int8_arithmetic(net.folded, net.ranges);
    const ir::Graph rounded = *arithmetic->load(net.folded);
    const plan::Plan plan = lowered_apart(net.int8);
    for (const std::vector<float>& input : net.inputs) {
      const plan::Runner runner = run_apart(plan, input);
      for (const ir::Node& node : rounded.nodes) {
        ir::Graph single = rounded;
        single.nodes = {node};
        single.inputs = {node.inputs[0]};
        single.outputs = node.outputs;
        if (node.op == ir::Op::add) {
          single.tensors[static_cast<size_t>(node.inputs[1])].constant =
              ir::make_constant<float>(real(net.int8, runner, node.inputs[1]));
        }
        const std::vector<float> out = run_plan(single, real(net.int8, runner, node.inputs[0]));
        const auto stored = runner.tensor_as<int8_t>(node.outputs[0]);
        const ir::Quantisation& how = *net.int8.output_of(node).quantisation;
        for (size_t i = 0; i < out.size(); ++i) {
          const float fake = std::clamp(
              std::round(out[i] / how.scales[0]) + static_cast<float>(how.zero_points[0]), -128.0f, 127.0f);
          const float distance = std::abs(fake - stored[i]);
          EXPECT_LE(distance, 1) << node.name;
          different += distance > 0 ? 1 : 0;
          ++numbers;
        }
      }
    }
  }
  // 49 of 31,632: numbers that lie between two steps, which the integers round with multipliers of 31 bits.
  EXPECT_LT(static_cast<double>(different), 0.003 * static_cast<double>(numbers))
      << different << " of " << numbers;
}

/// One dense layer: every gradient can be written down.
TEST(QuantisationAwareTraining, GradientPassesStraightThroughWhereNothingIsClamped) {
  constexpr int kBatch = 12, kIn = 6, kOut = 3;
  ir::GraphBuilder b("dense", Rng(8));
  const ir::Value answers = b.fully_connected(b.input({1, kIn}), kOut);
  const Int8Network net(finished(std::move(b), answers, 8), kBatch, {.kind = train::Loss::mean_squared});
  for (int i = 0; i < kBatch; ++i) {
    for (size_t o = 0; o < kOut; ++o) net.network->target(i)[o] = 0.1f * static_cast<float>(i) - 0.5f;
  }
  Workers workers(1);
  net.network->train_step(workers, 1);
  for (int part = 0; part < train::kShards; ++part) EXPECT_TRUE(net.network->combine_gradients(part));
  std::vector<float> gradients(net.network->plain_size());
  net.network->to_plain(net.network->gradients(), gradients);

  const ir::Node& dense = net.int8.nodes[0];
  const ir::Graph rounded = *make_int8_arithmetic(net.folded, net.ranges)->load(net.folded);
  const auto weights = rounded.input_of(dense, 1).values<float>();
  const auto bias = rounded.input_of(dense, 2).values<float>();
  const Range range = range_of(*net.int8.output_of(dense).quantisation);
  const plan::Plan plan = lowered_apart(net.int8);
  std::vector<double> expected(kOut * kIn + kOut);
  int clamped = 0;
  for (int i = 0; i < kBatch; ++i) {
    const plan::Runner runner = run_apart(plan, net.inputs[static_cast<size_t>(i)]);
    const std::vector<float> x = real(net.int8, runner, dense.inputs[0]);
    const std::vector<float> y = real(net.int8, runner, dense.outputs[0]);
    for (size_t o = 0; o < kOut; ++o) {
      double before = static_cast<double>(bias[o]);
      for (size_t k = 0; k < kIn; ++k) before += static_cast<double>(weights[o * kIn + k]) * x[k];
      if (before < range.low || before > range.high) {
        ++clamped;
        continue;
      }
      const double slope = 2.0 / kOut / kBatch * (static_cast<double>(y[o]) - net.network->target(i)[o]);
      for (size_t k = 0; k < kIn; ++k) expected[o * kIn + k] += slope * x[k];
      expected[kOut * kIn + o] += slope;
    }
  }
  EXPECT_GT(clamped, 0);
  EXPECT_LT(clamped, kBatch * kOut);
  // Sums of 12 float products.
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(gradients[i], expected[i], 1e-6) << i;
}

/// Float, with bounds that clamp nothing but activations.
class FloatArithmetic final : public train::Arithmetic {
 public:
  explicit FloatArithmetic(const ir::Graph& graph) : bounds_(graph.tensors.size(), {-1e9f, 1e9f}) {
    for (const ir::Node& node : graph.nodes) {
      std::visit(
          [&](const auto& attributes) {
            if constexpr (requires { attributes.activation; }) {
              Bounds& bounds = bounds_[static_cast<size_t>(node.outputs[0])];
              if (attributes.activation == ir::Activation::relu) bounds.low = 0;
              if (attributes.activation == ir::Activation::relu6) bounds = {0, 6};
            }
          },
          node.attributes);
    }
  }
  Result<ir::Graph> load(const ir::Graph& graph) override {
    plan_.emplace(lowered_apart(graph));
    runners_.clear();
    for (int shard = 0; shard < train::kShards; ++shard) runners_.emplace_back(*plan_);
    return graph;
  }
  void run(int shard, std::span<const float> features) override {
    std::vector<uint8_t> out(static_cast<size_t>(plan_->output_bytes()));
    runners_[static_cast<size_t>(shard)].run(
        {reinterpret_cast<const uint8_t*>(features.data()), features.size_bytes()}, out);
  }
  void read(int shard, int tensor, std::span<float> values) const override {
    const auto stored = runners_[static_cast<size_t>(shard)].tensor_as<float>(tensor);
    std::copy(stored.begin(), stored.end(), values.begin());
  }
  Bounds bounds(int tensor) const override { return bounds_[static_cast<size_t>(tensor)]; }

 private:
  std::vector<Bounds> bounds_;
  std::optional<plan::Plan> plan_;
  std::vector<plan::Runner> runners_;
};

TEST(QuantisationAwareTraining, GradientOfAnArithmeticThatRoundsNothingIsThatOfFloat) {
  constexpr int kBatch = 16;
  const ir::Graph folded = *fold_for_inference(small_net(9));
  const CalibrationSet inputs = noise(folded, kBatch);
  const auto gradients = [&](bool exactly) {
    auto network = *Network::compile(folded, kBatch);
    if (exactly) {
      EXPECT_TRUE(network->use_arithmetic(std::make_shared<FloatArithmetic>(folded)).ok());
    }
    EXPECT_TRUE(network->round_weights().ok());
    for (int i = 0; i < kBatch; ++i) {
      const std::vector<float> input = inputs.at(i);
      std::copy(input.begin(), input.end(), network->example(i).begin());
      network->labels()[static_cast<size_t>(i)] = i % network->outputs();
    }
    Workers workers(2);
    network->train_step(workers, 1);
    network->restore_weights();
    for (int part = 0; part < train::kShards; ++part) EXPECT_TRUE(network->combine_gradients(part));
    std::vector<float> plain(network->plain_size());
    network->to_plain(network->gradients(), plain);
    return plain;
  };
  const std::vector<float> in_float = gradients(false), exactly = gradients(true);
  float largest = 0;
  for (const float g : in_float) largest = std::max(largest, std::abs(g));
  EXPECT_GT(largest, 0.01f);
  // Sums in another order.
  for (size_t i = 0; i < exactly.size(); ++i) EXPECT_NEAR(exactly[i], in_float[i], 1e-5f * largest) << i;
}

/// Spots whose network is trained in float, then made hard for int8: one output channel of each convolution
/// grows and its consumer's weights shrink, so that the function stays and the scales no longer suit.
ir::Graph hard_for_int8(ir::Graph folded) {
  const auto scale = [&](int tensor, auto&& factor) {
    const auto values = folded.tensors[static_cast<size_t>(tensor)].values<float>();
    std::vector<float> scaled(values.begin(), values.end());
    for (size_t i = 0; i < scaled.size(); ++i) scaled[i] *= factor(i);
    set_constant(folded, tensor, scaled);
  };
  for (size_t n = 0; n + 1 < folded.nodes.size(); ++n) {
    if (folded.nodes[n].op != ir::Op::conv_2d || folded.nodes[n + 1].op != ir::Op::depthwise_conv_2d)
      continue;
    const size_t out = static_cast<size_t>(folded.output_of(folded.nodes[n]).shape.back());
    const size_t row = folded.input_of(folded.nodes[n], 1).values<float>().size() / out;
    const auto grow = [](size_t channel) { return channel % 4 == 0 ? 250.0f : 1.0f; };
    scale(folded.nodes[n].inputs[1], [&](size_t i) { return grow(i / row); });
    scale(folded.nodes[n].inputs[2], grow);
    scale(folded.nodes[n + 1].inputs[1], [&](size_t i) { return 1 / grow(i % out); });
  }
  return folded;
}

struct Spotted {
  ir::Graph folded;
  train::Spots training{256, 5}, validation{128, 6};
  CalibrationSet calibration;

  Spotted() {
    Workers workers(2);
    Silent silent;
    train::TrainOptions options;
    options.updates = 200;
    options.batch = 32;
    options.weight_decay = 0;
    const auto trained = train::train(train::spot_graph(), training, nullptr, options, workers, silent);
    EXPECT_TRUE(trained.ok()) << trained.error().message();
    folded = hard_for_int8(*fold_for_inference(trained->graph));
    calibration = {64, [this](int index) {
                     std::vector<float> features(64);
                     Rng rng(1, static_cast<uint64_t>(index));
                     training.get(index, 0, rng, features);
                     return features;
                   }};
  }

  static QatOptions options() {
    QatOptions options;
    options.train.updates = 200;
    options.train.batch = 32;
    return options;
  }
};

/// Share of examples that an int8 graph answers right.
double accuracy(const ir::Graph& int8, const train::Examples& examples) {
  const plan::Plan plan = lowered_apart(int8);
  int right = 0;
  std::vector<float> features(64);
  for (int i = 0; i < examples.size(); ++i) {
    Rng rng(0, 0);
    const int label = examples.get(i, 0, rng, features);
    const std::vector<float> answers = real(int8, run_apart(plan, features), int8.outputs[0]);
    right += std::max_element(answers.begin(), answers.end()) - answers.begin() == label ? 1 : 0;
  }
  return right / static_cast<double>(examples.size());
}

TEST(QuantisationAwareTraining, RecoversWhatPostTrainingQuantisationLoses) {
  Spotted spots;
  spots.validation.augmentation = 0;
  Workers workers(2);
  Silent silent;
  const auto after = quantise_int8(spots.folded, spots.calibration, {}, workers, silent);
  ASSERT_TRUE(after.ok()) << after.error().message();
  const auto aware = train_int8(spots.folded, spots.calibration, spots.training, &spots.validation,
                                Spotted::options(), workers, silent);
  ASSERT_TRUE(aware.ok()) << aware.error().message();
  const double post_training = accuracy(after->graph.graph, spots.validation);
  const double trained = accuracy(aware->int8.graph.graph, spots.validation);
  EXPECT_LT(post_training, 0.9);
  EXPECT_GT(trained, 0.95);
  // What was validated is what the graph answers, to the last example.
  EXPECT_FLOAT_EQ(aware->history.back().validation_accuracy, static_cast<float>(trained));
  // The ranges of activations are those of the calibration.
  for (size_t i = 0; i < aware->int8.layers.size(); ++i) {
    EXPECT_EQ(aware->int8.layers[i].low, after->layers[i].low);
    EXPECT_EQ(aware->int8.layers[i].high, after->layers[i].high);
  }
}

TEST(QuantisationAwareTraining, GivesTheSameBitsOnOneTwoAndThreeThreads) {
  Spotted spots;
  QatOptions options = Spotted::options();
  options.train.updates = 12;
  Silent silent;
  const auto weights = [&](int threads) {
    Workers workers(threads);
    const auto result = train_int8(spots.folded, spots.calibration, spots.training, &spots.validation,
                                   options, workers, silent);
    EXPECT_TRUE(result.ok()) << result.error().message();
    std::vector<uint8_t> bytes;
    for (const ir::Graph* graph : {&result->folded, &result->int8.graph.graph}) {
      for (const ir::Tensor& tensor : graph->tensors) {
        if (tensor.is_constant()) bytes.insert(bytes.end(), tensor.constant->begin(), tensor.constant->end());
      }
    }
    return bytes;
  };
  const std::vector<uint8_t> one = weights(1);
  EXPECT_EQ(weights(2), one);
  EXPECT_EQ(weights(3), one);
}

TEST(QuantisationAwareTraining, RefusesABatchNormAndNamesIt) {
  auto network = *Network::compile(train::spot_graph(), 4);
  const auto used = network->use_arithmetic(std::make_shared<FloatArithmetic>(train::spot_graph()));
  ASSERT_FALSE(used.ok());
  EXPECT_EQ(used.error().code, Code::op_unsupported);
  EXPECT_THAT(used.error().detail, testing::HasSubstr("batch_norm"));
}

}  // namespace
}  // namespace tadpole::quantise
