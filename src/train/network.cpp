// The passes over a compiled network.
#include "train/network.h"

#include <cmath>

namespace tadpole::train {

// Which thread does which shard decides nothing but the speed: a core that gets its own samples again, the
// last first, still has them in its cache.
size_t Network::take_scratch() {
  static thread_local const char here = 0;
  const auto take = [this](size_t slot) {
    return !scratch_taken_[slot].exchange(true, std::memory_order_acquire);
  };
  for (size_t slot = 0; slot < kShards; ++slot) {
    if (scratch_owner_[slot].load(std::memory_order_relaxed) == &here && take(slot)) return slot;
  }
  for (size_t slot = 0;; slot = (slot + 1) % kShards) {
    if (!take(slot)) continue;
    scratch_owner_[slot].store(&here, std::memory_order_relaxed);
    return slot;
  }
}

/// Of `places` threads the place'th: first its own share of the shards, then what others have left.
int Network::take_shard(size_t place, int places) {
  const int share = static_cast<int>(place) % places * kShards / places;
  for (int i = 0; i < kShards; ++i) {
    const int shard = (backwards_ ? share + kShards / places + kShards - 1 - i : share + i) % kShards;
    if (!shard_taken_[static_cast<size_t>(shard)].exchange(true, std::memory_order_relaxed)) return shard;
  }
  return -1;  // not reached: as many calls as shards
}

void Network::run_shards(Workers& workers, int count, bool training, uint64_t dropout_key,
                         const std::function<void(const Shard&)>& body) {
  struct Call {
    Network* network;
    const std::function<void(const Shard&)>* body;
    int count;
    bool training;
    uint64_t dropout_key;
    int threads;
  } call{this, &body, count, training, dropout_key, std::min(workers.threads(), kShards)};
  for (std::atomic<bool>& taken : shard_taken_) taken.store(false, std::memory_order_relaxed);
  backwards_ = !backwards_;
  // Captures one pointer, so that std::function keeps it without the heap.
  workers.run(kShards, [&call](int) {
    Network& network = *call.network;
    const size_t slot = network.take_scratch();
    const int index = network.take_shard(slot, call.threads);
    Shard shard;
    shard.index = index;
    shard.begin = static_cast<int>(int64_t{call.count} * index / kShards);
    shard.end = static_cast<int>(int64_t{call.count} * (index + 1) / kShards);
    shard.training = call.training;
    shard.dropout_key = call.dropout_key;
    shard.kernels = network.kernels_;
    shard.scratch = network.scratch_[slot].data();
    shard.weights = network.weights_.data();
    shard.gradients = network.gradients_.data() + static_cast<size_t>(index) * network.weights_.size();
    (*call.body)(shard);
    network.scratch_taken_[slot].store(false, std::memory_order_release);
  });
}

void Network::shard_loss(const Shard& shard) {
  const float scale = 1.0f / static_cast<float>(batch_);
  Outcome sum;
  for (int sample = shard.begin; sample < shard.end; ++sample) {
    const float* z = read_value(*logits_.value, sample, 1, *kernels_, shard.scratch);
    float* gradient =
        shard.training ? gradient_target(logits_, sample, shard.scratch + logits_.value->size) : nullptr;
    const Wanted wanted{labels_[static_cast<size_t>(sample)], row(targets_, sample).data(),
                        row(teacher_, sample).data()};
    SampleLoss of_sample = loss_.of(z, wanted, row(answers_, sample).data(), gradient, scale);
    if (arithmetic_ != nullptr && !shard.training) {
      const std::span<const float> exact = row(exact_answers_, sample);
      std::copy(exact.begin(), exact.end(), row(answers_, sample).begin());
      of_sample.correct = exactly_right(sample, wanted);
    }
    sum.loss += of_sample.loss;
    sum.correct += of_sample.correct ? 1 : 0;
    sum.absolute_error += of_sample.absolute_error;
    if (shard.training) finish_gradient(logits_, shard, sample, 1, gradient);
  }
  shard_outcome_[static_cast<size_t>(shard.index)] = sum;
}

Result<void> Network::set_class_weights(std::vector<float> weights) {
  TADPOLE_TRY(loss_, loss_.with_class_weights(std::move(weights)));
  return {};
}

Outcome Network::sum_outcome(int count) const {
  Outcome outcome;
  for (const Outcome& part : shard_outcome_) {
    outcome.loss += part.loss;
    outcome.correct += part.correct;
    outcome.absolute_error += part.absolute_error;
  }
  outcome.loss /= count;
  outcome.absolute_error /= count;
  return outcome;
}

Outcome Network::train_step(Workers& workers, uint64_t dropout_key) {
  const float* weights = weights_.data();
  const auto parameter = [&](int index) { return weights + parameters_[static_cast<size_t>(index)].offset; };
  for (const auto& value : values_) {
    if (value->norm != nullptr) begin_batch_norm(*value, state_.data());
  }
  workers.run(kShards, [this](int index) {
    float* gradients = gradients_.data() + static_cast<size_t>(index) * weights_.size();
    for (const Parameter& p : parameters_) {
      if (!p.overwritten) std::memset(gradients + p.offset, 0, p.size() * sizeof(float));
    }
    for (size_t i = static_cast<size_t>(index); i < layers_.size(); i += kShards) {
      layers_[i]->prepare(weights_.data());
    }
  });
  for (const Group& group : forward_groups_) {
    run_shards(workers, batch_, true, dropout_key, [this, &group](const Shard& shard) {
      if (arithmetic_ != nullptr) return forward_exactly(shard);
      for (int i = group.begin; i < group.end; ++i) layers_[static_cast<size_t>(i)]->forward(shard);
    });
    Value& value = *layers_[static_cast<size_t>(group.end - 1)]->out;
    if (value.norm != nullptr) {
      finish_batch_norm(value, parameter(value.norm->gamma), parameter(value.norm->beta), state_.data(),
                        batch_, steps_);
    }
  }
  run_shards(workers, batch_, true, dropout_key, [this](const Shard& shard) { shard_loss(shard); });
  for (const Group& group : backward_groups_) {
    Value& value = *layers_[static_cast<size_t>(group.end - 1)]->out;
    if (value.norm != nullptr) {
      finish_batch_norm_gradient(
          value, parameter(value.norm->gamma),
          gradients_.data() + parameters_[static_cast<size_t>(value.norm->gamma)].offset,
          gradients_.data() + parameters_[static_cast<size_t>(value.norm->beta)].offset, batch_);
    }
    run_shards(workers, batch_, true, dropout_key, [this, &group](const Shard& shard) {
      for (int i = group.end - 1; i >= group.begin; --i) {
        Layer& layer = *layers_[static_cast<size_t>(i)];
        if (layer.out->needs_gradient) layer.backward(shard);
      }
    });
  }
  ++steps_;
  return sum_outcome(batch_);
}

Outcome Network::evaluate(Workers& workers, int count) {
  const auto parameter = [&](int index) {
    return weights_.data() + parameters_[static_cast<size_t>(index)].offset;
  };
  for (const auto& value : values_) {
    if (value->norm == nullptr) continue;
    use_running_statistics(*value, parameter(value->norm->gamma), parameter(value->norm->beta),
                           state_.data());
  }
  for (const auto& layer : layers_) layer->prepare(weights_.data());
  run_shards(workers, count, false, 0, [this](const Shard& shard) {
    if (arithmetic_ != nullptr) {
      forward_exactly(shard);
    } else {
      for (const auto& layer : layers_) layer->forward(shard);
    }
    shard_loss(shard);
  });
  return sum_outcome(count);
}

Network::Range Network::part(int index) const {
  // Whole cache lines, so that two threads never write the same one.
  const size_t lines = (weights_.size() + 15) / 16;
  const size_t position = static_cast<size_t>(index);
  return {std::min(weights_.size(), lines * position / kShards * 16),
          std::min(weights_.size(), lines * (position + 1) / kShards * 16)};
}

bool Network::combine_gradients(int index) {
  const Range range = part(index);
  float* sum = gradients_.data();
  const ptrdiff_t count = static_cast<ptrdiff_t>(range.end - range.begin);
  for (size_t shard = 1; shard < kShards; ++shard) {
    kernels_->add(sum + range.begin, sum + shard * weights_.size() + range.begin, count);
  }
  uint32_t largest_exponent = 0;
  for (size_t i = range.begin; i < range.end; ++i) {
    uint32_t bits;
    std::memcpy(&bits, sum + i, sizeof bits);
    largest_exponent = std::max(largest_exponent, bits & 0x7f800000u);
  }
  return largest_exponent != 0x7f800000u;
}

std::string Network::first_not_finite(int count) const {
  const auto finite = [](std::span<const float> values) {
    return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
  };
  const auto stored = [&](const Value& value) {
    return std::span<const float>(value.data, static_cast<size_t>(value.size) * static_cast<size_t>(count));
  };
  if (!finite(stored(*input_))) return "input";
  for (const auto& layer : layers_) {
    if (!finite(stored(*layer->out))) return layer->name;
    if (layer->out->norm != nullptr && !finite(layer->out->shift.span())) return layer->out->norm->name;
  }
  return "";
}

size_t Network::plain_size() const {
  size_t size = 0;
  for (const Parameter& p : parameters_) {
    size += static_cast<size_t>(p.rows) * static_cast<size_t>(p.columns);
  }
  return size;
}

namespace {

/// body(place in the arena, place in the plain array) for every number of every parameter.
template <class Body>
void each_number(const std::deque<Parameter>& parameters, Body&& body) {
  size_t plain = 0;
  for (const Parameter& p : parameters) {
    const size_t rows = static_cast<size_t>(p.rows), columns = static_cast<size_t>(p.columns);
    const size_t stride = static_cast<size_t>(p.stride);
    for (size_t i = 0; i < rows * columns; ++i) {
      const size_t row = p.transposed ? i % rows : i / columns;
      const size_t column = p.transposed ? i / rows : i % columns;
      body(p.offset + row * stride + column, plain + i);
    }
    plain += rows * columns;
  }
}

}  // namespace

void Network::to_plain(std::span<const float> arena, std::span<float> plain) const {
  each_number(parameters_, [&](size_t from, size_t to) { plain[to] = arena[from]; });
}

void Network::from_plain(std::span<const float> plain, std::span<float> arena) const {
  each_number(parameters_, [&](size_t to, size_t from) { arena[to] = plain[from]; });
}

ir::Graph Network::to_graph(std::span<const float> weights, std::span<const float> state) const {
  ir::Graph graph = graph_;
  std::vector<float> plain(plain_size());
  to_plain(weights, plain);
  size_t at = 0;
  const auto set = [&](int tensor, std::span<const float> values) {
    graph.tensors[static_cast<size_t>(tensor)].constant = ir::make_constant<float>(values);
  };
  for (const Parameter& p : parameters_) {
    const size_t size = static_cast<size_t>(p.rows) * static_cast<size_t>(p.columns);
    set(p.tensor, std::span<const float>(plain).subspan(at, size));
    at += size;
  }
  for (const auto& value : values_) {
    if (value->norm == nullptr) continue;
    const size_t channels = static_cast<size_t>(value->norm->channels);
    set(value->norm->mean_tensor, state.subspan(value->norm->state_offset, channels));
    set(value->norm->variance_tensor, state.subspan(value->norm->state_offset + channels, channels));
  }
  return graph;
}

}  // namespace tadpole::train
