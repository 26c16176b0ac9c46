// One training from start or checkpoint to end: batches, updates, validation, early stopping, checkpoints.
// Private to this room.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "train/average.h"
#include "train/checkpoint.h"
#include "train/network.h"
#include "train/optimiser.h"
#include "train/trainer.h"

namespace tadpole::train {

/// All arguments must outlive it and fit each other; `teacher` and `validation` may be null.
class Training {
 public:
  Training(Network& network, Network* teacher, const Examples& training, const Examples* validation,
           const TrainOptions& options, Workers& workers, Progress& progress);

  /// Takes over options.resume_from. Fails: checkpoint_damaged, when it is of another training.
  Result<void> resume(const ir::Graph& graph);
  /// To the end. Fails: as train() while training.
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

}  // namespace tadpole::train
