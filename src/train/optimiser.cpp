// Optimisers work on stretches of the one arena that holds all weights.
#include "train/optimiser.h"

#include <cmath>
#include <numbers>

namespace tadpole::train {

namespace {
constexpr float kBeta1 = 0.9f, kBeta2 = 0.999f, kEpsilon = 1e-8f;
}

float learning_rate(const TrainOptions& options, int update) {
  const int warmup = std::min(options.warmup_updates, options.updates - 1);
  if (update < warmup) {
    return options.learning_rate * static_cast<float>(update + 1) / static_cast<float>(warmup + 1);
  }
  switch (options.schedule) {
    case Schedule::constant:
      break;
    case Schedule::cosine: {
      const double progress = static_cast<double>(update - warmup) / std::max(1, options.updates - warmup);
      return options.learning_rate * static_cast<float>(0.5 * (1 + std::cos(std::numbers::pi * progress)));
    }
    case Schedule::step:
      return options.learning_rate * static_cast<float>(std::pow(static_cast<double>(options.step_factor),
                                                                 update / options.step_every));
  }
  return options.learning_rate;
}

OptimiserState::OptimiserState(const Network& network, Optimiser kind)
    : kind_(kind),
      first_(network.weights().size()),
      second_(kind == Optimiser::sgd ? 0 : network.weights().size()) {}

bool OptimiserState::update(Network& network, Workers& workers, const TrainOptions& options, int update) {
  struct Call {
    OptimiserState* self;
    Network* network;
    const TrainOptions* options;
    float rate, correction1, correction2;
  } call{this,
         &network,
         &options,
         learning_rate(options, update),
         static_cast<float>(1 - std::pow(static_cast<double>(kBeta1), update + 1)),
         static_cast<float>(std::sqrt(1 - std::pow(static_cast<double>(kBeta2), update + 1)))};
  workers.run(kShards, [&call](int part) {
    call.self->finite_[static_cast<size_t>(part)] = call.network->combine_gradients(part);
    call.self->update_range(*call.network, *call.options, call.network->part(part), call.rate,
                            call.correction1, call.correction2);
  });
  return std::all_of(finite_.begin(), finite_.end(), [](bool finite) { return finite; });
}

void OptimiserState::update_range(Network& network, const TrainOptions& options, Network::Range range,
                                  float rate, float correction1, float correction2) {
  const Kernels& kernels = network.kernels();
  for (const Parameter& parameter : network.parameters()) {
    const size_t begin = std::max(range.begin, parameter.offset);
    const size_t end = std::min(range.end, parameter.offset + parameter.size());
    if (begin >= end) continue;
    float* weight = network.weights().data() + begin;
    const float* gradient = network.gradients().data() + begin;
    const ptrdiff_t count = static_cast<ptrdiff_t>(end - begin);
    if (kind_ == Optimiser::sgd) {
      kernels.sgd(weight, gradient, first_.data() + begin, count, rate, options.momentum);
      continue;
    }
    const bool decays = kind_ == Optimiser::adamw && parameter.decays;
    kernels.adam(weight, gradient, first_.data() + begin, second_.data() + begin, count,
                 rate * correction2 / correction1, kBeta1, kBeta2, kEpsilon * correction2,
                 decays ? rate * options.weight_decay : 0.0f);
  }
}

}  // namespace tadpole::train
