// Which settings of a block part the classes best, measured on a part of the data before any training.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/workers.h"
#include "features/feature_block.h"
#include "samples/dataset.h"

namespace tadpole::features {

/// One choice of settings and what is known of it.
struct Candidate {
  FeatureConfig config;
  std::string change;     ///< how it differs from the project's settings: "bands = 20", or "as it is"
  double fisher = 0;      ///< variance between the classes over variance within them, mean over the features
  double accuracy = 0;    ///< share of validation samples whose nearest class mean is their own
  int values = 0;         ///< features in one input
  int64_t ram_bytes = 0;  ///< scratch and what a stream keeps; without the model
  int64_t flash_bytes = 0;   ///< tables
  int64_t instructions = 0;  ///< estimated for a Cortex-M4, for one second of sound or one input
};

/// The project's settings first, then neighbours of them that are accepted.
std::vector<FeatureConfig> neighbours(const FeatureConfig& config);

/// Measures each choice on at most `samples_per_class` training and as many validation samples of each class,
/// evenly taken; features are standardised on the training ones. Choices that the samples do not fit are left
/// out. Deterministic for any number of threads.
std::vector<Candidate> measure(std::span<const FeatureConfig> configs, const samples::Dataset& data,
                               int samples_per_class, Workers& workers);

/// The one with the best accuracy; of those within 1 % of it, the cheapest. -1 when there is none.
int best_of(std::span<const Candidate> candidates);

}  // namespace tadpole::features
