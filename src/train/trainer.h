// The training loop: a float graph and examples in, the graph with trained weights and its history out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/workers.h"
#include "ir/graph.h"
#include "train/arithmetic.h"
#include "train/loss.h"

namespace tadpole::train {

/// The generator that get() is passed for an example in an epoch.
Rng example_rng(uint64_t seed, int epoch, int index);

/// Where examples come from. Called from several threads at once; must depend on its arguments only.
class Examples {
 public:
  static constexpr int kLook = -1;  ///< the epoch of a look before training: examples as they are, unvaried

  virtual ~Examples() = default;
  /// Examples in one epoch.
  virtual int size() const = 0;
  /// Writes example `index` as floats in the order of the graph's input and returns its class. `rng` is the
  /// example's own for this epoch, for augmentation; evaluation passes an Rng too, but asks an unaugmented
  /// source.
  virtual int get(int index, int epoch, Rng& rng, std::span<float> features) const = 0;

  /// Epoch `epoch` will draw `indices`, in this order, each with its example_rng(seed, ...): time to begin to
  /// make them in another thread. Called from the training's thread: the first epoch is announced before
  /// training starts, each other one when the epoch before it starts. Fails: what went wrong in making what
  /// was announced earlier; the training ends with it.
  virtual Result<void> announce(int /*epoch*/, std::span<const int> /*indices*/, uint64_t /*seed*/) const {
    return {};
  }

  /// Numbers that an example should answer, for networks that do not end in a softmax; 0: its own features,
  /// as an autoencoder.
  virtual int target_size() const { return 0; }
  /// Writes them: [target_size()]. `features` are what get() wrote.
  virtual void get_target(int /*index*/, int /*epoch*/, std::span<const float> /*features*/,
                          std::span<float> /*target*/) const {}
  /// For messages.
  virtual std::string class_name(int index) const { return std::to_string(index); }
};

enum class Optimiser : uint8_t {
  sgd,  ///< with momentum; momentum = 0: without
  adam,
  adamw,
  nesterov,  ///< momentum that looks ahead (Nesterov 1983, in the form of Sutskever et al. 2013)
  rmsprop,   ///< Tieleman and Hinton 2012
};
enum class Schedule : uint8_t {
  constant,
  cosine,
  step,
  one_cycle,  ///< up to the rate over 30 % of the updates, down to nothing in the rest (Smith 2018)
};

/// [train] of tadpole.toml.
struct TrainOptions {
  int updates = 1500;  ///< optimiser steps at most
  int batch = 100;
  Optimiser optimiser = Optimiser::adamw;
  float learning_rate = 3e-3f;
  float momentum = 0.9f;      ///< sgd, nesterov, rmsprop
  float rms_decay = 0.9f;     ///< rmsprop: of the mean square
  float weight_decay = 0.3f;  ///< adamw: decoupled, times the learning rate; the others: none. So much keeps
                              ///< weights small enough for int8 (docs/results.md)
  float clip_norm = 0;  ///< gradients longer than this, all weights together, are shortened to it; 0 = never
  float average = 0;  ///< decay of the moving average of the weights, which is then validated and kept, such
                      ///< as 0.999; 0 = the weights themselves
  Schedule schedule = Schedule::cosine;
  int step_every = 1000;  ///< step: multiply the rate by step_factor every so many updates
  float step_factor = 0.1f;
  int warmup_updates = 100;  ///< the rate grows linearly from 0 over so many updates; not with one_cycle
  LossOptions loss{.label_smoothing = 0.1f, .teacher_share = 0.7f};  ///< the share counts with a teacher
  /// loss.class_weights become those under which every class counts alike, however many examples it has:
  /// examples / (classes * examples of the class).
  bool balance_classes = false;
  /// A trained graph with the same input and outputs to learn from (loss.teacher_share); it sees the same
  /// augmented examples.
  std::shared_ptr<const ir::Graph> teacher;
  /// Weights (not biases) of `graph` that are exactly 0 stay 0: fine-tuning of a network whose small weights
  /// were set to zero.
  bool keep_zeros = false;
  /// Null: float. Else what the network is trained for: its losses, answers and validation are computed in
  /// it. The graph then has no batch norm.
  std::shared_ptr<Arithmetic> arithmetic;
  int patience = 0;  ///< early stopping: epochs without a better validation loss; 0 = never
  uint64_t seed = 1;
  /// Called after every `checkpoint_every_epochs`-th epoch and after the last with a checkpoint's bytes, to
  /// be kept where the caller likes; a failure ends the training with that error.
  std::function<Result<void>(std::span<const uint8_t> checkpoint)> save_checkpoint;
  int checkpoint_every_epochs = 1;
  /// A checkpoint to go on from; empty = start anew. The result is the same to the bit as if the training had
  /// never stopped.
  std::vector<uint8_t> resume_from;
};

/// One line of metrics.jsonl.
struct EpochMetrics {
  int epoch = 0, update = 0;
  float learning_rate = 0, train_loss = 0, train_accuracy = 0, validation_loss = 0, validation_accuracy = 0;
  float train_error = 0, validation_error = 0;  ///< mean absolute error of networks that answer with numbers
  double seconds = 0;                           ///< since the start of the training, checks left out
  double samples_per_second = 0;                ///< of this epoch, validation left out
};

struct TrainResult {
  ir::Graph graph;  ///< trained; the last weights, or with validation and patience > 0 those of the epoch
                    ///< with the lowest validation loss
  std::vector<EpochMetrics> history;
  int best_epoch = 0;  ///< whose weights these are
  double seconds = 0;
  double samples_per_second = 0;  ///< training only, validation passes left out
};

/// Trains `graph` (one input, one output) to make options.loss small. Same graph, examples and options give
/// the same bits for any number of threads on one instruction set. `on_epoch` is called after each epoch,
/// before its checkpoint is saved. Fails before training: train_bad_setting (range, batch larger than the
/// set), bad_shape, op_unsupported, train_class_missing, checkpoint_damaged (damaged, or of another graph,
/// data or options: says which); while training: train_not_finite (names the layer where it began), cancelled
/// (the last checkpoint stays), and whatever save_checkpoint and Examples::announce return.
Result<TrainResult> train(const ir::Graph& graph, const Examples& training, const Examples* validation,
                          const TrainOptions& options, Workers& workers, Progress& progress,
                          const std::function<void(const EpochMetrics&)>& on_epoch = {});

/// The answers for every example (class probabilities, or numbers), row-major [examples, outputs], in
/// evaluation mode (running batch-norm statistics, no dropout).
Result<std::vector<float>> predict(const ir::Graph& graph, const Examples& examples, Workers& workers);

}  // namespace tadpole::train
