// LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000) and GRU (Cho et al. 2014)
// over a whole sequence, from a state of zeros; backpropagation through time. A sample's sequence is one row
// a step, whether batch or time comes first.
#include <array>
#include <cmath>

#include "train/layer.h"

namespace tadpole::train {

namespace {

float logistic(float x) { return 1 / (1 + std::exp(-x)); }

/// An LSTM gate's matrices: what it makes of the input and of the state before.
struct Gate {
  const Parameter* weights = nullptr;
  const Parameter* recurrent = nullptr;
  const Parameter* bias = nullptr;
};

/// What both layers share. Everything that the backward pass needs of the forward pass is kept: `kept_rows()`
/// rows of `units` floats for each step of each sample.
class Recurrent : public Layer {
 public:
  Recurrent(const LayerInputs& from, int units, int kept_rows)
      : Layer(from.node.name), units_(units), kept_rows_(kept_rows) {
    const ir::Shape& shape = from.graph.input_of(from.node, 0).shape;
    features_ = shape.back();
    steps_ = static_cast<int>(ir::element_count(shape)) / features_;
    kept_ = Buffer(static_cast<size_t>(from.batch) * static_cast<size_t>(steps_) * row_floats());
  }

  size_t scratch_floats() const override {
    return static_cast<size_t>(steps_) * static_cast<size_t>(2 * features_ + units_) + 8 * padded_units();
  }

  void forward(const Shard& shard) override {
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* x = read_value(*in[0].value, sample, 1, *shard.kernels, shard.scratch);
      float* h = out->sample(sample);
      for (int t = 0; t < steps_; ++t) {
        step(shard, x + ptrdiff_t{t} * features_, t > 0 ? h + ptrdiff_t{t - 1} * units_ : nullptr,
             t > 0 ? kept(sample, t - 1) : nullptr, kept(sample, t), h + ptrdiff_t{t} * units_);
      }
      finish_output(*out, shard, sample, 1);
    }
  }

  void backward(const Shard& shard) override {
    float* x_spare = shard.scratch;
    float* target = x_spare + ptrdiff_t{steps_} * features_;
    float* gradient_spare = target + ptrdiff_t{steps_} * features_;
    float* work = gradient_spare + ptrdiff_t{steps_} * units_;
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* x = read_value(*in[0].value, sample, 1, *shard.kernels, x_spare);
      const float* h = out->sample(sample);
      const float* from = read_gradient(*out, sample, 1, *shard.kernels, gradient_spare);
      const bool passes_on = in[0].value->needs_gradient;
      float* dx = passes_on ? gradient_target(in[0], sample, target) : nullptr;
      if (passes_on)
        std::memset(dx, 0, static_cast<size_t>(steps_) * static_cast<size_t>(features_) * sizeof(float));
      std::memset(work, 0, 8 * padded_units() * sizeof(float));
      for (int t = steps_; t-- > 0;) {
        float* dh = work;  // what later steps want of this state
        for (int u = 0; u < units_; ++u) dh[u] += from[ptrdiff_t{t} * units_ + u];
        step_backward(shard, x + ptrdiff_t{t} * features_, t > 0 ? h + ptrdiff_t{t - 1} * units_ : nullptr,
                      t > 0 ? kept(sample, t - 1) : nullptr, kept(sample, t),
                      passes_on ? dx + ptrdiff_t{t} * features_ : nullptr, work);
      }
      if (passes_on) finish_gradient(in[0], shard, sample, 1, dx);
    }
  }

 protected:
  /// Computes one step: the new state `h` [units], and in `now` what the backward pass needs. `before` and
  /// `kept_before` are those of the step before, null at the start.
  virtual void step(const Shard& shard, const float* x, const float* before, const float* kept_before,
                    float* now, float* h) const = 0;
  /// work[0] holds the gradient of the step's state and takes that of the state before; work[1 ...] rows of
  /// padded_units() keep what they hold from step to step. dx is added to, when set.
  virtual void step_backward(const Shard& shard, const float* x, const float* before,
                             const float* kept_before, const float* now, float* dx, float* work) const = 0;

  size_t padded_units() const { return static_cast<size_t>(round_up(units_, 16)); }
  const float* weight(const Shard& shard, const Parameter* parameter, int row, int column) const {
    return shard.weights + parameter->offset + ptrdiff_t{row} * parameter->stride + column;
  }
  float* gradient(const Shard& shard, const Parameter* parameter, int row, int column) const {
    return shard.gradients + parameter->offset + ptrdiff_t{row} * parameter->stride + column;
  }

