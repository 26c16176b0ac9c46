// Transposed convolution: each input pixel adds its products with the filter to the outputs around it. A
// product of matrices for each tap of the filter, scattered; the weights inside the network are
// [filter height * filter width * in channels, out channels].
#include "train/layer.h"

namespace tadpole::train {

namespace {

class TransposeConv final : public Layer {
 public:
  TransposeConv(const LayerInputs& from)
      : Layer(from.node.name), weights_(*from.by_position[1]), bias_(from.by_position[3]) {
    const auto& attributes = std::get<ir::TransposeConvAttributes>(from.node.attributes);
    const ir::Shape& weights = from.graph.input_of(from.node, 1).shape;
    const ir::Shape& in = from.graph.input_of(from.node, 2).shape;
    const ir::Shape& out = from.graph.output_of(from.node).shape;
    const ir::Conv2dAttributes back{.padding = attributes.padding,
                                    .stride_h = attributes.stride_h,
                                    .stride_w = attributes.stride_w,
                                    .pads = attributes.pads};
    const ir::Windows windows = ir::windows_of(out, weights[1], weights[2], back);
    filter_h_ = weights[1];
    filter_w_ = weights[2];
    stride_h_ = attributes.stride_h;
    stride_w_ = attributes.stride_w;
    top_ = windows.rows.pad_before;
    left_ = windows.columns.pad_before;
    in_h_ = in[1];
    in_w_ = in[2];
    in_c_ = in[3];
    out_h_ = out[1];
    out_w_ = out[2];
    out_c_ = out[3];
    in_stride_ = round_up(in_c_, from.lanes);
    backward_weights_ = Buffer(static_cast<size_t>(filter_h_ * filter_w_) *
                               static_cast<size_t>(weights_.stride) * static_cast<size_t>(in_stride_));
  }

  size_t scratch_floats() const override {
    const size_t pixels = static_cast<size_t>(in_h_ * in_w_);
    return pixels * static_cast<size_t>(2 * in_c_ + in_stride_ + weights_.stride) +
           static_cast<size_t>(out_h_ * out_w_ * out_c_);
  }

  void prepare(const float* weights) override {
    if (!in[0].value->needs_gradient) return;
    for (int tap = 0; tap < filter_h_ * filter_w_; ++tap) {
      const float* from = weights + weights_.offset + ptrdiff_t{tap} * in_c_ * weights_.stride;
      float* to = backward_weights_.data() + ptrdiff_t{tap} * weights_.stride * in_stride_;
      for (int i = 0; i < in_c_; ++i) {
        for (int o = 0; o < out_c_; ++o)
          to[ptrdiff_t{o} * in_stride_ + i] = from[ptrdiff_t{i} * weights_.stride + o];
      }
    }
  }

  void forward(const Shard& shard) override {
    float* products = shard.scratch + in_h_ * in_w_ * in_c_;
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* image = read_value(*in[0].value, sample, 1, *shard.kernels, shard.scratch);
      float* to = out->sample(sample);
      for (int i = 0; i < out_h_ * out_w_ * out_c_; ++i)
        to[i] = bias_ != nullptr ? shard.weights[bias_->offset + static_cast<size_t>(i % out_c_)] : 0.0f;
      each_tap([&](int tap, auto&& each_pixel) {
        Gemm g;
        g.a = image;
        g.a_row = in_c_;
        g.b = shard.weights + weights_.offset + ptrdiff_t{tap} * in_c_ * weights_.stride;
        g.b_k = weights_.stride;
        g.c = products;
        g.c_row = out_c_;
        g.rows = in_h_ * in_w_;
        g.columns = out_c_;
        g.segment_length = in_c_;
        shard.kernels->gemm(g);
        each_pixel([&](int from_pixel, int to_pixel) {
          for (int o = 0; o < out_c_; ++o) to[to_pixel * out_c_ + o] += products[from_pixel * out_c_ + o];
        });
      });
      finish_output(*out, shard, sample, 1);
    }
  }

