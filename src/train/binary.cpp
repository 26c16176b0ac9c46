// Two numbers in, one out, with shapes that are broadcast: sums, products, extremes, PReLU. Either side may
// be a constant: trained when it holds several numbers, fixed when it is one.
#include <cmath>

#include "train/layer.h"
#include "train/taps.h"

namespace tadpole::train {

namespace {

struct Slopes {
  float a, b;
};

// Of equal numbers the first takes the gradient of a maximum or minimum.
struct Sum {
  static float value(float a, float b) { return a + b; }
  static Slopes slopes(float, float) { return {1, 1}; }
};
struct Difference {
  static float value(float a, float b) { return a - b; }
  static Slopes slopes(float, float) { return {1, -1}; }
};
struct Product {
  static float value(float a, float b) { return a * b; }
  static Slopes slopes(float a, float b) { return {b, a}; }
};
struct Maximum {
  static float value(float a, float b) { return a < b ? b : a; }
  static Slopes slopes(float a, float b) { return a < b ? Slopes{0, 1} : Slopes{1, 0}; }
};
struct Minimum {
  static float value(float a, float b) { return b < a ? b : a; }
  static Slopes slopes(float a, float b) { return b < a ? Slopes{0, 1} : Slopes{1, 0}; }
};
struct SquaredDifference {
  static float value(float a, float b) { return (a - b) * (a - b); }
  static Slopes slopes(float a, float b) { return {2 * (a - b), 2 * (b - a)}; }
};
struct Prelu {
  static float value(float a, float b) { return a < 0 ? a * b : a; }
  static Slopes slopes(float a, float b) { return a < 0 ? Slopes{b, a} : Slopes{1, 0}; }
};

struct Side {
  int edge = -1;                         ///< a value of the network, or
  const Parameter* parameter = nullptr;  ///< a trained constant, or
  std::vector<float> fixed;              ///< a fixed one
  std::vector<int> index;                ///< of each output's number; empty: as the output
  size_t size = 0;
};

/// Which number of `from` each number of `to` reads when the shapes are broadcast.
std::vector<int> broadcast_index(const ir::Shape& from, const ir::Shape& to) {
  const size_t missing = to.size() - from.size();
  const std::vector<int> stride = strides_of(from);
  std::vector<int> index;
  each_index(to, [&](const std::vector<int>& place) {
    int at = 0;
    for (size_t d = 0; d < from.size(); ++d) at += from[d] == 1 ? 0 : place[d + missing] * stride[d];
    index.push_back(at);
  });
  return index;
}

template <class Function>
class Binary final : public Layer {
 public:
  Binary(const LayerInputs& from) : Layer(from.node.name) {
    const ir::Shape& shape = from.graph.output_of(from.node).shape;
    size_ = static_cast<size_t>(ir::element_count(shape));
    int edges = 0;
    for (size_t i = 0; i < 2; ++i) {
      Side& side = sides_[i];
      const ir::Tensor& tensor = from.graph.input_of(from.node, static_cast<int>(i));
      side.parameter = from.by_position[i];
      if (!tensor.is_constant()) side.edge = edges++;
      if (tensor.is_constant() && side.parameter == nullptr) {
        const auto values = tensor.values<float>();
        side.fixed.assign(values.begin(), values.end());
      }
      side.size = static_cast<size_t>(ir::element_count(tensor.shape));
      if (side.size != size_) side.index = broadcast_index(tensor.shape, shape);
    }
  }
  size_t scratch_floats() const override { return sides_[0].size + sides_[1].size + 2 * size_; }

  void forward(const Shard& shard) override {
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* a = numbers(0, shard, sample);
      const float* b = numbers(1, shard, sample);
      float* to = out->sample(sample);
      for (size_t i = 0; i < size_; ++i) to[i] = Function::value(a[place(0, i)], b[place(1, i)]);
      finish_output(*out, shard, sample, 1);
    }
  }

  void backward(const Shard& shard) override {
    float* spare = shard.scratch + sides_[0].size + sides_[1].size;
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* a = numbers(0, shard, sample);
      const float* b = numbers(1, shard, sample);
      const float* from = read_gradient(*out, sample, 1, *shard.kernels, spare);
      side_backward(0, shard, sample, spare + size_,
                    [&](size_t i) { return from[i] * Function::slopes(a[place(0, i)], b[place(1, i)]).a; });
      side_backward(1, shard, sample, spare + size_,
                    [&](size_t i) { return from[i] * Function::slopes(a[place(0, i)], b[place(1, i)]).b; });
    }
  }

 private:
  size_t place(size_t side, size_t output) const {
    const std::vector<int>& index = sides_[side].index;
    return index.empty() ? output : static_cast<size_t>(index[output]);
  }

  const float* numbers(size_t which, const Shard& shard, int sample) const {
    const Side& side = sides_[which];
    if (side.parameter != nullptr) return shard.weights + side.parameter->offset;
    if (side.edge < 0) return side.fixed.data();
    return read_value(*in[static_cast<size_t>(side.edge)].value, sample, 1, *shard.kernels,
                      shard.scratch + (which == 0 ? 0 : sides_[0].size));
  }

  template <class Gradient>
  void side_backward(size_t which, const Shard& shard, int sample, float* spare, Gradient&& gradient) {
    const Side& side = sides_[which];
    const auto scatter = [&](float* to) {
      for (size_t i = 0; i < size_; ++i) to[place(which, i)] += gradient(i);
    };
    if (side.parameter != nullptr) return scatter(shard.gradients + side.parameter->offset);
    if (side.edge < 0) return;
    const Edge& edge = in[static_cast<size_t>(side.edge)];
    if (!edge.value->needs_gradient) return;
    float* target = gradient_target(edge, sample, spare);
    std::memset(target, 0, side.size * sizeof(float));
    scatter(target);
    finish_gradient(edge, shard, sample, 1, target);
  }

  std::array<Side, 2> sides_;
  size_t size_ = 0;
};

}  // namespace

std::unique_ptr<Layer> make_binary(const LayerInputs& from) {
  switch (from.node.op) {
    case ir::Op::add: {
      const bool values = !from.graph.input_of(from.node, 0).is_constant() &&
                          !from.graph.input_of(from.node, 1).is_constant();
      const bool same = from.graph.input_of(from.node, 0).shape == from.graph.input_of(from.node, 1).shape;
      if (values && same) return make_add(from);
      return std::make_unique<Binary<Sum>>(from);
    }
    case ir::Op::sub:
      return std::make_unique<Binary<Difference>>(from);
    case ir::Op::mul:
      return std::make_unique<Binary<Product>>(from);
    case ir::Op::maximum:
      return std::make_unique<Binary<Maximum>>(from);
    case ir::Op::minimum:
      return std::make_unique<Binary<Minimum>>(from);
    case ir::Op::squared_difference:
      return std::make_unique<Binary<SquaredDifference>>(from);
    default:
      return std::make_unique<Binary<Prelu>>(from);
  }
}

}  // namespace tadpole::train
