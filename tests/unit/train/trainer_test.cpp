// The training loop: it learns, repeats to the bit, resumes, stops, and says what is wrong.
#include "train/trainer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <set>

#include "toy.h"
#include "train/checkpoint.h"
#include "train/kernels.h"
#include "train/network.h"
#include "train/optimiser.h"

namespace tadpole::train {
namespace {

TrainOptions short_options() {
  TrainOptions options;
  options.updates = 60;
  options.batch = 20;
  options.warmup_updates = 5;
  return options;
}

Result<TrainResult> run(const TrainOptions& options, int threads = 2, const Examples* validation = nullptr) {
  Workers workers(threads);
  Silent progress;
  const Spots training(70, 1);
  return train(spot_graph(), training, validation, options, workers, progress);
}

std::vector<uint8_t> all_constants(const ir::Graph& graph) {
  std::vector<uint8_t> bytes;
  for (const ir::Tensor& tensor : graph.tensors) {
    if (tensor.is_constant()) bytes.insert(bytes.end(), tensor.constant->begin(), tensor.constant->end());
  }
  return bytes;
}

TEST(Train, learns_which_quarter_holds_the_spot) {
  for (const Optimiser optimiser : {Optimiser::sgd, Optimiser::adam, Optimiser::adamw}) {
    TrainOptions options = short_options();
    options.updates = 300;
    options.optimiser = optimiser;
    options.learning_rate = optimiser == Optimiser::sgd ? 0.05f : 0.01f;
    Workers workers(2);
    Silent progress;
    const Spots training(400, 1);
    Spots test(200, 2);
    test.augmentation = 0;
    const auto result = train(spot_graph(), training, nullptr, options, workers, progress);
    ASSERT_TRUE(result.ok()) << result.error().message();
    EXPECT_EQ(result->history.back().update, 300);
    const auto probabilities = predict(result->graph, test, workers);
    ASSERT_TRUE(probabilities.ok());
    int correct = 0;
    for (int i = 0; i < test.size(); ++i) {
      const auto row = probabilities->begin() + i * 4;
      EXPECT_NEAR(row[0] + row[1] + row[2] + row[3], 1.0f, 1e-5f);
      correct += std::max_element(row, row + 4) - row == i % 4 ? 1 : 0;
    }
    EXPECT_GT(correct, 190) << "optimiser " << static_cast<int>(optimiser);
  }
}

TEST(Train, gives_the_same_bits_on_1_2_and_3_threads) {
  const Spots validation(30, 5);
  const auto one = run(short_options(), 1, &validation);
  const auto two = run(short_options(), 2, &validation);
  const auto three = run(short_options(), 3, &validation);
  ASSERT_TRUE(one.ok() && two.ok() && three.ok());
  EXPECT_EQ(all_constants(one->graph), all_constants(two->graph));
  EXPECT_EQ(all_constants(one->graph), all_constants(three->graph));
  for (size_t i = 0; i < one->history.size(); ++i) {
    EXPECT_EQ(one->history[i].train_loss, three->history[i].train_loss);
    EXPECT_EQ(one->history[i].validation_loss, three->history[i].validation_loss);
  }
  TrainOptions other = short_options();
  other.seed = 2;
  EXPECT_NE(all_constants(run(other)->graph), all_constants(one->graph));
}

TEST(Train, weights_that_were_zero_stay_zero_when_asked_to_and_the_others_learn) {
  TrainOptions options = short_options();
  options.average = 0.9f;
  Workers workers(2);
  Silent progress;
  const Spots training(70, 1);
  ir::Graph graph = spot_graph();
  const auto kernel = static_cast<size_t>(graph.nodes[0].inputs[1]);
  std::vector<float> weights(graph.tensors[kernel].values<float>().begin(),
                             graph.tensors[kernel].values<float>().end());
  for (size_t i = 0; i < weights.size(); i += 3) weights[i] = 0;
  graph.tensors[kernel].constant = ir::make_constant<float>(weights);
  for (const bool keep : {true, false}) {
    options.keep_zeros = keep;
    const auto result = train(graph, training, nullptr, options, workers, progress);
    ASSERT_TRUE(result.ok()) << result.error().message();
    const auto learnt = result->graph.tensors[kernel].values<float>();
    for (size_t i = 0; i < weights.size(); ++i) EXPECT_EQ(learnt[i] == 0, keep && i % 3 == 0) << i;
  }
}

TEST(Train, resumed_after_each_epoch_gives_the_bits_of_an_uninterrupted_run) {
  const Spots validation(30, 5);
  for (const Optimiser optimiser : {Optimiser::sgd, Optimiser::adamw}) {
    TrainOptions options = short_options();
    options.optimiser = optimiser;
    std::vector<std::vector<uint8_t>> checkpoints;
    options.save_checkpoint = [&](std::span<const uint8_t> bytes) -> Result<void> {
      checkpoints.emplace_back(bytes.begin(), bytes.end());
      return {};
    };
    const auto whole = run(options, 2, &validation);
    ASSERT_TRUE(whole.ok());
    ASSERT_EQ(checkpoints.size(), 20u);  // 70 examples are 3 batches an epoch
    for (const size_t epoch : {0u, 7u, 19u}) {
      TrainOptions rest = short_options();
      rest.optimiser = optimiser;
      rest.resume_from = checkpoints[epoch];
      const auto resumed = run(rest, 1, &validation);
      ASSERT_TRUE(resumed.ok()) << resumed.error().message();
      EXPECT_EQ(all_constants(resumed->graph), all_constants(whole->graph)) << "from epoch " << epoch + 1;
      EXPECT_EQ(resumed->best_epoch, whole->best_epoch);
      ASSERT_EQ(resumed->history.size(), whole->history.size());
      EXPECT_EQ(resumed->history.back().train_loss, whole->history.back().train_loss);
    }
  }
}

/// Counts what is drawn without having been announced.
class Announced final : public Examples {
 public:
  int size() const override { return spots_.size(); }
  int get(int index, int epoch, Rng& rng, std::span<float> features) const override {
    if (epoch != kLook && announced_.count({epoch, index}) == 0) ++surprises;
    if (epoch != kLook) ++drawn;
    return spots_.get(index, epoch, rng, features);
  }
  Result<void> announce(int epoch, std::span<const int> indices, uint64_t) const override {
    if (epoch == fails_at) return Error{Code::disk_full, "no room for more"};
    epochs.push_back(epoch);
    for (const int index : indices) announced_.insert({epoch, index});
    return {};
  }
  size_t announced() const { return announced_.size(); }

