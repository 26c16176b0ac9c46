// The training loop: checks, batches, updates, validation, early stopping, checkpoints.
#include "train/trainer.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "train/average.h"
#include "train/batches.h"
#include "train/checkpoint.h"
#include "train/network.h"
#include "train/optimiser.h"

namespace tadpole::train {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

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

/// One training from start or checkpoint to end.
class Training {
 public:
  Training(Network& network, Network* teacher, const Examples& training, const Examples* validation,
           const TrainOptions& options, Workers& workers, Progress& progress)
      : network_(network),
        teacher_(teacher),
        training_(training),
        validation_(validation != nullptr && validation->size() > 0 ? validation : nullptr),
        options_(options),
        workers_(workers),
        progress_(progress),
        optimiser_(network, options.optimiser),
        order_(static_cast<size_t>(training.size())),
        next_order_(order_.size()) {
    const size_t epochs =
        static_cast<size_t>((options.updates + updates_an_epoch() - 1) / updates_an_epoch());
    saved_.history.reserve(epochs);
    if (options.average > 0) average_.emplace(network, options.average);
    if (options.keep_zeros) find_zeros();
    if (validation_ == nullptr) return;
    best_weights_ = Buffer(network.weights().size());
    best_state_ = Buffer(network.state().size());
    validation_indices_.reserve(static_cast<size_t>(network.batch()));
  }

  Result<void> resume(const ir::Graph& graph);
  Result<void> run(const ir::Graph& graph, const std::function<void(const EpochMetrics&)>& on_epoch);
  TrainResult result();

 private:
  int updates_an_epoch() const { return training_.size() / options_.batch; }
  bool finished() const {
    const bool patience_over = options_.patience > 0 && validation_ != nullptr &&
                               saved_.epochs_since_best >= static_cast<uint64_t>(options_.patience);
    return static_cast<int>(saved_.update) >= options_.updates || patience_over;
  }

  Result<void> announce(int epoch, int updates_before);
  Result<void> epoch(EpochMetrics& metrics);
  Result<void> update(std::span<const int> indices, int epoch, Outcome& outcome);
  void find_zeros();
  std::string when() const;
  void ask_teacher();
  void report(const EpochMetrics& metrics);
  Result<Outcome> validate();
  void keep_best(double loss, int epoch);
  Result<void> save(const ir::Graph& graph);