  /// to [units] (+)= x [rows] * matrix + bias.
  void product(const Shard& shard, const float* x, int rows, const Parameter* matrix, const Parameter* bias,
               int column, bool add, float* to) const {
    for (int u = 0; u < units_; ++u) {
      const float start = add ? to[u] : 0.0f;
      to[u] = bias != nullptr ? start + weight(shard, bias, 0, column)[u] : start;
    }
    if (x == nullptr) return;
    for (int r = 0; r < rows; ++r) {
      const float* row = weight(shard, matrix, r, column);
      for (int u = 0; u < units_; ++u) to[u] += x[r] * row[u];
    }
  }

  /// The backward pass of product(): from the gradient `d` [units] to those of matrix, bias and, when set, x.
  void product_backward(const Shard& shard, const float* x, int rows, const Parameter* matrix,
                        const Parameter* bias, int column, const float* d, float* dx) const {
    if (bias != nullptr) {
      float* to = gradient(shard, bias, 0, column);
      for (int u = 0; u < units_; ++u) to[u] += d[u];
    }
    if (x == nullptr) return;
    for (int r = 0; r < rows; ++r) {
      float* to = gradient(shard, matrix, r, column);
      for (int u = 0; u < units_; ++u) to[u] += x[r] * d[u];
    }
    if (dx == nullptr) return;
    for (int r = 0; r < rows; ++r) {
      const float* row = weight(shard, matrix, r, column);
      float sum = 0;
      for (int u = 0; u < units_; ++u) sum += row[u] * d[u];
      dx[r] += sum;
    }
  }

  int units_, features_ = 1, steps_ = 1;

 private:
  size_t row_floats() const { return static_cast<size_t>(kept_rows_) * static_cast<size_t>(units_); }
  float* kept(int sample, int step) const {
    return kept_.data() +
           (static_cast<size_t>(sample) * static_cast<size_t>(steps_) + static_cast<size_t>(step)) *
               row_floats();
  }

  int kept_rows_;
  Buffer kept_;
};

/// i, f, o = logistic(W x + R h + b); g = tanh(...); c' = f c + i g; h' = o tanh(c').
class Lstm final : public Recurrent {
  enum Row { kInput, kForget, kCandidate, kOutput, kCell, kRows };

 public:
  Lstm(const LayerInputs& from) : Recurrent(from, from.graph.input_of(from.node, 2).shape[0], kRows) {
    for (size_t gate = 0; gate < gates_.size(); ++gate) {
      gates_[gate] = {from.by_position[1 + gate], from.by_position[5 + gate], from.by_position[12 + gate]};
    }
  }

 private:
  void step(const Shard& shard, const float* x, const float* before, const float* kept_before, float* now,
            float* h) const override {
    for (int g = 0; g < 4; ++g) {
      const Gate& gate = gates_[static_cast<size_t>(g)];
      float* to = now + g * units_;
      product(shard, x, features_, gate.weights, gate.bias, 0, false, to);
      product(shard, before, units_, gate.recurrent, nullptr, 0, true, to);
      for (int u = 0; u < units_; ++u) to[u] = g == kCandidate ? std::tanh(to[u]) : logistic(to[u]);
    }
    for (int u = 0; u < units_; ++u) {
      const float cell = kept_before != nullptr ? kept_before[kCell * units_ + u] : 0.0f;
      now[kCell * units_ + u] =
          now[kForget * units_ + u] * cell + now[kInput * units_ + u] * now[kCandidate * units_ + u];
      h[u] = now[kOutput * units_ + u] * std::tanh(now[kCell * units_ + u]);
    }
  }

  void step_backward(const Shard& shard, const float* x, const float* before, const float* kept_before,
                     const float* now, float* dx, float* work) const override {
    float* dh = work;
    float* dc = work + padded_units();
    float* d[4];
    for (size_t g = 0; g < 4; ++g) d[g] = work + (2 + g) * padded_units();
    for (int u = 0; u < units_; ++u) {
      const float i = now[kInput * units_ + u], f = now[kForget * units_ + u];
      const float g = now[kCandidate * units_ + u], o = now[kOutput * units_ + u];
      const float t = std::tanh(now[kCell * units_ + u]);
      const float cell = kept_before != nullptr ? kept_before[kCell * units_ + u] : 0.0f;
      dc[u] += dh[u] * o * (1 - t * t);
      d[kOutput][u] = dh[u] * t * o * (1 - o);
      d[kForget][u] = dc[u] * cell * f * (1 - f);
      d[kInput][u] = dc[u] * g * i * (1 - i);
      d[kCandidate][u] = dc[u] * i * (1 - g * g);
      dc[u] *= f;
      dh[u] = 0;
    }
    for (size_t g = 0; g < 4; ++g) {
      const Gate& gate = gates_[g];
      product_backward(shard, x, features_, gate.weights, gate.bias, 0, d[g], dx);
      product_backward(shard, before, units_, gate.recurrent, nullptr, 0, d[g], dh);
    }
  }

