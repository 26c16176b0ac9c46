// What must hold before the first update, and the answers of a trained network.
#include "train/trainer.h"

#include <cmath>
#include <numeric>

#include "train/batches.h"
#include "train/network.h"
#include "train/training.h"

namespace tadpole::train {

namespace {

Error bad_setting(const std::string& what) { return {Code::train_bad_setting, what}; }

Result<void> check_options(const TrainOptions& o, int examples) {
  const auto text = [](float value) { return std::to_string(value); };
  if (o.updates < 1) return bad_setting("updates is " + std::to_string(o.updates) + "; needs at least 1.");
  if (o.batch < 1) return bad_setting("batch is " + std::to_string(o.batch) + "; needs at least 1.");
  if (o.batch > examples) {
    return bad_setting("batch is " + std::to_string(o.batch) + ", but there are only " +
                       std::to_string(examples) + " training examples. Use a batch of at most " +
                       std::to_string(examples) + ", or record more.");
  }
  if (!(o.learning_rate > 0) || !std::isfinite(o.learning_rate)) {
    return bad_setting("learning_rate is " + text(o.learning_rate) +
                       "; needs a number above 0, such as 0.003.");
  }
  if (!(o.momentum >= 0 && o.momentum < 1)) {
    return bad_setting("momentum is " + text(o.momentum) + "; needs 0 up to below 1.");
  }
  if (!(o.weight_decay >= 0) || !std::isfinite(o.weight_decay)) {
    return bad_setting("weight_decay is " + text(o.weight_decay) + "; needs 0 or more.");
  }
  if (!(o.rms_decay >= 0 && o.rms_decay < 1)) {
    return bad_setting("rms_decay is " + text(o.rms_decay) + "; needs 0 up to below 1.");
  }
  if (!(o.clip_norm >= 0) || !std::isfinite(o.clip_norm)) {
    return bad_setting("clip_norm is " + text(o.clip_norm) + "; needs 0 (no clipping) or more.");
  }
  if (!(o.average >= 0 && o.average < 1)) {
    return bad_setting("average is " + text(o.average) + "; needs 0 (none) up to below 1.");
  }
  if (o.warmup_updates < 0) {
    return bad_setting("warmup_updates is " + std::to_string(o.warmup_updates) + "; needs 0 or more.");
  }
  if (o.step_every < 1)
    return bad_setting("step_every is " + std::to_string(o.step_every) + "; needs 1 or more.");
  if (!(o.step_factor > 0) || !std::isfinite(o.step_factor)) {
    return bad_setting("step_factor is " + text(o.step_factor) + "; needs a number above 0.");
  }
  if (o.patience < 0) return bad_setting("patience is " + std::to_string(o.patience) + "; needs 0 or more.");
  if (o.checkpoint_every_epochs < 1) {
    return bad_setting("checkpoint_every_epochs is " + std::to_string(o.checkpoint_every_epochs) +
                       "; needs 1 or more.");
  }
  return {};
}

/// The factors under which every class counts alike.
std::vector<float> balanced_weights(const std::vector<int>& counts) {
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  std::vector<float> weights;
  for (const int count : counts) {
    weights.push_back(static_cast<float>(total / (static_cast<double>(counts.size()) * count)));
  }
  return weights;
}

Result<std::unique_ptr<Network>> compile_teacher(const Network& network, const ir::Graph& graph) {
  TADPOLE_TRY(std::unique_ptr<Network> teacher, Network::compile(graph, network.batch(), network.kernels()));
  const auto words = [](const Network& of) {
    return std::to_string(of.input_size()) + " features and gives " + std::to_string(of.outputs()) +
           " answers";
  };
  const bool same_kind = teacher->loss().uses_labels() == network.loss().uses_labels();
  if (teacher->input_size() == network.input_size() && teacher->outputs() == network.outputs() && same_kind)
    return teacher;
  return Error{Code::bad_shape, "the teacher '" + graph.name + "' takes " + words(*teacher) +
                                    "; the network takes " + words(network) +
                                    (same_kind ? "." : ", and only one of the two ends with a softmax.")};
}

}  // namespace

Result<TrainResult> train(const ir::Graph& graph, const Examples& training, const Examples* validation,
                          const TrainOptions& options, Workers& workers, Progress& progress,
                          const std::function<void(const EpochMetrics&)>& on_epoch) {
  TADPOLE_CHECK(check_options(options, training.size()));
  LossOptions loss = options.loss;
  if (options.teacher == nullptr) loss.teacher_share = 0;
  TADPOLE_TRY(const std::unique_ptr<Network> network,
              Network::compile(graph, options.batch, best_kernels(), loss));
  TADPOLE_TRY(const std::vector<int> counts,
              check_examples(*network, training, "training", true, options.seed, workers));
  if (options.arithmetic != nullptr) TADPOLE_CHECK(network->use_arithmetic(options.arithmetic));
  if (options.balance_classes) TADPOLE_CHECK(network->set_class_weights(balanced_weights(counts)));
  if (validation != nullptr) {
    TADPOLE_CHECK(check_examples(*network, *validation, "validation", false, options.seed, workers));
  }
  std::unique_ptr<Network> teacher;
  if (loss.teacher_share > 0) {
    TADPOLE_TRY(teacher, compile_teacher(*network, *options.teacher));
  }
  Training run(*network, teacher.get(), training, validation, options, workers, progress);
  if (!options.resume_from.empty()) TADPOLE_CHECK(run.resume(graph));
  TADPOLE_CHECK(run.run(graph, on_epoch));
  return run.result();
}

Result<std::vector<float>> predict(const ir::Graph& graph, const Examples& examples, Workers& workers) {
  constexpr int kBatch = 128;
  const int batch = std::clamp(examples.size(), 1, kBatch);
  TADPOLE_TRY(const std::unique_ptr<Network> network, Network::compile(graph, batch));
  std::vector<float> answers;
  answers.reserve(static_cast<size_t>(examples.size()) * static_cast<size_t>(network->outputs()));
  std::vector<int> indices;
  for (int begin = 0; begin < examples.size(); begin += batch) {
    const int count = std::min(batch, examples.size() - begin);
    indices.resize(static_cast<size_t>(count));
    std::iota(indices.begin(), indices.end(), begin);
    load_batch(*network, examples, indices, 0, 0, workers, false);
    // Labels do not matter here and may be unknown.
    std::fill(network->labels().begin(), network->labels().end(), 0);
    network->evaluate(workers, count);
    for (int i = 0; i < count; ++i) {
      const std::span<const float> row = network->answers(i);
      answers.insert(answers.end(), row.begin(), row.end());
    }
  }
  return answers;
}

}  // namespace tadpole::train