  int fails_at = -1;
  mutable std::atomic<int> surprises{0}, drawn{0};
  mutable std::vector<int> epochs;

 private:
  const Spots spots_{70, 1};
  mutable std::set<std::pair<int, int>> announced_;
};

TEST(Train, announces_exactly_what_each_epoch_draws_one_epoch_ahead) {
  TrainOptions options = short_options();
  options.updates = 7;  // 3 batches an epoch: the last one has only one
  Workers workers(2);
  Silent progress;
  const Announced whole;
  std::vector<uint8_t> checkpoint;
  options.save_checkpoint = [&](std::span<const uint8_t> bytes) -> Result<void> {
    if (checkpoint.empty()) checkpoint.assign(bytes.begin(), bytes.end());
    return {};
  };
  ASSERT_TRUE(train(spot_graph(), whole, nullptr, options, workers, progress).ok());
  EXPECT_EQ(whole.epochs, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(whole.surprises, 0);
  EXPECT_EQ(whole.announced(), 140u);
  EXPECT_EQ(whole.drawn, 140);
  options.resume_from = checkpoint;
  const Announced rest;
  ASSERT_TRUE(train(spot_graph(), rest, nullptr, options, workers, progress).ok());
  EXPECT_EQ(rest.epochs, (std::vector<int>{2, 3}));
  EXPECT_EQ(rest.surprises, 0);
  EXPECT_EQ(rest.drawn, 80);
}

TEST(Train, a_failing_announcement_ends_the_training_with_its_error) {
  Announced examples;
  examples.fails_at = 3;
  Workers workers(1);
  Silent progress;
  const auto result = train(spot_graph(), examples, nullptr, short_options(), workers, progress);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::disk_full);
}

TEST(Train, refuses_a_checkpoint_of_another_training_by_name) {
  TrainOptions options = short_options();
  std::vector<uint8_t> last;
  options.save_checkpoint = [&](std::span<const uint8_t> bytes) -> Result<void> {
    last.assign(bytes.begin(), bytes.end());
    return {};
  };
  ASSERT_TRUE(run(options).ok());
  const auto refused = [&](const TrainOptions& changed, const Examples& training, const ir::Graph& graph,
                           const Examples* validation = nullptr) {
    TrainOptions with = changed;
    with.resume_from = last;
    Workers workers(1);
    Silent progress;
    const auto result = train(graph, training, validation, with, workers, progress);
    EXPECT_FALSE(result.ok());
    if (result.ok()) return std::string();
    EXPECT_EQ(result.error().code, Code::checkpoint_damaged);
    return result.error().detail;
  };
  const Spots same(70, 1);
  TrainOptions changed = short_options();
  changed.loss.label_smoothing = 0.2f;
  EXPECT_NE(refused(changed, same, spot_graph()).find("'label_smoothing'"), std::string::npos);
  ir::GraphBuilder b("spots", Rng(1));
  const ir::Value out = b.softmax(b.fully_connected(b.flatten(b.input({1, 8, 8, 1})), 4));
  EXPECT_NE(refused(short_options(), same, *std::move(b).finish(out)).find("architecture"),
            std::string::npos);
  EXPECT_NE(refused(short_options(), Spots(71, 1), spot_graph()).find("70 training examples; there are 71"),
            std::string::npos);
  EXPECT_NE(refused(short_options(), same, spot_graph(), &same).find("without validation"),
            std::string::npos);
}

TEST(Train, damaged_checkpoints_are_refused_never_read_wrongly) {
  Checkpoint checkpoint;
  checkpoint.options = {1, 2, 3};
  checkpoint.instruction_set = "avx2";
  checkpoint.weights = {1, 2, 3, 4};
  checkpoint.history.resize(2);
  checkpoint.history[1].train_loss = 0.5f;
  const std::vector<uint8_t> good = write_checkpoint(checkpoint);
  const auto read = read_checkpoint(good);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->weights, checkpoint.weights);
  EXPECT_EQ(read->history[1].train_loss, 0.5f);
  for (size_t i = 0; i < good.size(); ++i) {
    std::vector<uint8_t> bad = good;
    bad[i] ^= 0x41;
    const auto result = read_checkpoint(bad);
    ASSERT_FALSE(result.ok()) << "byte " << i;
    EXPECT_EQ(result.error().code, Code::checkpoint_damaged);
    EXPECT_FALSE(read_checkpoint(std::span<const uint8_t>(good).first(i)).ok()) << "cut at " << i;
  }
  std::vector<uint8_t> longer = good;
  longer.push_back(0);
  EXPECT_FALSE(read_checkpoint(longer).ok());
}

TEST(Train, a_failing_checkpoint_ends_the_training_with_its_error) {
  TrainOptions options = short_options();
  options.save_checkpoint = [](std::span<const uint8_t>) -> Result<void> {
    return Error{Code::disk_full, "no space"};
  };
  EXPECT_EQ(run(options).error().code, Code::disk_full);
}

TEST(Train, keeps_the_weights_of_the_epoch_with_the_lowest_validation_loss) {
  TrainOptions options = short_options();
  options.learning_rate = 0.03f;
  options.patience = 1000;
  Spots validation(50, 9);
  validation.augmentation = 0;
  const auto result = run(options, 2, &validation);
  ASSERT_TRUE(result.ok());
  const auto best = std::min_element(result->history.begin(), result->history.end(),
                                     [](auto& a, auto& b) { return a.validation_loss < b.validation_loss; });
  EXPECT_EQ(result->best_epoch, best->epoch);
  Workers workers(1);
  const auto probabilities = predict(result->graph, validation, workers);
  double loss = 0;
  for (int i = 0; i < 50; ++i) {
    loss -= std::log(static_cast<double>((*probabilities)[static_cast<size_t>(i * 4 + i % 4)])) / 50;
  }
  // Only the batches are cut differently: products of other heights, the same sums.
  EXPECT_NEAR(loss, static_cast<double>(best->validation_loss), 1e-5);
}

TEST(Train, without_patience_the_last_weights_are_kept_whatever_the_validation) {
  TrainOptions options = short_options();
  options.learning_rate = 0.03f;
  const Spots validation(20, 9);
  const auto validated = run(options, 2, &validation), plain = run(options);
  ASSERT_TRUE(validated.ok() && plain.ok());
  EXPECT_EQ(validated->best_epoch, validated->history.back().epoch);
  EXPECT_EQ(all_constants(validated->graph), all_constants(plain->graph));
}

TEST(Train, stops_early_when_validation_no_longer_improves) {
  TrainOptions options = short_options();
  options.updates = 3000;
  options.learning_rate = 0.03f;
  options.patience = 4;
  const Spots validation(20, 9);
  const auto result = run(options, 2, &validation);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(static_cast<int>(result->history.size()), result->best_epoch + 4);
  EXPECT_LT(result->history.back().update, 3000);
}

class Stopping final : public Progress {
 public:
  void report(std::string_view, long done, long, std::string_view note) override {
    done_ = done;
    EXPECT_NE(note.find("samples/s"), std::string_view::npos);
  }
  void say(std::string_view) override {}
  bool cancelled() const override { return done_ >= 7; }

