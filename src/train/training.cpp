#include "train/training.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "train/batches.h"

namespace tadpole::train {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

Training::Training(Network& network, Network* teacher, const Examples& training, const Examples* validation,
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
  const size_t epochs = static_cast<size_t>((options.updates + updates_an_epoch() - 1) / updates_an_epoch());
  saved_.history.reserve(epochs);
  if (options.average > 0) average_.emplace(network, options.average);
  if (options.keep_zeros) find_zeros();
  if (validation_ == nullptr) return;
  best_weights_ = Buffer(network.weights().size());
  best_state_ = Buffer(network.state().size());
  validation_indices_.reserve(static_cast<size_t>(network.batch()));
}

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

}  // namespace tadpole::train
