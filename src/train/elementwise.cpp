// Layers that keep the shape: the sum of two values, a copy (which carries a batch norm or an activation that
// cannot wait on its input), dropout.
#include "train/layer.h"

namespace tadpole::train {

namespace {

class Add final : public Layer {
 public:
  Add(const LayerInputs& from) : Layer(from.node.name) {
    size_ = static_cast<size_t>(ir::element_count(from.graph.output_of(from.node).shape));
  }
  size_t scratch_floats() const override { return 2 * size_; }

  void forward(const Shard& shard) override {
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      float* to = out->sample(sample);
      const float* a = read_value(*in[0].value, sample, 1, *shard.kernels, to);
      if (a != to) std::memcpy(to, a, size_ * sizeof(float));
      shard.kernels->add(to, read_value(*in[1].value, sample, 1, *shard.kernels, shard.scratch),
                         static_cast<ptrdiff_t>(size_));
      finish_output(*out, shard, sample, 1);
    }
  }

  void backward(const Shard& shard) override {
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* from = read_gradient(*out, sample, 1, *shard.kernels, shard.scratch);
      for (const Edge& edge : in) {
        if (!edge.value->needs_gradient) continue;
        float* target = gradient_target(edge, sample, shard.scratch + size_);
        std::memcpy(target, from, size_ * sizeof(float));
        finish_gradient(edge, shard, sample, 1, target);
      }
    }
  }

 private:
  size_t size_;
};

class Copy : public Layer {
 public:
  Copy(const LayerInputs& from) : Layer(from.node.name) {
    size_ = static_cast<size_t>(ir::element_count(from.graph.output_of(from.node).shape));
  }
  size_t scratch_floats() const override { return 2 * size_; }

  void forward(const Shard& shard) override {
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      float* to = out->sample(sample);
      const float* from = read_value(*in[0].value, sample, 1, *shard.kernels, to);
      if (from != to) std::memcpy(to, from, size_ * sizeof(float));
      if (shard.training) drop(shard, sample, to);
      finish_output(*out, shard, sample, 1);
    }
  }

  void backward(const Shard& shard) override {
    if (!in[0].value->needs_gradient) return;
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* from = read_gradient(*out, sample, 1, *shard.kernels, shard.scratch);
      float* target = gradient_target(in[0], sample, shard.scratch + size_);
      std::memcpy(target, from, size_ * sizeof(float));
      drop(shard, sample, target);
      finish_gradient(in[0], shard, sample, 1, target);
    }
  }

 protected:
  virtual void drop(const Shard& /*shard*/, int /*sample*/, float* /*values*/) const {}
  size_t size_;
};

/// Finaliser of MurmurHash3 for 64 bits: neighbouring counters give unrelated numbers.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdull;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ull;
  return x ^ (x >> 33);
}

/// What is dropped depends on (seed and update, layer, place in the batch, element) alone, so the backward
/// pass draws the same again instead of storing it.
class Dropout final : public Copy {
 public:
  Dropout(const LayerInputs& from) : Copy(from) {
    const float rate = std::get<ir::DropoutAttributes>(from.node.attributes).rate;
    threshold_ = static_cast<uint32_t>(static_cast<double>(rate) * 4294967296.0);
    grow_ = 1.0f / (1.0f - rate);
    layer_key_ = static_cast<uint64_t>(from.node.outputs[0]) + 1;
  }

 private:
  void drop(const Shard& shard, int sample, float* values) const override {
    const uint64_t key = mix(mix(shard.dropout_key + layer_key_) + static_cast<uint64_t>(sample));
    for (size_t i = 0; i < size_; ++i) {
      const uint32_t draw = static_cast<uint32_t>(mix(key + i) >> 32);
      values[i] = draw < threshold_ ? 0.0f : values[i] * grow_;
    }
  }

  uint32_t threshold_;
  float grow_;
  uint64_t layer_key_;
};

}  // namespace

std::unique_ptr<Layer> make_add(const LayerInputs& from) { return std::make_unique<Add>(from); }
std::unique_ptr<Layer> make_copy(const LayerInputs& from) { return std::make_unique<Copy>(from); }
std::unique_ptr<Layer> make_dropout(const LayerInputs& from) { return std::make_unique<Dropout>(from); }

}  // namespace tadpole::train