 private:
  std::atomic<long> done_{0};
};

TEST(Train, stops_within_a_batch_of_being_asked_to) {
  Workers workers(2);
  Stopping progress;
  const Spots training(70, 1);
  const auto result = train(spot_graph(), training, nullptr, short_options(), workers, progress);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::cancelled);
  EXPECT_NE(result.error().detail.find("after 7 of 60"), std::string::npos);
}

TEST(Train, a_loss_that_is_not_finite_names_the_first_layer) {
  TrainOptions options = short_options();
  options.optimiser = Optimiser::sgd;
  options.learning_rate = 1e30f;
  options.schedule = Schedule::constant;
  options.warmup_updates = 0;
  const auto result = run(options);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::train_not_finite);
  EXPECT_NE(result.error().detail.find('\''), std::string::npos) << result.error().detail;
  EXPECT_NE(result.error().detail.find("learning_rate"), std::string::npos);

  ir::Graph graph = spot_graph();
  for (ir::Node& node : graph.nodes) {
    if (node.op != ir::Op::depthwise_conv_2d) continue;
    ir::Tensor& weights = graph.tensors[static_cast<size_t>(node.inputs[1])];
    std::vector<float> values(weights.values<float>().begin(), weights.values<float>().end());
    values[5] = std::numeric_limits<float>::infinity();
    weights.constant = ir::make_constant<float>(values);
  }
  Workers workers(2);
  Silent progress;
  const Spots training(70, 1);
  const auto broken = train(graph, training, nullptr, short_options(), workers, progress);
  ASSERT_FALSE(broken.ok());
  EXPECT_NE(broken.error().detail.find("'depthwise_2'"), std::string::npos) << broken.error().detail;
}

