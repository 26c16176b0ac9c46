// Optimisers work on stretches of the one arena that holds all weights.
#include "train/optimiser.h"

#include <cmath>
#include <numbers>

namespace tadpole::train {

namespace {
constexpr float kBeta1 = 0.9f, kBeta2 = 0.999f, kEpsilon = 1e-8f;
}

namespace {

double half_cosine(double from, double to, double progress) {
  return to + (from - to) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

float one_cycle(const TrainOptions& options, int update) {
  const double top = static_cast<double>(options.learning_rate), start = top / 25, end = start / 1e4;
  const double peak = 0.3 * options.updates, now = update;
  if (now < peak) return static_cast<float>(half_cosine(start, top, now / peak));
  return static_cast<float>(half_cosine(top, end, (now - peak) / std::max(1.0, options.updates - peak)));
}

}  // namespace

float learning_rate(const TrainOptions& options, int update) {
  if (options.schedule == Schedule::one_cycle) return one_cycle(options, update);
  const int warmup = std::min(options.warmup_updates, options.updates - 1);
  if (update < warmup) {
    return options.learning_rate * static_cast<float>(update + 1) / static_cast<float>(warmup + 1);
  }
  switch (options.schedule) {
    case Schedule::constant:
    case Schedule::one_cycle:
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

namespace {

bool has_mean_square(Optimiser kind) {
  return kind == Optimiser::adam || kind == Optimiser::adamw || kind == Optimiser::rmsprop;
}

void nesterov(float* weight, const float* gradient, float* velocity, ptrdiff_t count, float rate,
              float momentum) {
  for (ptrdiff_t i = 0; i < count; ++i) {
    velocity[i] = momentum * velocity[i] + gradient[i];
    weight[i] -= rate * (gradient[i] + momentum * velocity[i]);
  }
}

void rmsprop(float* weight, const float* gradient, float* velocity, float* mean_square, ptrdiff_t count,
             float rate, float momentum, float decay) {
  constexpr float kBesideRoot = 1e-7f;
  for (ptrdiff_t i = 0; i < count; ++i) {
    mean_square[i] = decay * mean_square[i] + (1 - decay) * gradient[i] * gradient[i];
    velocity[i] = momentum * velocity[i] + gradient[i] / (std::sqrt(mean_square[i]) + kBesideRoot);
    weight[i] -= rate * velocity[i];
  }
}

}  // namespace

OptimiserState::OptimiserState(const Network& network, Optimiser kind)
    : kind_(kind),
      first_(network.weights().size()),
      second_(has_mean_square(kind) ? network.weights().size() : 0) {}

bool OptimiserState::update(Network& network, Workers& workers, const TrainOptions& options, int update) {
  Step step{this,
            &network,
            &options,
            learning_rate(options, update),
            static_cast<float>(1 - std::pow(static_cast<double>(kBeta1), update + 1)),
            static_cast<float>(std::sqrt(1 - std::pow(static_cast<double>(kBeta2), update + 1)))};
  if (options.clip_norm > 0) {
    // The length of the whole gradient is known only when all parts are.
    workers.run(kShards, [&step](int part) { step.self->combine(step, part); });
    clip(network, workers, options.clip_norm);
    workers.run(kShards, [&step](int part) { step.self->update_range(step, step.network->part(part)); });
  } else {
    workers.run(kShards, [&step](int part) {
      step.self->finite_[static_cast<size_t>(part)] = step.network->combine_gradients(part);
      step.self->update_range(step, step.network->part(part));
    });
  }
  return std::all_of(finite_.begin(), finite_.end(), [](bool finite) { return finite; });
}

void OptimiserState::combine(const Step& step, int part) {
  const size_t index = static_cast<size_t>(part);
  finite_[index] = step.network->combine_gradients(part);
  const Network::Range range = step.network->part(part);
  double sum = 0;
  for (const float g : step.network->gradients().subspan(range.begin, range.end - range.begin))
    sum += static_cast<double>(g) * static_cast<double>(g);
  squares_[index] = sum;
}

void OptimiserState::clip(Network& network, Workers& workers, float limit) {
  double sum = 0;
  for (const double part : squares_) sum += part;  // in the order of the parts, whoever summed them
  const double length = std::sqrt(sum);
  if (!(length > static_cast<double>(limit))) return;
  struct Call {
    Network* network;
    float factor;
  } call{&network, static_cast<float>(static_cast<double>(limit) / length)};
  workers.run(kShards, [&call](int part) {
    const Network::Range range = call.network->part(part);
    for (float& g : call.network->gradients().subspan(range.begin, range.end - range.begin)) g *= call.factor;
  });
}

void OptimiserState::update_range(const Step& step, Network::Range range) {
  Network& network = *step.network;
  const TrainOptions& options = *step.options;
  const Kernels& kernels = network.kernels();
  for (const Parameter& parameter : network.parameters()) {
    const size_t begin = std::max(range.begin, parameter.offset);
    const size_t end = std::min(range.end, parameter.offset + parameter.size());
    if (begin >= end) continue;
    float* weight = network.weights().data() + begin;
    const float* gradient = network.gradients().data() + begin;
    float* first = first_.data() + begin;
    const ptrdiff_t count = static_cast<ptrdiff_t>(end - begin);
    switch (kind_) {
      case Optimiser::sgd:
        kernels.sgd(weight, gradient, first, count, step.rate, options.momentum);
        break;
      case Optimiser::nesterov:
        nesterov(weight, gradient, first, count, step.rate, options.momentum);
        break;
      case Optimiser::rmsprop:
        rmsprop(weight, gradient, first, second_.data() + begin, count, step.rate, options.momentum,
                options.rms_decay);
        break;
      case Optimiser::adam:
      case Optimiser::adamw: {
        const bool decays = kind_ == Optimiser::adamw && parameter.decays;
        kernels.adam(weight, gradient, first, second_.data() + begin, count,
                     step.rate * step.correction2 / step.correction1, kBeta1, kBeta2,
                     kEpsilon * step.correction2, decays ? step.rate * options.weight_decay : 0.0f);
        break;
      }
    }
  }
}

}  // namespace tadpole::train