  void backward(const Shard& shard) override {
    const int pixels = in_h_ * in_w_, width = weights_.stride;
    float* gathered = shard.scratch + pixels * in_c_;  // gradients of the outputs that a tap reaches
    float* spare = gathered + pixels * width;
    float* target = spare + out_h_ * out_w_ * out_c_;
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* image = read_value(*in[0].value, sample, 1, *shard.kernels, shard.scratch);
      const float* from = read_gradient(*out, sample, 1, *shard.kernels, spare);
      if (bias_ != nullptr) {
        float* to = shard.gradients + bias_->offset;
        for (int i = 0; i < out_h_ * out_w_ * out_c_; ++i) to[i % out_c_] += from[i];
      }
      const bool passes_on = in[0].value->needs_gradient;
      float* in_gradient = passes_on ? gradient_target(in[0], sample, target) : nullptr;
      each_tap([&](int tap, auto&& each_pixel) {
        std::memset(gathered, 0, static_cast<size_t>(pixels * width) * sizeof(float));
        each_pixel([&](int from_pixel, int to_pixel) {
          std::memcpy(gathered + from_pixel * width, from + to_pixel * out_c_,
                      static_cast<size_t>(out_c_) * sizeof(float));
        });
        weight_gradient(shard, tap, image, gathered);
        if (passes_on) input_gradient(shard, tap, gathered, in_gradient);
      });
      if (passes_on) finish_gradient(in[0], shard, sample, 1, in_gradient);
    }
  }

 private:
  /// body(tap, each_pixel), where each_pixel calls its body(input pixel, output pixel) for every pair that
  /// the tap connects.
  template <class Body>
  void each_tap(Body&& body) const {
    for (int ky = 0; ky < filter_h_; ++ky) {
      for (int kx = 0; kx < filter_w_; ++kx) {
        body(ky * filter_w_ + kx, [&](auto&& pair) {
          for (int y = 0; y < in_h_; ++y) {
            const int to_y = y * stride_h_ + ky - top_;
            if (to_y < 0 || to_y >= out_h_) continue;
            for (int x = 0; x < in_w_; ++x) {
              const int to_x = x * stride_w_ + kx - left_;
              if (to_x >= 0 && to_x < out_w_) pair(y * in_w_ + x, to_y * out_w_ + to_x);
            }
          }
        });
      }
    }
  }

  void weight_gradient(const Shard& shard, int tap, const float* image, const float* gathered) const {
    Gemm g;
    g.a = image;
    g.a_row = 1;
    g.a_k = in_c_;
    g.b = gathered;
    g.b_k = weights_.stride;
    g.c = shard.gradients + weights_.offset + ptrdiff_t{tap} * in_c_ * weights_.stride;
    g.c_row = weights_.stride;
    g.rows = in_c_;
    g.columns = weights_.stride;
    g.segment_length = in_h_ * in_w_;
    g.accumulate = true;
    shard.kernels->gemm(g);
  }

  void input_gradient(const Shard& shard, int tap, const float* gathered, float* in_gradient) const {
    Gemm g;
    g.a = gathered;
    g.a_row = weights_.stride;
    g.b = backward_weights_.data() + ptrdiff_t{tap} * weights_.stride * in_stride_;
    g.b_k = in_stride_;
    g.c = in_gradient;
    g.c_row = in_c_;
    g.rows = in_h_ * in_w_;
    g.columns = in_c_;
    g.segment_length = out_c_;
    g.accumulate = tap > 0;
    shard.kernels->gemm(g);
  }

  const Parameter& weights_;
  const Parameter* bias_;
  int filter_h_ = 0, filter_w_ = 0, stride_h_ = 1, stride_w_ = 1, top_ = 0, left_ = 0;
  int in_h_ = 0, in_w_ = 0, in_c_ = 0, out_h_ = 0, out_w_ = 0, out_c_ = 0, in_stride_ = 0;
  Buffer backward_weights_;  ///< a tap after the other: [out channels, in channels]
};

}  // namespace

std::unique_ptr<Layer> make_transpose_conv(const LayerInputs& from) {
  return std::make_unique<TransposeConv>(from);
}

}  // namespace tadpole::train
