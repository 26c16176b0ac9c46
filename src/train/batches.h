// Examples into a network, and the look at all of them before training.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/workers.h"
#include "train/network.h"
#include "train/trainer.h"

namespace tadpole::train {

/// Finaliser of splitmix64 (Steele, Lea and Flood 2014).
uint64_t mix(uint64_t x);

/// Puts examples `indices` into the network's samples with their labels or targets, in parallel. Without
/// targets where only answers are asked for: then they need not fit the network.
void load_batch(Network& network, const Examples& examples, std::span<const int> indices, int epoch,
                uint64_t seed, Workers& workers, bool with_targets = true);

/// The order of an epoch: 0 ... order.size() - 1, shuffled.
void shuffle_epoch(std::vector<int>& order, uint64_t seed, int epoch);

/// Looks at every example once, unvaried, before the first update: labels in range, finite numbers, and for
/// training at least one example a class. Gives the examples of each class. `side` is for messages.
Result<std::vector<int>> check_examples(Network& network, const Examples& examples, const char* side,
                                        bool every_class, uint64_t seed, Workers& workers);

/// train_not_finite with what to try: the layer where it began in the last training step, or `what`.
Error not_finite_error(const Network& network, const std::string& when, float learning_rate);
Error not_finite_error(const std::string& what, float learning_rate);

}  // namespace tadpole::train
