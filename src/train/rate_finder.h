// The range test for the learning rate (Smith 2017): the rate grows from update to update, and the loss tells
// where it is too small, right and too large.
#pragma once

#include <string>
#include <vector>

#include "train/trainer.h"

namespace tadpole::train {

struct RateFinderOptions {
  float low = 1e-6f, high = 1;
  int updates = 100;  ///< at most; ends earlier when the loss is 4 times the best
};

/// One update of the test.
struct RateTrial {
  float rate = 0;
  double loss = 0, smooth_loss = 0;  ///< smooth: exponential mean over some ten updates
};

struct RateFound {
  std::vector<RateTrial> trials;
  float proposal = 0;  ///< where the smooth loss falls fastest
  float best = 0;      ///< where it is least; larger rates are too large
  std::string words;   ///< what to do with it
};

/// Trains a copy of `graph` with options.optimiser and batches; the schedule, warm-up and averaging are left
/// out. The same seed gives the same bits for any number of threads. Fails: as train(), and train_bad_setting
/// when no rate makes the loss smaller. Cost: `updates` updates.
Result<RateFound> find_rate(const ir::Graph& graph, const Examples& training, const TrainOptions& options,
                            const RateFinderOptions& test, Workers& workers, Progress& progress);

}  // namespace tadpole::train
