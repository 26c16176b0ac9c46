// Fully connected layers: products over all samples of a shard. Weights inside the network: [in, out].
#include "train/layer.h"

namespace tadpole::train {

namespace {

class Dense final : public Layer {
 public:
  Dense(const LayerInputs& from)
      : Layer(from.node.name),
        weights_(*from.parameters[0]),
        bias_(from.parameters.size() > 1 ? from.parameters[1] : nullptr),
        width_(weights_.rows),
        units_(weights_.columns),
        samples_((from.batch + kShards - 1) / kShards),
        // A dense layer over the last axis of a map is one product with more rows.
        rows_(static_cast<int>(ir::element_count(from.graph.input_of(from.node, 0).shape) / width_)) {
    in_stride_ = round_up(width_, from.lanes);
    backward_weights_ = Buffer(static_cast<size_t>(weights_.stride) * static_cast<size_t>(in_stride_));
  }

  size_t scratch_floats() const override {
    return static_cast<size_t>(samples_) * static_cast<size_t>(rows_) *
           static_cast<size_t>(2 * width_ + units_ + weights_.stride);
  }

  void prepare(const float* weights) override {
    if (!in[0].value->needs_gradient) return;
    const float* from = weights + weights_.offset;
    for (int i = 0; i < width_; ++i) {
      for (int o = 0; o < units_; ++o) {
        backward_weights_.data()[ptrdiff_t{o} * in_stride_ + i] = from[ptrdiff_t{i} * weights_.stride + o];
      }
    }
  }

  void forward(const Shard& shard) override {
    const int count = shard.end - shard.begin;
    if (count == 0) return;
    Gemm g;
    g.a = read_value(*in[0].value, shard.begin, count, *shard.kernels, shard.scratch);
    g.a_row = width_;
    g.b = shard.weights + weights_.offset;
    g.b_k = weights_.stride;
    g.c = out->sample(shard.begin);
    g.c_row = units_;
    g.rows = count * rows_;
    g.columns = units_;
    g.segment_length = width_;
    g.bias = bias_ != nullptr ? shard.weights + bias_->offset : nullptr;
    shard.kernels->gemm(g);
    finish_output(*out, shard, shard.begin, count);
  }

  void backward(const Shard& shard) override {
    const int count = shard.end - shard.begin;
    if (count == 0) {
      std::memset(shard.gradients + weights_.offset, 0, weights_.size() * sizeof(float));
      return;
    }
    const int rows = count * rows_;
    float* spare = shard.scratch;
    float* target = spare + ptrdiff_t{rows} * width_;
    float* tight = target + ptrdiff_t{rows} * width_;
    float* padded = tight + ptrdiff_t{rows} * units_;
    const float* image = read_value(*in[0].value, shard.begin, count, *shard.kernels, spare);
    const float* gradient = read_gradient(*out, shard.begin, count, *shard.kernels, tight);
    if (weights_.stride != units_) {
      std::memset(padded, 0,
                  static_cast<size_t>(rows) * static_cast<size_t>(weights_.stride) * sizeof(float));
      for (int r = 0; r < rows; ++r) {
        std::memcpy(padded + ptrdiff_t{r} * weights_.stride, gradient + ptrdiff_t{r} * units_,
                    static_cast<size_t>(units_) * sizeof(float));
      }
      gradient = padded;
    }
    weight_gradient(shard, image, gradient, rows);
    if (!in[0].value->needs_gradient) return;
    float* in_gradient = gradient_target(in[0], shard.begin, target);
    Gemm g;
    g.a = gradient;
    g.a_row = weights_.stride;
    g.b = backward_weights_.data();
    g.b_k = in_stride_;
    g.c = in_gradient;
    g.c_row = width_;
    g.rows = rows;
    g.columns = width_;
    g.segment_length = units_;
    shard.kernels->gemm(g);
    finish_gradient(in[0], shard, shard.begin, count, in_gradient);
  }

 private:
  void weight_gradient(const Shard& shard, const float* image, const float* gradient, int rows) const {
    Gemm g;
    g.a = image;
    g.a_row = 1;
    g.a_k = width_;
    g.b = gradient;
    g.b_k = weights_.stride;
    g.c = shard.gradients + weights_.offset;
    g.c_row = weights_.stride;
    g.rows = width_;
    g.columns = weights_.stride;
    g.segment_length = rows;
    shard.kernels->gemm(g);
    if (bias_ == nullptr) return;
    float* to = shard.gradients + bias_->offset;
    for (int r = 0; r < rows; ++r) {
      for (int o = 0; o < units_; ++o) to[o] += gradient[ptrdiff_t{r} * weights_.stride + o];
    }
  }

  const Parameter& weights_;
  const Parameter* bias_;
  int width_ = 0, units_ = 0, samples_ = 0, rows_ = 0, in_stride_ = 0;
  Buffer backward_weights_;
};

}  // namespace

std::unique_ptr<Layer> make_dense(const LayerInputs& from) { return std::make_unique<Dense>(from); }

}  // namespace tadpole::train
