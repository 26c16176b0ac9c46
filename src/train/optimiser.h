// Optimisers and learning-rate schedules.
#pragma once

#include "base/workers.h"
#include "train/network.h"
#include "train/trainer.h"

namespace tadpole::train {

/// The learning rate of update 0, 1, ... : linear warm-up from options.learning_rate / warmup_updates, then
/// the schedule. Cosine (Loshchilov and Hutter 2017, without restarts) reaches 0 after the last update. One
/// cycle goes by half cosines from a 25th of the rate to the rate, and to a 250,000th, without warm-up.
float learning_rate(const TrainOptions& options, int update);

/// SGD with momentum or Nesterov momentum, RMSprop (epsilon 1e-7 beside the root), Adam (beta 0.9 and 0.999,
/// epsilon 1e-8) and AdamW.
class OptimiserState {
 public:
  OptimiserState(const Network& network, Optimiser kind);

  /// Sums the shards' gradients, clips them when asked to, and updates the weights, in parallel. False when a
  /// gradient is not finite; the weights are then spoilt.
  bool update(Network& network, Workers& workers, const TrainOptions& options, int update);

  /// Velocity, or Adam's first moment; mean square (empty for those without). Laid out as
  /// Network::weights().
  std::span<float> first() const { return first_.span(); }
  std::span<float> second() const { return second_.span(); }

 private:
  struct Step {
    OptimiserState* self;
    Network* network;
    const TrainOptions* options;
    float rate, correction1, correction2;
  };
  void combine(const Step& step, int part);
  void clip(Network& network, Workers& workers, float limit);
  void update_range(const Step& step, Network::Range range);

  Optimiser kind_;
  Buffer first_, second_;
  std::array<bool, kShards> finite_{};
  std::array<double, kShards> squares_{};  ///< of each part's gradients
};

}  // namespace tadpole::train