TEST(Train, refuses_bad_settings_and_examples_before_the_first_update) {
  Workers workers(1);
  Silent progress;
  const auto code = [&](const TrainOptions& options, const Examples& examples) {
    int epochs = 0;
    const auto result = train(spot_graph(), examples, nullptr, options, workers, progress,
                              [&](const EpochMetrics&) { ++epochs; });
    EXPECT_EQ(epochs, 0);
    EXPECT_FALSE(result.ok());
    return result.ok() ? Error{Code::internal, ""} : result.error();
  };
  const Spots good(70, 1);
  TrainOptions options = short_options();
  options.batch = 71;
  const Error large = code(options, good);
  EXPECT_EQ(large.code, Code::train_bad_setting);
  EXPECT_NE(large.detail.find("batch is 71, but there are only 70"), std::string::npos);
  const auto changed = [&](auto change) {
    TrainOptions bad = short_options();
    change(bad);
    return code(bad, good).code;
  };
  EXPECT_EQ(changed([](TrainOptions& o) { o.updates = 0; }), Code::train_bad_setting);
  EXPECT_EQ(changed([](TrainOptions& o) { o.batch = 0; }), Code::train_bad_setting);
  EXPECT_EQ(changed([](TrainOptions& o) { o.learning_rate = 0; }), Code::train_bad_setting);
  EXPECT_EQ(changed([](TrainOptions& o) { o.learning_rate = std::nanf(""); }), Code::train_bad_setting);
  EXPECT_EQ(changed([](TrainOptions& o) { o.loss.label_smoothing = 1; }), Code::train_bad_setting);
  EXPECT_EQ(changed([](TrainOptions& o) { o.step_every = 0; }), Code::train_bad_setting);
  Spots mislabelled(70, 1);
  mislabelled.mislabelled = 40;
  const Error label = code(short_options(), mislabelled);
  EXPECT_EQ(label.code, Code::train_bad_setting);
  EXPECT_NE(label.detail.find("example 40 is of class 9"), std::string::npos);
  Spots missing(70, 1);
  missing.without_class_3 = true;
  EXPECT_EQ(code(short_options(), missing).code, Code::train_class_missing);
  Spots broken(70, 1);
  broken.broken = 12;
  const Error not_finite = code(short_options(), broken);
  EXPECT_EQ(not_finite.code, Code::train_not_finite);
  EXPECT_NE(not_finite.detail.find("example 12"), std::string::npos);
}

