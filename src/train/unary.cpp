// One number in, one number out: what cannot wait on a value as a clamp does. And the softmax in the middle.
#include <cmath>

#include "train/layer.h"

namespace tadpole::train {

namespace {

// Each gives the value, and the slope from what went in (x) and came out (y).
struct Logistic {
  float value(float x) const { return 1 / (1 + std::exp(-x)); }
  float slope(float, float y) const { return y * (1 - y); }
};
struct Tanh {
  float value(float x) const { return std::tanh(x); }
  float slope(float, float y) const { return 1 - y * y; }
};
struct LeakyRelu {
  float alpha;
  float value(float x) const { return x < 0 ? alpha * x : x; }
  float slope(float x, float) const { return x < 0 ? alpha : 1; }
};
struct HardSwish {
  float value(float x) const { return x * std::min(std::max(x + 3, 0.0f), 6.0f) / 6; }
  float slope(float x, float) const { return x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6; }
};
struct Abs {
  float value(float x) const { return std::abs(x); }
  float slope(float x, float) const { return x < 0 ? -1.0f : x > 0 ? 1.0f : 0.0f; }
};
struct Exp {
  float value(float x) const { return std::exp(x); }
  float slope(float, float y) const { return y; }
};
struct Rsqrt {
  float value(float x) const { return 1 / std::sqrt(x); }
  float slope(float, float y) const { return -0.5f * y * y * y; }
};

template <class Function>
class Unary final : public Layer {
 public:
  Unary(const LayerInputs& from, Function function)
      : Layer(from.node.name),
        function_(function),
        size_(static_cast<size_t>(ir::element_count(from.graph.output_of(from.node).shape))) {}
  size_t scratch_floats() const override { return 3 * size_; }

  void forward(const Shard& shard) override {
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* x = read_value(*in[0].value, sample, 1, *shard.kernels, shard.scratch);
      float* to = out->sample(sample);
      for (size_t i = 0; i < size_; ++i) to[i] = function_.value(x[i]);
      finish_output(*out, shard, sample, 1);
    }
  }

  void backward(const Shard& shard) override {
    if (!in[0].value->needs_gradient) return;
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* x = read_value(*in[0].value, sample, 1, *shard.kernels, shard.scratch);
      const float* y = out->sample(sample);
      const float* from = read_gradient(*out, sample, 1, *shard.kernels, shard.scratch + size_);
      float* target = gradient_target(in[0], sample, shard.scratch + 2 * size_);
      for (size_t i = 0; i < size_; ++i) target[i] = from[i] * function_.slope(x[i], y[i]);
      finish_gradient(in[0], shard, sample, 1, target);
    }
  }

 private:
  Function function_;
  size_t size_;
};

template <class Function>
std::unique_ptr<Layer> unary(const LayerInputs& from, Function function) {
  return std::make_unique<Unary<Function>>(from, function);
}

/// Over the last axis. With y = softmax(beta x): dx = beta * y * (dy - sum(y * dy)).
class Softmax final : public Layer {
 public:
  Softmax(const LayerInputs& from)
      : Layer(from.node.name), beta_(std::get<ir::SoftmaxAttributes>(from.node.attributes).beta) {
    const ir::Shape& shape = from.graph.output_of(from.node).shape;
    width_ = static_cast<size_t>(shape.back());
    size_ = static_cast<size_t>(ir::element_count(shape));
  }
  size_t scratch_floats() const override { return 2 * size_; }

  void forward(const Shard& shard) override {
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* x = read_value(*in[0].value, sample, 1, *shard.kernels, shard.scratch);
      float* y = out->sample(sample);
      for (size_t row = 0; row < size_; row += width_) {
        const float top = *std::max_element(x + row, x + row + width_);
        float total = 0;
        for (size_t i = row; i < row + width_; ++i) total += y[i] = std::exp(beta_ * (x[i] - top));
        for (size_t i = row; i < row + width_; ++i) y[i] /= total;
      }
      finish_output(*out, shard, sample, 1);
    }
  }

  void backward(const Shard& shard) override {
    if (!in[0].value->needs_gradient) return;
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* y = out->sample(sample);
      const float* from = read_gradient(*out, sample, 1, *shard.kernels, shard.scratch);
      float* target = gradient_target(in[0], sample, shard.scratch + size_);
      for (size_t row = 0; row < size_; row += width_) {
        float along = 0;
        for (size_t i = row; i < row + width_; ++i) along += y[i] * from[i];
        for (size_t i = row; i < row + width_; ++i) target[i] = beta_ * y[i] * (from[i] - along);
      }
      finish_gradient(in[0], shard, sample, 1, target);
    }
  }

 private:
  float beta_;
  size_t width_ = 1, size_ = 1;
};

}  // namespace

std::unique_ptr<Layer> make_unary(const LayerInputs& from) {
  switch (from.node.op) {
    case ir::Op::logistic:
      return unary(from, Logistic{});
    case ir::Op::tanh:
      return unary(from, Tanh{});
    case ir::Op::leaky_relu:
      return unary(from, LeakyRelu{std::get<ir::LeakyReluAttributes>(from.node.attributes).alpha});
    case ir::Op::hard_swish:
      return unary(from, HardSwish{});
    case ir::Op::abs:
      return unary(from, Abs{});
    case ir::Op::exp:
      return unary(from, Exp{});
    default:
      return unary(from, Rsqrt{});
  }
}

std::unique_ptr<Layer> make_softmax(const LayerInputs& from) { return std::make_unique<Softmax>(from); }

}  // namespace tadpole::train
