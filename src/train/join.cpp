// Several values one beside the other along an axis: concatenation and pack.
#include "train/layer.h"

namespace tadpole::train {

namespace {

/// In a row-major tensor an input's part of the output is a stretch in each of the outer dimensions' steps.
class Join final : public Layer {
 public:
  Join(const LayerInputs& from) : Layer(from.node.name) {
    const ir::Shape& shape = from.graph.output_of(from.node).shape;
    const bool packs = from.node.op == ir::Op::pack;
    const int axis = packs ? std::get<ir::AxisAttributes>(from.node.attributes).axis
                           : std::get<ir::ConcatenationAttributes>(from.node.attributes).axis;
    const size_t place = static_cast<size_t>(ir::wrapped_axis(axis, shape.size()));
    outer_ = ir::element_count(ir::Shape(shape.begin(), shape.begin() + static_cast<ptrdiff_t>(place)));
    row_ = ir::element_count(shape) / outer_;
    for (const int tensor : from.node.inputs) {
      stretches_.push_back(ir::element_count(from.graph.tensors[static_cast<size_t>(tensor)].shape) / outer_);
    }
  }
  size_t scratch_floats() const override { return 2 * static_cast<size_t>(outer_ * row_); }

  void forward(const Shard& shard) override {
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      float* to = out->sample(sample);
      for (size_t i = 0; i < in.size(); ++i) {
        const float* from = read_value(*in[i].value, sample, 1, *shard.kernels, shard.scratch);
        for (int64_t o = 0; o < outer_; ++o) std::memcpy(to + o * row_, from + o * stretches_[i], bytes(i));
        to += stretches_[i];
      }
      finish_output(*out, shard, sample, 1);
    }
  }

  void backward(const Shard& shard) override {
    float* spare = shard.scratch + outer_ * row_;
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* from = read_gradient(*out, sample, 1, *shard.kernels, shard.scratch);
      for (size_t i = 0; i < in.size(); from += stretches_[i++]) {
        if (!in[i].value->needs_gradient) continue;
        float* target = gradient_target(in[i], sample, spare);
        for (int64_t o = 0; o < outer_; ++o)
          std::memcpy(target + o * stretches_[i], from + o * row_, bytes(i));
        finish_gradient(in[i], shard, sample, 1, target);
      }
    }
  }

 private:
  size_t bytes(size_t input) const { return static_cast<size_t>(stretches_[input]) * sizeof(float); }

  int64_t outer_ = 1, row_ = 1;
  std::vector<int64_t> stretches_;  ///< floats of each input in a row
};

}  // namespace

std::unique_ptr<Layer> make_join(const LayerInputs& from) { return std::make_unique<Join>(from); }

}  // namespace tadpole::train
