// Optimisers and learning-rate schedules.
#pragma once

#include "base/workers.h"
#include "train/network.h"
#include "train/trainer.h"

namespace tadpole::train {

/// The learning rate of update 0, 1, ... : linear warm-up from options.learning_rate / warmup_updates, then
/// the schedule. Cosine (Loshchilov and Hutter 2017, without restarts) reaches 0 after the last update.
float learning_rate(const TrainOptions& options, int update);

/// SGD with momentum, Adam (beta 0.9 and 0.999, epsilon 1e-8) and AdamW.
class OptimiserState {
 public:
  OptimiserState(const Network& network, Optimiser kind);

  /// Sums the shards' gradients and updates the weights, in parallel and in one pass. False when a gradient
  /// is not finite; the weights are then spoilt.
  bool update(Network& network, Workers& workers, const TrainOptions& options, int update);

  /// SGD: velocity and nothing; Adam: first and second moment. Laid out as Network::weights().
  std::span<float> first() const { return first_.span(); }
  std::span<float> second() const { return second_.span(); }

 private:
  void update_range(Network& network, const TrainOptions& options, Network::Range range, float rate,
                    float correction1, float correction2);

  Optimiser kind_;
  Buffer first_, second_;
  std::array<bool, kShards> finite_{};
};

}  // namespace tadpole::train
