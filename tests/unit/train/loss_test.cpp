// Losses of every kind, after every kind of last layer: loss and gradients against the judge.
#include "train/loss.h"

#include "gradient_check.h"

namespace tadpole::train {
namespace {

using ir::GraphBuilder;
using ir::Value;

ir::Graph ending_with(Head head, Rng& rng) {
  GraphBuilder builder("test", rng);
  Value x = builder.input({1, between(rng, 3, 9)});
  x = builder.relu(builder.batch_norm(builder.fully_connected(x, between(rng, 4, 20), {}, false)));
  x = builder.fully_connected(x, between(rng, 2, 6));
  if (head == Head::softmax) x = builder.softmax(x);
  if (head == Head::logistic) x = builder.logistic(x);
  return finish(std::move(builder), x, rng);
}

void check(Loss kind, Head head, LossOptions options = {}) {
  options.kind = kind;
  for (uint64_t seed = 0; seed < 4; ++seed) {
    SCOPED_TRACE(std::string(to_string(kind)) + ", head " + std::to_string(static_cast<int>(head)) +
                 ", seed " + std::to_string(seed));
    Rng rng(seed + 100);
    const ir::Graph graph = ending_with(head, rng);
    const ir::Tensor& answers = graph.tensors[static_cast<size_t>(graph.outputs[0])];
    LossOptions of_graph = options;
    if (!options.class_weights.empty()) {
      of_graph.class_weights.clear();
      for (int i = 0; i < answers.shape[1]; ++i) of_graph.class_weights.push_back(rng.uniform(0, 3));
    }
    check_gradients(graph, between(rng, 4, 13), rng, of_graph);
    if (testing::Test::HasFailure()) return;
  }
}

constexpr Loss kOfSoftmax[] = {Loss::cross_entropy, Loss::focal, Loss::mean_squared, Loss::mean_absolute,
                               Loss::huber};
constexpr Loss kOfLogistic[] = {Loss::binary_cross_entropy, Loss::focal, Loss::mean_squared,
                                Loss::mean_absolute, Loss::huber};
constexpr Loss kOfNumbers[] = {Loss::mean_squared, Loss::mean_absolute, Loss::huber};

TEST(Losses, after_a_softmax_equal_the_judge) {
  for (const Loss kind : kOfSoftmax) check(kind, Head::softmax);
}
TEST(Losses, after_a_logistic_layer_equal_the_judge) {
  for (const Loss kind : kOfLogistic) check(kind, Head::logistic);
}
TEST(Losses, of_plain_numbers_equal_the_judge) {
  for (const Loss kind : kOfNumbers) check(kind, Head::plain);
}
TEST(Losses, with_class_weights_equal_the_judge) {
  const LossOptions weighted{.label_smoothing = 0.2f, .huber_delta = 0.3f, .class_weights = {1}};
  for (const Loss kind : kOfSoftmax) check(kind, Head::softmax, weighted);
  for (const Loss kind : kOfLogistic) check(kind, Head::logistic, weighted);
}
TEST(Losses, with_a_teacher_equal_the_judge) {
  for (const float temperature : {1.0f, 4.0f}) {
    const LossOptions taught{.focal_gamma = 0.5f, .teacher_share = 0.7f, .temperature = temperature};
    for (const Loss kind : kOfSoftmax) check(kind, Head::softmax, taught);
    for (const Loss kind : kOfLogistic) check(kind, Head::logistic, taught);
    for (const Loss kind : kOfNumbers) check(kind, Head::plain, taught);
  }
}

TEST(Losses, of_extreme_logits_stay_finite) {
  const float z[] = {-200, 300, 0}, target[] = {1, 0, 1}, teacher[] = {1, 0, 0};
  for (const Head head : {Head::softmax, Head::logistic, Head::plain}) {
    for (const Loss kind : {Loss::automatic, Loss::focal, Loss::mean_absolute}) {
      if (kind == Loss::focal && head == Head::plain) continue;
      const auto loss =
          LossFunction::make({.kind = kind, .focal_gamma = 0.5f, .teacher_share = 0.5f}, head, 1, 3);
      ASSERT_TRUE(loss.ok()) << loss.error().message();
      float answers[3], gradient[3];
      const SampleLoss of = loss->of(z, {0, target, teacher}, answers, gradient, 1);
      EXPECT_TRUE(std::isfinite(of.loss));
      for (int i = 0; i < 3; ++i) EXPECT_TRUE(std::isfinite(answers[i]) && std::isfinite(gradient[i]));
    }
  }
}

TEST(Losses, say_when_a_sample_is_answered_right) {
  const float z[] = {0.5f, -1, 2}, target[] = {1, 0, 1};
  float answers[3];
  const auto classes = LossFunction::make({}, Head::softmax, 1, 3);
  EXPECT_TRUE(classes->of(z, {2, target, nullptr}, answers, nullptr, 0).correct);
  EXPECT_FALSE(classes->of(z, {0, target, nullptr}, answers, nullptr, 0).correct);
  const auto questions = LossFunction::make({}, Head::logistic, 1, 3);
  EXPECT_TRUE(questions->of(z, {0, target, nullptr}, answers, nullptr, 0).correct);
  const float other[] = {1, 1, 1};
  EXPECT_FALSE(questions->of(z, {0, other, nullptr}, answers, nullptr, 0).correct);
  const auto numbers = LossFunction::make({}, Head::plain, 1, 3);
  EXPECT_DOUBLE_EQ(numbers->of(z, {0, target, nullptr}, answers, nullptr, 0).absolute_error, 2.5 / 3);
}

TEST(Losses, that_do_not_fit_the_last_layer_are_refused) {
  const auto refused = [](const LossOptions& options, Head head) {
    const auto loss = LossFunction::make(options, head, 1, 3);
    EXPECT_FALSE(loss.ok());
    return loss.ok() ? std::string() : loss.error().detail;
  };
  EXPECT_NE(refused({.kind = Loss::cross_entropy}, Head::logistic).find("ends with a logistic layer"),
            std::string::npos);
  EXPECT_NE(refused({.kind = Loss::binary_cross_entropy}, Head::softmax).find("ends with a softmax"),
            std::string::npos);
  EXPECT_NE(refused({.kind = Loss::focal}, Head::plain).find("neither"), std::string::npos);
  EXPECT_NE(refused({.class_weights = {1, 2}}, Head::softmax).find("2 class weights; the network has 3"),
            std::string::npos);
  EXPECT_NE(refused({.class_weights = {1, -2, 1}}, Head::softmax).find("-2"), std::string::npos);
  EXPECT_NE(refused({.temperature = 0}, Head::softmax).find("temperature"), std::string::npos);
}

}  // namespace
}  // namespace tadpole::train
