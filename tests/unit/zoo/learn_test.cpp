// Every architecture learns, becomes int8, and answers with the board's kernels nearly as in floating point.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "plan/plan.h"
#include "quantise/quantise.h"
#include "train/trainer.h"
#include "zoo/zoo.h"

namespace tadpole::zoo {
namespace {

constexpr int kExamples = 64, kClasses = 3;

/// Noise around a pattern of each class. Numbers to predict: the class itself, or the features.
class Patterns final : public train::Examples {
 public:
  Patterns(const ir::Shape& input, Head head, bool reconstructs)
      : size_(static_cast<size_t>(ir::element_count(input))), head_(head), reconstructs_(reconstructs) {}

  int size() const override { return kExamples; }
  int get(int index, int, Rng&, std::span<float> features) const override {
    const int label = index % kClasses;
    Rng pattern(static_cast<uint64_t>(label) + 10), noise(static_cast<uint64_t>(index) + 100);
    for (float& value : features) value = pattern.normal() + 0.2f * noise.normal();
    return label;
  }
  int target_size() const override { return head_ == Head::softmax || reconstructs_ ? 0 : 1; }
  void get_target(int index, int, std::span<const float>, std::span<float> target) const override {
    target[0] = static_cast<float>(index % kClasses) - 1;
  }
  std::vector<float> features(int index) const {
    std::vector<float> values(size_);
    Rng unused(1);
    get(index, 0, unused, values);
    return values;
  }

 private:
  size_t size_;
  Head head_;
  bool reconstructs_;
};

std::vector<float> answers_of(const plan::Plan& plan, const ir::Graph& graph,
                              std::span<const float> features) {
  const ir::Tensor& in = graph.tensors[static_cast<size_t>(graph.inputs[0])];
  const ir::Tensor& out = graph.tensors[static_cast<size_t>(graph.outputs[0])];
  std::vector<uint8_t> input, output(static_cast<size_t>(plan.output_bytes()));
  if (in.type == ir::DType::int8) {
    for (const float value : features) {
      const float stored = std::round(value / in.quantisation->scales[0]) +
                           static_cast<float>(in.quantisation->zero_points[0]);
      input.push_back(static_cast<uint8_t>(static_cast<int8_t>(std::clamp(stored, -128.0f, 127.0f))));
    }
  } else {
    const auto* bytes = reinterpret_cast<const uint8_t*>(features.data());
    input.assign(bytes, bytes + features.size_bytes());
  }
  plan::Runner(plan).run(input, output);
  std::vector<float> answers(static_cast<size_t>(ir::element_count(out.shape)));
  for (size_t i = 0; i < answers.size(); ++i) {
    if (out.type == ir::DType::int8) {
      answers[i] = out.quantisation->scales[0] *
                   static_cast<float>(static_cast<int8_t>(output[i]) - out.quantisation->zero_points[0]);
    } else {
      std::memcpy(&answers[i], &output[4 * i], 4);
    }
  }
  return answers;
}

/// 10 log10 of the answers' variance over the variance of the difference.
double signal_to_noise_db(const plan::Plan& float_plan, const ir::Graph& folded, const plan::Plan& int8_plan,
                          const ir::Graph& int8, const Patterns& patterns) {
  double signal = 0, noise = 0;
  for (int i = 0; i < 24; ++i) {
    const std::vector<float> features = patterns.features(i);
    const std::vector<float> exact = answers_of(float_plan, folded, features);
    const std::vector<float> near = answers_of(int8_plan, int8, features);
    for (size_t k = 0; k < exact.size(); ++k) {
      signal += static_cast<double>(exact[k]) * static_cast<double>(exact[k]);
      noise += std::pow(static_cast<double>(exact[k] - near[k]), 2);
    }
  }
  return 10 * std::log10(signal / std::max(noise, 1e-12));
}

class EveryArchitecture : public ::testing::TestWithParam<int> {};

TEST_P(EveryArchitecture, learns_and_answers_in_int8_with_the_boards_kernels) {
  const Architecture& row = architectures()[static_cast<size_t>(GetParam())];
  // Small enough for a second: a quarter of the channels, maps of 24 rows.
  const ir::Shape input = row.input.size() == 2
                              ? ir::Shape{1, 40}
                              : ir::Shape{1, 24, row.input[2] > 12 ? 24 : row.input[2], row.input[3]};
  const std::string name = std::string(row.name) + (row.name == "bc_resnet" ? "" : "_0.25");  // it has 8
  const auto graph = make(name, input, row.head == Head::softmax ? kClasses : 1, 1, row.head);
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  const Patterns patterns(input, row.head, row.reconstructs);
  Workers workers(1);
  Silent silent;
  train::TrainOptions options;
  options.updates = 150;  // enough for answers that rounding does not drown
  options.batch = 16;
  options.optimiser = train::Optimiser::adam;
  options.warmup_updates = 4;
  options.loss.label_smoothing = 0;
  const auto trained = train::train(*graph, patterns, nullptr, options, workers, silent);
  ASSERT_TRUE(trained.ok()) << trained.error().message();
  EXPECT_LT(trained->history.back().train_loss, 0.8f * trained->history.front().train_loss);

  const auto folded = quantise::fold_for_inference(trained->graph);
  ASSERT_TRUE(folded.ok()) << folded.error().message();
  const auto float_plan = plan::lower(*folded, {.kernels = "generic"});
  ASSERT_TRUE(float_plan.ok()) << float_plan.error().message();
  const auto int8 = quantise::quantise_int8(
      *folded, {kExamples, [&](int index) { return patterns.features(index); }}, silent);
  ASSERT_TRUE(int8.ok()) << int8.error().message();
  const auto int8_plan = plan::lower(int8->graph.graph, {.kernels = "cortex_m_dsp"});  // virtual-nano33ble's
  ASSERT_TRUE(int8_plan.ok()) << int8_plan.error().message();
  // 8 bits leave about 40 dB a layer; deep networks that have seen 40 batches lose more.
  EXPECT_GT(signal_to_noise_db(*float_plan, *folded, *int8_plan, int8->graph.graph, patterns), 15) << name;
}

INSTANTIATE_TEST_SUITE_P(Zoo, EveryArchitecture,
                         ::testing::Range(0, static_cast<int>(architectures().size())), [](const auto& info) {
                           return std::string(architectures()[static_cast<size_t>(info.param)].name);
                         });

}  // namespace
}  // namespace tadpole::zoo
