// An exponential moving average of all weights (Polyak and Juditsky 1992 average all; the exponential form is
// that of Adam's authors): smoother than the last weights, often better. Private to this room.
#pragma once

#include "base/workers.h"
#include "train/network.h"

namespace tadpole::train {

class WeightAverage {
 public:
  /// Begins with the network's present weights and running statistics.
  WeightAverage(const Network& network, float decay);

  /// average = d * average + (1 - d) * now, after update `updates` = 1, 2, ...; d is min(decay, (1 + updates)
  /// / (10 + updates)), so that the first weights are soon forgotten.
  void update(const Network& network, Workers& workers, uint64_t updates);

  /// Laid out as Network::weights() and Network::state().
  std::span<float> weights() const { return weights_.span(); }
  std::span<float> state() const { return state_.span(); }

  /// While it lives, the network holds the averages.
  class Swapped {
   public:
    Swapped(WeightAverage& average, Network& network) : average_(&average), network_(&network) { swap(); }
    Swapped(Swapped&& other) noexcept : average_(other.average_), network_(other.network_) {
      other.network_ = nullptr;
    }
    Swapped& operator=(Swapped&&) = delete;
    ~Swapped() {
      if (network_ != nullptr) swap();
    }

   private:
    void swap();
    WeightAverage* average_;
    Network* network_;
  };

 private:
  float decay_;
  Buffer weights_, state_;
};

}  // namespace tadpole::train
