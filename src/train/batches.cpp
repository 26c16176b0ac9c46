// Examples into a network, and the look at all of them before training.
#include "train/batches.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tadpole::train {

uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

Rng example_rng(uint64_t seed, int epoch, int index) {
  const uint64_t place = (static_cast<uint64_t>(epoch) << 32) | static_cast<uint32_t>(index);
  return Rng(mix(seed ^ mix(place)), mix(place));
}

void load_batch(Network& network, const Examples& examples, std::span<const int> indices, int epoch,
                uint64_t seed, Workers& workers, bool with_targets) {
  struct Call {
    Network* network;
    const Examples* examples;
    std::span<const int> indices;
    int epoch;
    uint64_t seed;
    bool with_targets;
  } call{&network, &examples, indices, epoch, seed, with_targets};
  workers.run(kShards, [&call](int shard) {
    const size_t count = call.indices.size();
    const size_t begin = count * static_cast<size_t>(shard) / kShards;
    const size_t end = count * static_cast<size_t>(shard + 1) / kShards;
    for (size_t i = begin; i < end; ++i) {
      Rng rng = example_rng(call.seed, call.epoch, call.indices[i]);
      const int sample = static_cast<int>(i);
      const std::span<float> features = call.network->example(sample);
      call.network->labels()[i] = call.examples->get(call.indices[i], call.epoch, rng, features);
      const std::span<float> target = call.network->target(sample);
      if (target.empty() || !call.with_targets) continue;
      if (call.examples->target_size() == 0) {
        std::copy(features.begin(), features.end(), target.begin());
      } else {
        call.examples->get_target(call.indices[i], call.epoch, features, target);
      }
    }
  });
}

namespace {

/// Networks that answer with numbers need as many in each example.
Result<void> check_target_size(const Network& network, const Examples& examples, const char* side) {
  if (network.loss().uses_labels()) return {};
  const int size = examples.target_size();
  if ((size == 0 ? network.input_size() : size) == network.outputs()) return {};
  return Error{Code::bad_shape, "the network's output layer '" + network.output_layer() + "' makes " +
                                    std::to_string(network.outputs()) + " numbers, but the " + side +
                                    " examples have " +
                                    (size == 0 ? "no targets, and " + std::to_string(network.input_size()) +
                                                     " features for an autoencoder to repeat."
                                               : "targets of " + std::to_string(size) + ".")};
}

/// Of one loaded example. `counts` has an entry a class.
Result<void> check_example(Network& network, const std::string& name, int sample, std::vector<int>& counts) {
  const auto finite = [](std::span<const float> values) {
    return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
  };
  if (!finite(network.example(sample)))
    return Error{Code::train_not_finite, name + " has features that are not finite numbers."};
  if (!finite(network.target(sample)))
    return Error{Code::train_not_finite, name + " has a target that is not a finite number."};
  if (!network.loss().uses_labels()) return {};
  const int label = network.labels()[static_cast<size_t>(sample)];
  if (label < 0 || label >= network.outputs()) {
    return Error{Code::train_bad_setting, name + " is of class " + std::to_string(label) +
                                              "; the model tells classes 0 to " +
                                              std::to_string(network.outputs() - 1) + " apart."};
  }
  ++counts[static_cast<size_t>(label)];
  return {};
}

}  // namespace

Result<std::vector<int>> check_examples(Network& network, const Examples& examples, const char* side,
                                        bool every_class, uint64_t seed, Workers& workers) {
  TADPOLE_CHECK(check_target_size(network, examples, side));
  std::vector<int> indices;
  std::vector<int> counts(network.loss().uses_labels() ? static_cast<size_t>(network.outputs()) : 0, 0);
  for (int begin = 0; begin < examples.size(); begin += network.batch()) {
    indices.resize(static_cast<size_t>(std::min(network.batch(), examples.size() - begin)));
    std::iota(indices.begin(), indices.end(), begin);
    load_batch(network, examples, indices, Examples::kLook, seed, workers);
    for (size_t i = 0; i < indices.size(); ++i) {
      TADPOLE_CHECK(check_example(network, std::string(side) + " example " + std::to_string(indices[i]),
                                  static_cast<int>(i), counts));
    }
  }
  std::string missing;
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0) missing += (missing.empty() ? "" : ", ") + examples.class_name(static_cast<int>(c));
  }
  if (every_class && !missing.empty()) {
    return Error{Code::train_class_missing, "no training examples of class " + missing +
                                                " (the network tells " + std::to_string(counts.size()) +
                                                " classes apart)."};
  }
  return counts;
}

void shuffle_epoch(std::vector<int>& order, uint64_t seed, int epoch) {
  std::iota(order.begin(), order.end(), 0);
  Rng(mix(seed), static_cast<uint64_t>(epoch)).shuffle(std::span<int>(order));
}

Error not_finite_error(const Network& network, const std::string& when, float learning_rate) {
  const std::string layer = network.first_not_finite(network.batch());
  const std::string what = layer.empty() ? "the loss is not a finite number"
                                         : "layer '" + layer + "' makes numbers that are not finite";
  return not_finite_error(when + what, learning_rate);
}

Error not_finite_error(const std::string& what, float learning_rate) {
  return {Code::train_not_finite, what + "; learning_rate is " + std::to_string(learning_rate) +
                                      ". Try a tenth of it, clip_norm = 1, or tadpole train --find-rate."};
}

}  // namespace tadpole::train