TEST(Train, names_every_layer_it_cannot_train) {
  ir::GraphBuilder b("test", Rng(1));
  const ir::Value x = b.input({1, 4, 4, 2});
  const ir::Value cast = b.unary(ir::Op::cast, b.conv_2d(x, 2, 3, 3));
  const ir::Value out = b.softmax(b.fully_connected(b.flatten(b.unary(ir::Op::dequantize, cast)), 3));
  const auto graph = std::move(b).finish(out);
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  const auto network = Network::compile(*graph, 4);
  ASSERT_FALSE(network.ok());
  EXPECT_EQ(network.error().code, Code::op_unsupported);
  EXPECT_NE(network.error().detail.find("layer 'cast_1' (cast)"), std::string::npos);
  EXPECT_NE(network.error().detail.find("(dequantize)"), std::string::npos);
}

TEST(Schedules, warm_up_then_cosine_to_nothing_or_steps) {
  TrainOptions options;
  options.updates = 1100;
  options.learning_rate = 1;
  options.warmup_updates = 100;
  EXPECT_FLOAT_EQ(learning_rate(options, 0), 1.0f / 101);
  EXPECT_FLOAT_EQ(learning_rate(options, 100), 1);
  EXPECT_NEAR(learning_rate(options, 600), 0.5f, 1e-6f);
  EXPECT_LT(learning_rate(options, 1099), 1e-4f);
  options.schedule = Schedule::step;
  options.step_every = 500;
  EXPECT_FLOAT_EQ(learning_rate(options, 499), 1);
  EXPECT_FLOAT_EQ(learning_rate(options, 500), 0.1f);
  EXPECT_FLOAT_EQ(learning_rate(options, 1000), 0.01f);
  options.schedule = Schedule::constant;
  EXPECT_FLOAT_EQ(learning_rate(options, 1099), 1);
}

