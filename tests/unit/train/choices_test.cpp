// Everything that [train] lets a user choose: it learns, gives the same bits on any number of threads and
// after a resume, and says what does not fit.
#include <gtest/gtest.h>

#include <cmath>

#include "toy.h"
#include "toy_numbers.h"
#include "train/average.h"
#include "train/checkpoint.h"
#include "train/network.h"
#include "train/optimiser.h"
#include "train/rate_finder.h"

namespace tadpole::train {
namespace {

std::vector<uint8_t> all_constants(const ir::Graph& graph) {
  std::vector<uint8_t> bytes;
  for (const ir::Tensor& tensor : graph.tensors) {
    if (tensor.is_constant()) bytes.insert(bytes.end(), tensor.constant->begin(), tensor.constant->end());
  }
  return bytes;
}

TrainOptions short_options() {
  TrainOptions options;
  options.updates = 24;
  options.batch = 20;
  options.warmup_updates = 3;
  return options;
}

struct Choice {
  const char* name;
  bool numbers;  ///< regression with a recurrent network; else classes with a convolutional one
  void (*set)(TrainOptions&);
};

const Choice kChoices[] = {
    {"nesterov, one cycle, huber", true,
     [](TrainOptions& o) {
       o.optimiser = Optimiser::nesterov;
       o.schedule = Schedule::one_cycle;
       o.loss.kind = Loss::huber;
     }},
    {"rmsprop, clipped, mean absolute", true,
     [](TrainOptions& o) {
       o.optimiser = Optimiser::rmsprop;
       o.clip_norm = 0.05f;
       o.loss.kind = Loss::mean_absolute;
     }},
    {"adam, average", true,
     [](TrainOptions& o) {
       o.optimiser = Optimiser::adam;
       o.average = 0.9f;
     }},
    {"average with batch norm, clipped, focal, balanced", false,
     [](TrainOptions& o) {
       o.average = 0.95f;
       o.clip_norm = 0.1f;
       o.loss.kind = Loss::focal;
       o.balance_classes = true;
       o.patience = 100;
     }},
    {"teacher, plain sgd", false,
     [](TrainOptions& o) {
       o.optimiser = Optimiser::sgd;
       o.momentum = 0;
       o.teacher = std::make_shared<const ir::Graph>(spot_graph(9));
     }},
};

Result<TrainResult> run(const Choice& choice, const TrainOptions& options, int threads) {
  Workers workers(threads);
  Silent progress;
  if (choice.numbers) {
    const Curves training(50, 1), validation(30, 2);
    return train(curve_graph(), training, &validation, options, workers, progress);
  }
  const Spots training(50, 1), validation(30, 2);
  return train(spot_graph(), training, &validation, options, workers, progress);
}

TEST(Choices, give_the_same_bits_on_1_2_and_3_threads) {
  for (const Choice& choice : kChoices) {
    SCOPED_TRACE(choice.name);
    TrainOptions options = short_options();
    choice.set(options);
    const auto one = run(choice, options, 1), two = run(choice, options, 2), three = run(choice, options, 3);
    ASSERT_TRUE(one.ok()) << one.error().message();
    ASSERT_TRUE(two.ok() && three.ok());
    EXPECT_EQ(all_constants(one->graph), all_constants(two->graph));
    EXPECT_EQ(all_constants(one->graph), all_constants(three->graph));
    EXPECT_EQ(one->history.back().validation_loss, three->history.back().validation_loss);
    EXPECT_EQ(one->history.back().validation_error, three->history.back().validation_error);
  }
}

TEST(Choices, resumed_give_the_bits_of_an_uninterrupted_run) {
  for (const Choice& choice : kChoices) {
    SCOPED_TRACE(choice.name);
    TrainOptions options = short_options();
    choice.set(options);
    std::vector<std::vector<uint8_t>> checkpoints;
    TrainOptions saving = options;
    saving.save_checkpoint = [&](std::span<const uint8_t> bytes) -> Result<void> {
      checkpoints.emplace_back(bytes.begin(), bytes.end());
      return {};
    };
    const auto whole = run(choice, saving, 2);
    ASSERT_TRUE(whole.ok());
    ASSERT_EQ(checkpoints.size(), 12u);  // 50 examples are 2 batches an epoch
    for (const size_t epoch : {0u, 6u}) {
      TrainOptions rest = options;
      rest.resume_from = checkpoints[epoch];
      const auto resumed = run(choice, rest, 1);
      ASSERT_TRUE(resumed.ok()) << resumed.error().message();
      EXPECT_EQ(all_constants(resumed->graph), all_constants(whole->graph)) << "from epoch " << epoch + 1;
      EXPECT_EQ(resumed->history.back().train_error, whole->history.back().train_error);
    }
  }
}

TEST(Choices, a_checkpoint_of_another_choice_is_refused_by_its_name) {
  std::vector<uint8_t> last;
  TrainOptions options = short_options();
  options.save_checkpoint = [&](std::span<const uint8_t> bytes) -> Result<void> {
    last.assign(bytes.begin(), bytes.end());
    return {};
  };
  const Choice classes{"classes", false, nullptr};
  ASSERT_TRUE(run(classes, options, 1).ok());
  const auto refusal = [&](auto change) {
    TrainOptions changed = short_options();
    changed.resume_from = last;
    change(changed);
    const auto result = run(classes, changed, 1);
    EXPECT_FALSE(result.ok());
    return result.ok() ? std::string() : result.error().detail;
  };
  const auto has = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_TRUE(has(refusal([](TrainOptions& o) { o.clip_norm = 1; }), "'clip_norm'"));
  EXPECT_TRUE(has(refusal([](TrainOptions& o) { o.average = 0.9f; }), "'average'"));
  EXPECT_TRUE(has(refusal([](TrainOptions& o) { o.loss.kind = Loss::focal; }), "'loss'"));
  EXPECT_TRUE(has(refusal([](TrainOptions& o) { o.balance_classes = true; }), "'class_weights'"));
  EXPECT_TRUE(
      has(refusal([](TrainOptions& o) { o.teacher = std::make_shared<const ir::Graph>(spot_graph()); }),
          "'teacher'"));
  last[4] = 1;
  EXPECT_TRUE(has(refusal([](TrainOptions&) {}), "of version 1; this Tadpole reads version 2"));
}

TEST(Choices, every_optimiser_learns_a_regression) {
  for (const Optimiser optimiser :
       {Optimiser::sgd, Optimiser::nesterov, Optimiser::rmsprop, Optimiser::adam, Optimiser::adamw}) {
    const bool plain = optimiser == Optimiser::sgd || optimiser == Optimiser::nesterov;
    TrainOptions options = short_options();
    options.updates = 300;
    options.optimiser = optimiser;
    options.learning_rate = plain ? 0.1f : optimiser == Optimiser::rmsprop ? 2e-3f : 1e-2f;
    options.weight_decay = 0.01f;
    options.clip_norm = 5;
    Workers workers(2);
    Silent progress;
    const Curves training(100, 1), test(50, 2);
    for (const bool lstm : {false, true}) {
      const auto result = train(curve_graph(lstm), training, &test, options, workers, progress);
      ASSERT_TRUE(result.ok()) << result.error().message();
      // Guessing the mean of numbers between -1 and 1 is wrong by 0.5.
      EXPECT_LT(result->history.back().validation_error, 0.2f) << static_cast<int>(optimiser) << lstm;
    }
  }
}

TEST(Choices, a_teacher_that_knows_helps_a_student_that_sees_little) {
  Workers workers(2);
  Silent progress;
  TrainOptions options = short_options();
  options.updates = 200;
  options.learning_rate = 0.01f;
  const auto teacher = train(spot_graph(), Spots(400, 1), nullptr, options, workers, progress);
  ASSERT_TRUE(teacher.ok());
  options.updates = 60;
  const Spots few(40, 3), test(200, 4);
  const auto accuracy = [&](bool taught) {
    TrainOptions of = options;
    if (taught) of.teacher = std::make_shared<const ir::Graph>(teacher->graph);
    if (taught) of.loss.teacher_share = 1;
    const auto student = train(spot_graph(2), few, &test, of, workers, progress);
    EXPECT_TRUE(student.ok());
    return student.ok() ? student->history.back().validation_accuracy : 0;
  };
  EXPECT_GE(accuracy(true), accuracy(false));
}

/// A network of one dense layer after one step, with its gradients still in the shards.
std::unique_ptr<Network> stepped_network() {
  ir::GraphBuilder b("line", Rng(1));
  const ir::Value x = b.fully_connected(b.input({1, 3}), 2);
  auto network = Network::compile(*std::move(b).finish(x), 8);
  Rng rng(2);
  for (int i = 0; i < 8; ++i) {
    for (float& value : (*network)->example(i)) value = rng.normal();
    for (float& value : (*network)->target(i)) value = rng.normal();
  }
  return std::move(*network);
}

std::vector<double> plain(const Network& network, std::span<const float> arena) {
  std::vector<float> values(network.plain_size());
  network.to_plain(arena, values);
  return {values.begin(), values.end()};
}

TEST(Optimisers, nesterov_and_rmsprop_follow_their_formulas) {
  for (const Optimiser kind : {Optimiser::nesterov, Optimiser::rmsprop}) {
    const auto network = stepped_network();
    Workers workers(2);
    TrainOptions options;
    options.schedule = Schedule::constant;
    options.warmup_updates = 0;
    options.learning_rate = 0.02f;
    options.momentum = 0.8f;
    options.rms_decay = 0.7f;
    OptimiserState state(*network, kind);
    std::vector<double> w = plain(*network, network->weights()), v(w.size(), 0), s(w.size(), 0);
    for (int update = 0; update < 4; ++update) {
      network->train_step(workers, 1);
      ASSERT_TRUE(state.update(*network, workers, options, update));
      const std::vector<double> g = plain(*network, network->gradients());
      for (size_t i = 0; i < w.size(); ++i) {
        if (kind == Optimiser::nesterov) {
          v[i] = 0.8 * v[i] + g[i];
          w[i] -= 0.02 * (g[i] + 0.8 * v[i]);
        } else {
          s[i] = 0.7 * s[i] + 0.3 * g[i] * g[i];
          v[i] = 0.8 * v[i] + g[i] / (std::sqrt(s[i]) + 1e-7);
          w[i] -= 0.02 * v[i];
        }
      }
      const std::vector<double> ours = plain(*network, network->weights());
      // Single precision: some units of 2^-24 an operation.
      for (size_t i = 0; i < w.size(); ++i) EXPECT_NEAR(ours[i], w[i], 2e-6);
    }
  }
}

TEST(Optimisers, clipping_shortens_long_gradients_and_leaves_short_ones) {
  for (const float limit : {0.01f, 1000.0f}) {
    const auto network = stepped_network(), free = stepped_network();
    Workers workers(2);
    TrainOptions options;
    options.warmup_updates = 0;
    OptimiserState clipped(*network, Optimiser::sgd), other(*free, Optimiser::sgd);
    network->train_step(workers, 1);
    free->train_step(workers, 1);
    ASSERT_TRUE(other.update(*free, workers, options, 0));
    options.clip_norm = limit;
    ASSERT_TRUE(clipped.update(*network, workers, options, 0));
    double length = 0, free_length = 0;
    for (const double g : plain(*network, network->gradients())) length += g * g;
    for (const double g : plain(*free, free->gradients())) free_length += g * g;
    EXPECT_NEAR(std::sqrt(length), std::min(static_cast<double>(limit), std::sqrt(free_length)), 1e-7);
  }
}

TEST(WeightAverage, is_the_exponential_mean_and_is_swapped_in_and_out) {
  const auto network = stepped_network();
  Workers workers(3);
  WeightAverage average(*network, 0.5f);
  double expected = static_cast<double>(network->weights()[0]);
  for (uint64_t update = 1; update <= 12; ++update) {
    network->weights()[0] = static_cast<float>(update);
    average.update(*network, workers, update);
    const double keep =
        std::min(0.5, (1.0 + static_cast<double>(update)) / (10.0 + static_cast<double>(update)));
    expected = keep * expected + (1 - keep) * static_cast<double>(update);
  }
  EXPECT_NEAR(average.weights()[0], expected, 1e-5);
  {
    const WeightAverage::Swapped swapped(average, *network);
    EXPECT_NEAR(network->weights()[0], expected, 1e-5);
  }
  EXPECT_EQ(network->weights()[0], 12.0f);
}

TEST(Schedules, one_cycle_rises_to_the_rate_and_falls_to_nothing) {
  TrainOptions options;
  options.schedule = Schedule::one_cycle;
  options.updates = 1000;
  options.learning_rate = 1;
  EXPECT_FLOAT_EQ(learning_rate(options, 0), 0.04f);
  EXPECT_NEAR(learning_rate(options, 150), 0.52f, 1e-6f);
  EXPECT_FLOAT_EQ(learning_rate(options, 300), 1);
  EXPECT_NEAR(learning_rate(options, 650), 0.5f, 1e-5f);
  EXPECT_LT(learning_rate(options, 999), 1e-4f);
}

TEST(RateFinder, proposes_a_rate_that_trains_and_repeats_to_the_bit) {
  const Spots training(200, 1);
  TrainOptions options = short_options();
  options.optimiser = Optimiser::sgd;
  Silent progress;
  std::vector<RateFound> found;
  for (const int threads : {1, 3}) {
    Workers workers(threads);
    auto one = find_rate(spot_graph(), training, options, {.low = 1e-5f, .high = 10}, workers, progress);
    ASSERT_TRUE(one.ok()) << one.error().message();
    found.push_back(std::move(*one));
  }
  EXPECT_EQ(found[0].proposal, found[1].proposal);
  EXPECT_EQ(found[0].trials.back().loss, found[1].trials.back().loss);
  EXPECT_GT(found[0].proposal, 1e-3f);
  EXPECT_LT(found[0].proposal, 1.0f);
  EXPECT_LE(found[0].proposal, found[0].best);
  EXPECT_NE(found[0].words.find("learning_rate = "), std::string::npos);
  options.updates = 150;
  options.learning_rate = found[0].proposal;
  Workers workers(2);
  const auto trained = train(spot_graph(), training, nullptr, options, workers, progress);
  ASSERT_TRUE(trained.ok());
  EXPECT_GT(trained->history.back().train_accuracy, 0.6f);  // guessing is right one time in four
}

TEST(RateFinder, refuses_rates_that_make_no_range) {
  Workers workers(1);
  Silent progress;
  const Spots training(40, 1);
  const auto code = [&](const RateFinderOptions& test) {
    const auto found = find_rate(spot_graph(), training, short_options(), test, workers, progress);
    return found.ok() ? Code::internal : found.error().code;
  };
  EXPECT_EQ(code({.low = 0}), Code::train_bad_setting);
  EXPECT_EQ(code({.low = 1, .high = 0.5f}), Code::train_bad_setting);
  EXPECT_EQ(code({.updates = 5}), Code::train_bad_setting);
}

TEST(BadInput, is_refused_before_training_with_both_shapes) {
  Workers workers(1);
  Silent progress;
  const auto refused = [&](const ir::Graph& graph, const Examples& examples, TrainOptions options) {
    const auto result = train(graph, examples, nullptr, options, workers, progress);
    EXPECT_FALSE(result.ok());
    return result.ok() ? Error{Code::internal, ""} : result.error();
  };
  const auto has = [](const Error& error, const char* part) {
    return error.detail.find(part) != std::string::npos;
  };
  Curves wrong(50, 1);
  wrong.targets = 3;
  const Error size = refused(curve_graph(), wrong, short_options());
  EXPECT_EQ(size.code, Code::bad_shape);
  EXPECT_TRUE(has(size, "'dense_2' makes 2 numbers")) << size.detail;
  EXPECT_TRUE(has(size, "targets of 3"));
  wrong.targets = 0;
  EXPECT_TRUE(has(refused(curve_graph(), wrong, short_options()), "12 features for an autoencoder"));
  Curves broken(50, 1);
  broken.broken = 17;
  const Error target = refused(curve_graph(), broken, short_options());
  EXPECT_EQ(target.code, Code::train_not_finite);
  EXPECT_TRUE(has(target, "training example 17 has a target"));
  TrainOptions taught = short_options();
  taught.teacher = std::make_shared<const ir::Graph>(curve_graph());
  const Error teacher = refused(spot_graph(), Spots(50, 1), taught);
  EXPECT_EQ(teacher.code, Code::bad_shape);
  EXPECT_TRUE(has(teacher, "takes 12 features and gives 2 answers")) << teacher.detail;
  TrainOptions loss = short_options();
  loss.loss.kind = Loss::binary_cross_entropy;
  EXPECT_TRUE(has(refused(spot_graph(), Spots(50, 1), loss), "ends with a softmax"));
  for (const auto change :
       {+[](TrainOptions& o) { o.clip_norm = -1; }, +[](TrainOptions& o) { o.average = 1; },
        +[](TrainOptions& o) { o.rms_decay = 1; }}) {
    TrainOptions bad = short_options();
    change(bad);
    EXPECT_EQ(refused(spot_graph(), Spots(50, 1), bad).code, Code::train_bad_setting);
  }
}

TEST(BadInput, a_loss_that_runs_away_says_where_and_what_to_try) {
  Workers workers(2);
  Silent progress;
  TrainOptions options = short_options();
  options.optimiser = Optimiser::sgd;
  options.learning_rate = 1e30f;
  options.warmup_updates = 0;
  const auto result = train(curve_graph(), Curves(50, 1), nullptr, options, workers, progress);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::train_not_finite);
  EXPECT_NE(result.error().detail.find("'gru_1"), std::string::npos) << result.error().detail;
  EXPECT_NE(result.error().detail.find("--find-rate"), std::string::npos);
}

TEST(Autoencoder, learns_to_repeat_its_input_without_targets) {
  class Waves final : public Examples {
   public:
    int size() const override { return 80; }
    int get(int index, int, Rng&, std::span<float> features) const override {
      for (size_t i = 0; i < features.size(); ++i)
        features[i] = std::sin(0.4f * static_cast<float>(i) + static_cast<float>(index));
      return 0;
    }
  };
  ir::GraphBuilder b("auto", Rng(2));
  ir::Value x = b.input({1, 16});
  x = b.relu(b.batch_norm(b.fully_connected(x, 12, {}, false)));
  x = b.fully_connected(b.fully_connected(x, 3), 16);
  TrainOptions options = short_options();
  options.updates = 300;
  options.learning_rate = 0.02f;
  options.weight_decay = 0;
  Workers workers(2);
  Silent progress;
  const auto result = train(*std::move(b).finish(x), Waves(), nullptr, options, workers, progress);
  ASSERT_TRUE(result.ok()) << result.error().message();
  // A sine has a mean square of a half.
  EXPECT_LT(result->history.back().train_loss, 0.05f);
}

}  // namespace
}  // namespace tadpole::train