  Network& network_;
  Network* teacher_;  ///< null without one
  const Examples& training_;
  const Examples* validation_;
  const TrainOptions& options_;
  Workers& workers_;
  Progress& progress_;
  OptimiserState optimiser_;
  std::optional<WeightAverage> average_;
  std::vector<size_t> zeros_;  ///< places of weights that stay 0
  std::vector<int> order_, next_order_, validation_indices_;
  Buffer best_weights_, best_state_;
  Checkpoint saved_;  ///< its counters and history are the live ones; its weights are filled when saving
};

void Training::find_zeros() {
  for (const Parameter& parameter : network_.parameters()) {
    if (!parameter.decays) continue;
    for (size_t i = parameter.offset; i < parameter.offset + parameter.size(); ++i)
      if (network_.weights()[i] == 0) zeros_.push_back(i);
  }
}

std::string Training::when() const { return "after " + std::to_string(saved_.update) + " updates "; }

void Training::ask_teacher() {
  for (int i = 0; i < network_.batch(); ++i) {
    const std::span<const float> features = network_.example(i);
    std::copy(features.begin(), features.end(), teacher_->example(i).begin());
  }
  teacher_->evaluate(workers_, network_.batch());
  for (int i = 0; i < network_.batch(); ++i) {
    const std::span<const float> answer = teacher_->answers(i);
    std::copy(answer.begin(), answer.end(), network_.teacher_answer(i).begin());
  }
}

Result<void> Training::update(std::span<const int> indices, int epoch, Outcome& outcome) {
  load_batch(network_, training_, indices, epoch, options_.seed, workers_);
  if (teacher_ != nullptr) ask_teacher();
  const int number = static_cast<int>(saved_.update);
  TADPOLE_CHECK(network_.round_weights());
  outcome = network_.train_step(workers_, mix(options_.seed + 0x64726f70ull) + static_cast<uint64_t>(number));
  network_.restore_weights();
  if (!std::isfinite(outcome.loss)) return not_finite_error(network_, when(), options_.learning_rate);
  if (!optimiser_.update(network_, workers_, options_, number)) {
    std::string names;
    for (const Parameter& p : network_.parameters()) {
      const auto gradient = network_.gradients().subspan(p.offset, p.size());
      const bool finite =
          std::all_of(gradient.begin(), gradient.end(), [](float g) { return std::isfinite(g); });
      if (!finite) names = network_.parameter_name(p);  // gradients go bad from the end to the start
    }
    return not_finite_error(when() + "the gradient of '" + names + "' is not finite", options_.learning_rate);
  }
  for (const size_t place : zeros_) network_.weights()[place] = 0;
  ++saved_.update;
  if (average_) average_->update(network_, workers_, saved_.update);
  return {};
}

void Training::report(const EpochMetrics& metrics) {
  char note[96];
  const double loss = static_cast<double>(metrics.train_loss);
  if (network_.loss().uses_labels()) {
    std::snprintf(note, sizeof note, "loss %.3f, accuracy %.1f %%, %.0f samples/s", loss,
                  100 * static_cast<double>(metrics.train_accuracy), metrics.samples_per_second);
  } else {
    std::snprintf(note, sizeof note, "loss %.4g, mean error %.4g, %.0f samples/s", loss,
                  static_cast<double>(metrics.train_error), metrics.samples_per_second);
  }
  progress_.report("train", static_cast<long>(saved_.update), options_.updates, note);
}

/// Tells the examples what an epoch will draw of them, if it comes.
Result<void> Training::announce(int epoch, int updates_before) {
  const int batches = std::min(updates_an_epoch(), options_.updates - updates_before);
  if (batches <= 0) return {};
  shuffle_epoch(next_order_, options_.seed, epoch);
  const size_t drawn = static_cast<size_t>(batches) * static_cast<size_t>(options_.batch);
  return training_.announce(epoch, std::span<const int>(next_order_).first(drawn), options_.seed);
}

Result<void> Training::epoch(EpochMetrics& metrics) {
  std::swap(order_, next_order_);  // announced an epoch ago
  TADPOLE_CHECK(announce(metrics.epoch + 1, static_cast<int>(saved_.update) + updates_an_epoch()));
  const Clock::time_point start = Clock::now();
  double loss = 0, error = 0;
  int64_t correct = 0, samples = 0;
  // Whole batches only; what is left over differs from epoch to epoch.
  for (int i = 0; i < updates_an_epoch() && static_cast<int>(saved_.update) < options_.updates; ++i) {
    if (progress_.cancelled()) {
      return Error{Code::cancelled, "training was stopped after " + std::to_string(saved_.update) + " of " +
                                        std::to_string(options_.updates) +
                                        " updates. The last checkpoint can be resumed."};
    }
    metrics.learning_rate = learning_rate(options_, static_cast<int>(saved_.update));
    Outcome outcome;
    const size_t batch = static_cast<size_t>(options_.batch);
    TADPOLE_CHECK(update(std::span<const int>(order_).subspan(static_cast<size_t>(i) * batch, batch),
                         metrics.epoch, outcome));
    samples += options_.batch;
    correct += outcome.correct;
    loss += outcome.loss * options_.batch;
    error += outcome.absolute_error * options_.batch;
    metrics.seconds = seconds_since(start);
    metrics.samples_per_second = static_cast<double>(samples) / std::max(metrics.seconds, 1e-9);
    metrics.train_loss = static_cast<float>(loss / static_cast<double>(samples));
    metrics.train_accuracy = static_cast<float>(static_cast<double>(correct) / static_cast<double>(samples));
    metrics.train_error = static_cast<float>(error / static_cast<double>(samples));
    report(metrics);
  }
  metrics.update = static_cast<int>(saved_.update);
  saved_.training_seconds += metrics.seconds;
  return {};
}

Result<Outcome> Training::validate() {
  Outcome total;
  const int size = validation_->size();
  TADPOLE_CHECK(network_.round_weights());
  for (int begin = 0; begin < size; begin += network_.batch()) {
    const int count = std::min(network_.batch(), size - begin);
    validation_indices_.resize(static_cast<size_t>(count));
    std::iota(validation_indices_.begin(), validation_indices_.end(), begin);
    load_batch(network_, *validation_, validation_indices_, 0, options_.seed, workers_);
    const Outcome outcome = network_.evaluate(workers_, count);
    if (!std::isfinite(outcome.loss)) {
      return not_finite_error(when() + "layer '" + network_.first_not_finite(count) +
                                  "' makes numbers that are not finite on validation examples",
                              options_.learning_rate);
    }
    total.loss += outcome.loss * count / size;
    total.correct += outcome.correct;
    total.absolute_error += outcome.absolute_error * count / size;
  }
  network_.restore_weights();
  return total;
}

void Training::keep_best(double loss, int epoch) {
  const bool first = saved_.epoch == 0;
  if (!first && loss >= saved_.best_loss) {
    ++saved_.epochs_since_best;
    return;
  }
  saved_.best_loss = loss;
  saved_.best_epoch = static_cast<uint64_t>(epoch);
  saved_.epochs_since_best = 0;
  std::copy(network_.weights().begin(), network_.weights().end(), best_weights_.data());
  std::copy(network_.state().begin(), network_.state().end(), best_state_.data());
}

Result<void> Training::run(const ir::Graph& graph, const std::function<void(const EpochMetrics&)>& on_epoch) {
  const Clock::time_point start = Clock::now();
  const double seconds_before = saved_.seconds;
  if (!finished())
    TADPOLE_CHECK(announce(static_cast<int>(saved_.epoch) + 1, static_cast<int>(saved_.update)));
  while (!finished()) {
    EpochMetrics metrics;
    metrics.epoch = static_cast<int>(saved_.epoch) + 1;
    TADPOLE_CHECK(epoch(metrics));
    if (validation_ != nullptr) {
      const auto averaged =
          average_ ? std::optional(WeightAverage::Swapped(*average_, network_)) : std::nullopt;
      TADPOLE_TRY(const Outcome outcome, validate());
      metrics.validation_loss = static_cast<float>(outcome.loss);
      metrics.validation_accuracy =
          static_cast<float>(outcome.correct) / static_cast<float>(validation_->size());
      metrics.validation_error = static_cast<float>(outcome.absolute_error);
      keep_best(outcome.loss, metrics.epoch);
    } else {
      saved_.best_epoch = static_cast<uint64_t>(metrics.epoch);
    }
    saved_.epoch = static_cast<uint64_t>(metrics.epoch);
    saved_.seconds = seconds_before + seconds_since(start);
    metrics.seconds = saved_.seconds;
    saved_.history.push_back(metrics);
    if (on_epoch) on_epoch(metrics);
    const bool due = metrics.epoch % options_.checkpoint_every_epochs == 0 || finished();
    if (options_.save_checkpoint && due) TADPOLE_CHECK(save(graph));
  }
  return {};
}

Result<void> Training::save(const ir::Graph& graph) {
  const auto plain = [&](std::span<const float> arena, std::vector<float>& to) {
    to.resize(arena.empty() ? 0 : network_.plain_size());
    if (!arena.empty()) network_.to_plain(arena, to);
  };
  saved_.graph = fingerprint(graph);
  saved_.training_examples = static_cast<uint64_t>(training_.size());
  saved_.options.clear();
  for (const OptionNumber& option : option_numbers(options_)) saved_.options.push_back(option.bits);
  saved_.instruction_set = network_.kernels().name;
  plain(network_.weights(), saved_.weights);
  plain(optimiser_.first(), saved_.first);
  plain(optimiser_.second(), saved_.second);
  plain(best_weights_.span(), saved_.best_weights);
  plain(average_ ? average_->weights() : std::span<const float>(), saved_.average_weights);
  if (average_) saved_.average_state.assign(average_->state().begin(), average_->state().end());
  saved_.state.assign(network_.state().begin(), network_.state().end());
  saved_.best_state.assign(best_state_.span().begin(), best_state_.span().end());
  return options_.save_checkpoint(write_checkpoint(saved_));
}

Result<void> Training::resume(const ir::Graph& graph) {
  TADPOLE_TRY(saved_, read_checkpoint(options_.resume_from));
  const auto refuse = [](const std::string& what) {
    return Error{Code::checkpoint_damaged, "the checkpoint " + what + " Train again without --resume."};
  };
  if (saved_.graph != fingerprint(graph))
    return refuse("is of another architecture than '" + graph.name + "'.");
  if (saved_.training_examples != static_cast<uint64_t>(training_.size())) {
    return refuse("was made with " + std::to_string(saved_.training_examples) +
                  " training examples; there are " + std::to_string(training_.size()) + ".");
  }
  const std::vector<OptionNumber> options = option_numbers(options_);
  if (saved_.options.size() != options.size()) return refuse("has other options.");
  for (size_t i = 0; i < options.size(); ++i) {
    if (saved_.options[i] != options[i].bits) {
      return refuse("was made with another value of '" + std::string(options[i].name) + "'.");
    }
  }
  if (saved_.instruction_set != network_.kernels().name) {
    return refuse("was made on another kind of processor ('" + saved_.instruction_set + "', here '" +
                  network_.kernels().name + "').");
  }
  const size_t plain = network_.plain_size(), state = network_.state().size();
  const bool validates = validation_ != nullptr;
  if (saved_.weights.size() != plain || saved_.state.size() != state || saved_.first.size() != plain ||
      saved_.second.size() != (optimiser_.second().empty() ? 0 : plain)) {
    return refuse("has as many weights as another architecture.");
  }
  if (saved_.average_weights.size() != (average_ ? plain : 0) ||
      saved_.average_state.size() != (average_ ? state : 0)) {
    return refuse("has averages of another size.");
  }
  if (saved_.best_weights.size() != (validates ? plain : 0) ||
      saved_.best_state.size() != (validates ? state : 0)) {
    return refuse(validates ? "was made without validation examples." : "was made with validation examples.");
  }
  if (saved_.update > static_cast<uint64_t>(options_.updates) || saved_.epoch > saved_.update ||
      saved_.best_epoch > saved_.epoch || saved_.epochs_since_best > saved_.epoch) {
    return refuse("has counters that do not fit together.");
  }
  network_.from_plain(saved_.weights, network_.weights());
  network_.from_plain(saved_.first, optimiser_.first());
  if (!optimiser_.second().empty()) network_.from_plain(saved_.second, optimiser_.second());
  if (validates) network_.from_plain(saved_.best_weights, best_weights_.span());
  if (average_) {
    network_.from_plain(saved_.average_weights, average_->weights());
    std::copy(saved_.average_state.begin(), saved_.average_state.end(), average_->state().begin());
  }
  std::copy(saved_.state.begin(), saved_.state.end(), network_.state().begin());
  std::copy(saved_.best_state.begin(), saved_.best_state.end(), best_state_.data());
  network_.set_steps(static_cast<int64_t>(saved_.update));
  return {};
}

TrainResult Training::result() {
  TrainResult result;
  // A rate that has fallen to nothing ends in better weights than the luckiest pass over few validation
  // examples, which comes early, while the rate is high.
  const bool best = validation_ != nullptr && options_.patience > 0;
  const std::span<const float> last = average_ ? average_->weights() : network_.weights();
  const std::span<const float> last_state = average_ ? average_->state() : network_.state();
  result.graph =
      network_.to_graph(best ? best_weights_.span() : last, best ? best_state_.span() : last_state);
  result.history = saved_.history;
  result.best_epoch = static_cast<int>(best ? saved_.best_epoch : saved_.epoch);
  result.seconds = saved_.seconds;
  result.samples_per_second =
      static_cast<double>(saved_.update) * options_.batch / std::max(saved_.training_seconds, 1e-9);
  return result;
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
