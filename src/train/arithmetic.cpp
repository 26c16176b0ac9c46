// Passes of a network whose numbers are those of another arithmetic. Layers still compute in float, one
// sample at a time, on the other arithmetic's inputs: only to learn which of their results it clamps.
#include "train/arithmetic.h"

#include "train/network.h"

namespace tadpole::train {

void pass_straight_through(float* gradient, const uint8_t* inside, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; ++i) gradient[i] = inside[i] != 0 ? gradient[i] : 0.0f;
}

Result<void> Network::use_arithmetic(std::shared_ptr<Arithmetic> arithmetic) {
  for (const auto& value : values_) {
    if (value->norm != nullptr) {
      return Error{Code::op_unsupported, "layer '" + value->norm->name +
                                             "' is a batch norm, which only float arithmetic knows. Fold "
                                             "the graph for inference first."};
    }
  }
  arithmetic_ = std::move(arithmetic);
  for (const auto& value : values_) {
    value->rounding = std::make_unique<Rounding>();
    Rounding& rounding = *value->rounding;
    const Arithmetic::Bounds bounds = arithmetic_->bounds(value->tensor);
    rounding.low = bounds.low;
    rounding.high = bounds.high;
    if (value->needs_gradient) {
      rounding.inside.assign(static_cast<size_t>(value->size) * static_cast<size_t>(batch_), 0);
    }
    // The other arithmetic clamps.
    value->low = -std::numeric_limits<float>::infinity();
    value->high = std::numeric_limits<float>::infinity();
  }
  masters_ = Buffer(weights_.size());
  exact_answers_ = Buffer(answers_.size());
  return {};
}

Result<void> Network::round_weights() {
  if (arithmetic_ == nullptr) return {};
  TADPOLE_TRY(const ir::Graph rounded, arithmetic_->load(to_graph(weights(), state())));
  std::vector<float> plain;
  for (const Parameter& parameter : parameters_) {
    const auto values = rounded.tensors[static_cast<size_t>(parameter.tensor)].values<float>();
    plain.insert(plain.end(), values.begin(), values.end());
  }
  std::copy(weights().begin(), weights().end(), masters_.data());
  from_plain(plain, weights());
  return {};
}

void Network::restore_weights() {
  if (arithmetic_ == nullptr) return;
  std::copy(masters_.span().begin(), masters_.span().end(), weights_.data());
}

void Network::forward_exactly(const Shard& shard) {
  const auto take = [&](const Value& value, int sample) {
    arithmetic_->read(shard.index, value.tensor, {value.sample(sample), static_cast<size_t>(value.size)});
  };
  for (int sample = shard.begin; sample < shard.end; ++sample) {
    arithmetic_->run(shard.index, example(sample));
    if (!shard.training) {
      take(*logits_.value, sample);
      arithmetic_->read(shard.index, graph_.outputs[0], row(exact_answers_, sample));
      continue;
    }
    take(*input_, sample);
    Shard single = shard;
    single.begin = sample;
    single.end = sample + 1;
    for (const auto& layer : layers_) {
      layer->forward(single);
      const Value& value = *layer->out;
      const Rounding& rounding = *value.rounding;
      if (value.needs_gradient) {
        const float* before = value.sample(sample);
        uint8_t* inside = value.inside(sample);
        for (int i = 0; i < value.size; ++i)
          inside[i] = before[i] >= rounding.low && before[i] <= rounding.high ? 1 : 0;
      }
      take(value, sample);
    }
  }
}

bool Network::exactly_right(int sample, const Wanted& wanted) const {
  if (loss_.head() == Head::plain) return false;
  const std::span<const float> answer = row(exact_answers_, sample);
  if (loss_.uses_labels())
    return std::max_element(answer.begin(), answer.end()) - answer.begin() == wanted.label;
  for (size_t i = 0; i < answer.size(); ++i) {
    if ((answer[i] >= 0.5f) != (wanted.target[i] >= 0.5f)) return false;
  }
  return true;
}

}  // namespace tadpole::train
