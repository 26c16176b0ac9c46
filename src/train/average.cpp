// One pass over the arena of weights after each update.
#include "train/average.h"

namespace tadpole::train {

WeightAverage::WeightAverage(const Network& network, float decay)
    : decay_(decay), weights_(network.weights().size()), state_(network.state().size()) {
  std::copy(network.weights().begin(), network.weights().end(), weights_.data());
  std::copy(network.state().begin(), network.state().end(), state_.data());
}

void WeightAverage::update(const Network& network, Workers& workers, uint64_t updates) {
  const double soon = (1.0 + static_cast<double>(updates)) / (10.0 + static_cast<double>(updates));
  struct Call {
    WeightAverage* self;
    const Network* network;
    float keep;
  } call{this, &network, std::min(decay_, static_cast<float>(soon))};
  const auto mix = [](float keep, std::span<const float> now, std::span<float> average) {
    for (size_t i = 0; i < now.size(); ++i) average[i] = keep * average[i] + (1 - keep) * now[i];
  };
  workers.run(kShards, [&call, &mix](int part) {
    const Network::Range range = call.network->part(part);
    mix(call.keep, call.network->weights().subspan(range.begin, range.end - range.begin),
        call.self->weights().subspan(range.begin, range.end - range.begin));
  });
  mix(call.keep, network.state(), state());
}

void WeightAverage::Swapped::swap() {
  std::swap_ranges(network_->weights().begin(), network_->weights().end(), average_->weights().begin());
  std::swap_ranges(network_->state().begin(), network_->state().end(), average_->state().begin());
}

}  // namespace tadpole::train
