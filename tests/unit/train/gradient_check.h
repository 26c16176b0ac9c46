// Compares the trainer's gradients with central differences of the double-precision judge, on seeded random
// graphs and for every kernel set that this machine runs.
#pragma once

#include <gtest/gtest.h>

#include "ir/builder.h"
#include "reference.h"
#include "train/network.h"
#include "train/trainable.h"

namespace tadpole::train {

inline const LossOptions kSmoothed{.kind = Loss::cross_entropy, .label_smoothing = 0.1f};

inline int between(Rng& rng, int low, int high) {
  return low + static_cast<int>(rng.below(static_cast<uint32_t>(high - low + 1)));
}

/// Random numbers in every parameter, so that a zero bias or a gamma of one hides nothing.
inline ir::Graph randomised(ir::Graph graph, Rng& rng) {
  for (ir::Node& node : graph.nodes) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] < 0) continue;
      ir::Tensor& tensor = graph.tensors[static_cast<size_t>(node.inputs[i])];
      if (!tensor.is_constant() || tensor.type != ir::DType::float32) continue;
      std::vector<float> values(static_cast<size_t>(ir::element_count(tensor.shape)));
      if (!parameter_layout(graph, node, i) && values.size() == 1) continue;  // part of a formula
      const bool positive = node.op == ir::Op::batch_norm && (i == 1 || i == 4);
      for (float& value : values) value = positive ? rng.uniform(0.5f, 1.5f) : 0.5f * rng.normal();
      tensor.constant = ir::make_constant<float>(values);
    }
  }
  return graph;
}

inline ir::Graph finish(ir::GraphBuilder builder, ir::Value answers, Rng& rng) {
  auto graph = std::move(builder).finish(answers);
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  return randomised(*graph, rng);
}

/// Ends a graph with a dense layer of three classes.
inline ir::Graph with_head(ir::GraphBuilder builder, ir::Value features, Rng& rng) {
  const ir::Value answers = builder.softmax(builder.fully_connected(builder.flatten(features), 3));
  return finish(std::move(builder), answers, rng);
}

inline Batch random_batch(const ir::Graph& graph, int samples, Rng& rng) {
  Batch made;
  const ir::Shape& shape = graph.tensors[static_cast<size_t>(graph.inputs[0])].shape;
  made.features.resize(static_cast<size_t>(ir::element_count(shape) * samples));
  for (float& value : made.features) value = rng.normal();
  const ir::Tensor& answers = graph.tensors[static_cast<size_t>(graph.outputs[0])];
  const int outputs = static_cast<int>(ir::element_count(answers.shape));
  for (int i = 0; i < samples; ++i) {
    made.labels.push_back(between(rng, 0, outputs - 1));
    double total = 0;
    std::vector<double> teacher;
    for (int o = 0; o < outputs; ++o) {
      made.targets.push_back(rng.uniform(0, 1));
      teacher.push_back(static_cast<double>(rng.uniform(0.01f, 1)));
      total += teacher.back();
    }
    for (const double answer : teacher) made.teacher.push_back(static_cast<float>(answer / total));
  }
  return made;
}

inline void load(Network& network, const Batch& batch) {
  const auto copy = [](const std::vector<float>& from, size_t sample, std::span<float> to) {
    std::copy_n(from.begin() + static_cast<ptrdiff_t>(sample * to.size()), to.size(), to.begin());
  };
  for (size_t i = 0; i < batch.labels.size(); ++i) {
    const int sample = static_cast<int>(i);
    copy(batch.features, i, network.example(sample));
    copy(batch.targets, i, network.target(sample));
    copy(batch.teacher, i, network.teacher_answer(sample));
    network.labels()[i] = batch.labels[i];
  }
}

/// One pass of a kernel set: the loss, and all gradients in the order of the graph.
struct Pass {
  const Kernels* kernels;
  double loss;
  std::vector<float> gradients;
};

inline Pass run_pass(const ir::Graph& graph, const Batch& batch, const Kernels& kernels,
                     const LossOptions& loss) {
  auto network = Network::compile(graph, static_cast<int>(batch.labels.size()), kernels, loss);
  EXPECT_TRUE(network.ok()) << network.error().message();
  if (!network.ok()) return {&kernels, 0, {}};
  load(**network, batch);
  Workers workers(2);
  Pass pass{&kernels, (*network)->train_step(workers, 1).loss, {}};
  for (int part = 0; part < kShards; ++part) EXPECT_TRUE((*network)->combine_gradients(part));
  pass.gradients.resize((*network)->plain_size());
  (*network)->to_plain((*network)->gradients(), pass.gradients);
  return pass;
}

inline double largest_of(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return static_cast<double>(largest);
}

/// Of a parameter tensor: entries of the trainer's gradient against differences of the judge's loss.
template <class LossOf>
void check_tensor(const std::vector<Pass>& passes, size_t at, Reference::Numbers& numbers, LossOf&& loss,
                  const std::string& name, Rng& rng) {
  const size_t step = std::max<size_t>(1, numbers.size() / 6);
  for (size_t i = rng.below(static_cast<uint32_t>(step)); i < numbers.size(); i += step) {
    // In double the difference is good to 1e-10 or so; a step this small seldom crosses the kink of a ReLU.
    constexpr double kStep = 1e-6;
    const double kept = numbers[i];
    numbers[i] = kept + kStep;
    const double above = loss();
    numbers[i] = kept - kStep;
    const double below = loss();
    numbers[i] = kept;
    for (const Pass& pass : passes) {
      const std::span<const float> all = pass.gradients;
      // Batch norm subtracts sums of its own size, so an entry is as good as the largest of its tensor; and a
      // bias before a batch norm has no gradient: rounding of sums of the others' size is all that is seen.
      ASSERT_NEAR(static_cast<double>(pass.gradients[at + i]), (above - below) / (2 * kStep),
                  3e-4 * largest_of(all.subspan(at, numbers.size())) + 1e-5 * largest_of(all) + 1e-6)
          << name << " entry " << i << ", " << pass.kernels->name;
    }
  }
}

inline void check_gradients(const ir::Graph& graph, int samples, Rng& rng,
                            const LossOptions& options = kSmoothed) {
  const Batch batch = random_batch(graph, samples, rng);
  std::vector<Pass> passes;
  for (const Kernels* kernels : supported_kernels()) {
    passes.push_back(run_pass(graph, batch, *kernels, options));
    if (testing::Test::HasFailure()) return;
  }
  Reference reference(graph);
  const auto loss = [&] { return reference.loss(batch, options, true); };
  // Sums of some thousand float products: relative rounding of 2^-24 times the square root of the count, and
  // batch norm divides by deviations around 1.
  for (const Pass& pass : passes) ASSERT_NEAR(pass.loss, loss(), 1e-5 * (1 + std::abs(loss())));
  auto network = Network::compile(graph, 1, best_kernels(), options);
  size_t at = 0;
  for (const Parameter& parameter : (*network)->parameters()) {
    Reference::Numbers& numbers = reference.constant(parameter.tensor);
    check_tensor(passes, at, numbers, loss, (*network)->parameter_name(parameter), rng);
    if (testing::Test::HasFatalFailure()) return;
    at += numbers.size();
  }
}

/// Builds `cases` random graphs and checks each with every kernel set.
template <class Make>
void check_all(const char* name, int cases, Make&& make) {
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(std::string(name) + " case " + std::to_string(i));
    Rng rng = Rng(static_cast<uint64_t>(i)).fork(name);
    const ir::Graph graph = make(rng);
    if (testing::Test::HasFailure()) return;
    check_gradients(graph, between(rng, 2, 13), rng);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace tadpole::train