TEST(Optimisers, follow_their_formulas) {
  // One weight of each kind, checked by hand in double precision over three updates.
  for (const Kernels* kernels : supported_kernels()) {
    float weight = 0.7f, velocity = 0, first = 0, second = 0, adam = 0.7f;
    double w = 0.7, v = 0, m = 0, s = 0, a = 0.7;
    for (int t = 1; t <= 3; ++t) {
      const float gradient = 0.2f * static_cast<float>(t) - 0.5f;
      const double g = static_cast<double>(gradient);
      kernels->sgd(&weight, &gradient, &velocity, 1, 0.1f, 0.9f);
      v = 0.9 * v + g;
      w -= 0.1 * v;
      const double c1 = 1 - std::pow(0.9, t), c2 = std::sqrt(1 - std::pow(0.999, t));
      kernels->adam(&adam, &gradient, &first, &second, 1, static_cast<float>(0.01 * c2 / c1), 0.9f, 0.999f,
                    static_cast<float>(1e-8 * c2), 0.001f);
      m = 0.9 * m + 0.1 * g;
      s = 0.999 * s + 0.001 * g * g;
      a -= 0.001 * a + 0.01 * (m / c1) / (std::sqrt(s) / c2 + 1e-8);
      // Single precision: some units of 2^-24 an operation.
      EXPECT_NEAR(static_cast<double>(weight), w, 1e-6);
      EXPECT_NEAR(static_cast<double>(adam), a, 1e-6);
    }
  }
}

TEST(BatchNorm, running_statistics_approach_those_of_the_data) {
  ir::GraphBuilder b("test", Rng(1));
  ir::Value x = b.batch_norm(b.input({1, 6}), {.epsilon = 1e-3f, .momentum = 0.9f});
  x = b.softmax(b.fully_connected(x, 2));
  auto network = Network::compile(*std::move(b).finish(x), 40);
  ASSERT_TRUE(network.ok());
  Workers workers(2);
  Rng rng(3);
  const auto step = [&] {
    for (int i = 0; i < 40; ++i) {
      // The mean is a thousand deviations from nothing: sums of plain squares in float would lose the
      // variance.
      for (float& value : (*network)->example(i)) value = 100 + 0.1f * rng.normal();
    }
    (*network)->train_step(workers, 0);
  };
  step();
  // First step: momentum is 1/10, so the running mean is nearly the data's at once.
  EXPECT_NEAR((*network)->state()[0], 90, 0.1f);
  for (int i = 0; i < 200; ++i) step();
  for (size_t c = 0; c < 6; ++c) {
    EXPECT_NEAR((*network)->state()[c], 100, 0.02f);
    // 40 numbers a batch, ten batches in the running figure: the variance is known to about 7 %, less 1/40.
    EXPECT_NEAR((*network)->state()[6 + c], 0.01f, 0.002f);
  }
}

TEST(KernelSets, agree_on_a_whole_training_step) {
  std::vector<std::vector<float>> gradients;
  for (const Kernels* kernels : supported_kernels()) {
    auto network = Network::compile(spot_graph(), 16, *kernels);
    ASSERT_TRUE(network.ok());
    const Spots examples(16, 1);
    for (int i = 0; i < 16; ++i) {
      Rng rng(static_cast<uint64_t>(i));
      (*network)->labels()[static_cast<size_t>(i)] = examples.get(i, 0, rng, (*network)->example(i));
    }
    Workers workers(1);
    (*network)->train_step(workers, 7);
    for (int part = 0; part < kShards; ++part) ASSERT_TRUE((*network)->combine_gradients(part));
    gradients.emplace_back((*network)->plain_size());
    (*network)->to_plain((*network)->gradients(), gradients.back());
  }
  for (size_t set = 1; set < gradients.size(); ++set) {
    for (size_t i = 0; i < gradients[0].size(); ++i) {
      // They add in other orders: rounding only. Gradients here are around 0.01.
      ASSERT_NEAR(gradients[set][i], gradients[0][i], 2e-6f);
    }
  }
}

}  // namespace
}  // namespace tadpole::train