  std::array<Gate, 4> gates_;
};

/// z, r = logistic(W x + b + R h + c); n = tanh(W x + b + r * (R h + c)), or of R (r * h) + c when the reset
/// comes first; h' = (1 - z) n + z h.
class Gru final : public Recurrent {
  enum Row { kUpdate, kReset, kFresh, kRecurrent, kRows };

 public:
  Gru(const LayerInputs& from)
      : Recurrent(from, from.graph.input_of(from.node, 2).shape[1], kRows),
        weights_(from.by_position[1]),
        recurrent_(from.by_position[2]),
        bias_(from.by_position[3]),
        recurrent_bias_(from.by_position[4]),
        linear_before_reset_(std::get<ir::GruAttributes>(from.node.attributes).linear_before_reset) {}

 private:
  void step(const Shard& shard, const float* x, const float* before, const float*, float* now,
            float* h) const override {
    for (int g = 0; g < 3; ++g)
      product(shard, x, features_, weights_, bias_, g * units_, false, now + g * units_);
    for (int g = 0; g < 2; ++g) {
      float* gate = now + g * units_;
      product(shard, before, units_, recurrent_, recurrent_bias_, g * units_, true, gate);
      for (int u = 0; u < units_; ++u) gate[u] = logistic(gate[u]);
    }
    // kRecurrent keeps R h + c when the reset comes after, else what R is multiplied with: r * h.
    float* recurrent = now + kRecurrent * units_;
    const float* reset = now + kReset * units_;
    float* fresh = now + kFresh * units_;
    if (linear_before_reset_) {
      product(shard, before, units_, recurrent_, recurrent_bias_, 2 * units_, false, recurrent);
      for (int u = 0; u < units_; ++u) fresh[u] += reset[u] * recurrent[u];
    } else {
      for (int u = 0; u < units_; ++u) recurrent[u] = before != nullptr ? reset[u] * before[u] : 0.0f;
      product(shard, recurrent, units_, recurrent_, recurrent_bias_, 2 * units_, true, fresh);
    }
    for (int u = 0; u < units_; ++u) {
      fresh[u] = std::tanh(fresh[u]);
      const float update = now[kUpdate * units_ + u];
      h[u] = (1 - update) * fresh[u] + (before != nullptr ? update * before[u] : 0.0f);
    }
  }

  void step_backward(const Shard& shard, const float* x, const float* before, const float*, const float* now,
                     float* dx, float* work) const override {
    float* dh = work;
    float* d[4];
    for (size_t g = 0; g < 4; ++g) d[g] = work + (1 + g) * padded_units();
    float* through = work + 5 * padded_units();  // gradient of r * h
    const float* reset = now + kReset * units_;
    const float* recurrent = now + kRecurrent * units_;
    for (int u = 0; u < units_; ++u) {
      const float z = now[kUpdate * units_ + u], n = now[kFresh * units_ + u];
      const float h = before != nullptr ? before[u] : 0.0f;
      d[kUpdate][u] = dh[u] * (h - n) * z * (1 - z);
      d[kFresh][u] = dh[u] * (1 - z) * (1 - n * n);
      dh[u] *= z;
      through[u] = 0;
    }
    if (linear_before_reset_) {
      for (int u = 0; u < units_; ++u) {
        d[kReset][u] = d[kFresh][u] * recurrent[u];
        d[kRecurrent][u] = d[kFresh][u] * reset[u];
      }
      product_backward(shard, before, units_, recurrent_, recurrent_bias_, 2 * units_, d[kRecurrent], dh);
    } else {
      product_backward(shard, recurrent, units_, recurrent_, recurrent_bias_, 2 * units_, d[kFresh], through);
      for (int u = 0; u < units_; ++u) {
        d[kReset][u] = before != nullptr ? through[u] * before[u] : 0.0f;
        dh[u] += through[u] * reset[u];
      }
    }
    for (int u = 0; u < units_; ++u) d[kReset][u] *= reset[u] * (1 - reset[u]);
    for (int g = 0; g < 3; ++g) product_backward(shard, x, features_, weights_, bias_, g * units_, d[g], dx);
    for (int g = 0; g < 2; ++g)
      product_backward(shard, before, units_, recurrent_, recurrent_bias_, g * units_, d[g], dh);
  }

  const Parameter *weights_, *recurrent_, *bias_, *recurrent_bias_;
  bool linear_before_reset_;
};

}  // namespace

std::unique_ptr<Layer> make_lstm(const LayerInputs& from) { return std::make_unique<Lstm>(from); }
std::unique_ptr<Layer> make_gru(const LayerInputs& from) { return std::make_unique<Gru>(from); }

}  // namespace tadpole::train
