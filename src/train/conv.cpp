// Convolution in 2D: products over padded images, without ever writing the image's patches out.
//
// In NHWC the pixels under one row of a filter lie side by side, so row ky of the filter is one stretch of k
// in the product, and an output row is one product of [out_w, filter_h * filter_w * channels] with the
// weights. Weights inside the network: [filter_h * filter_w * in, out].
#include "train/layer.h"

namespace tadpole::train {

namespace {

class Conv final : public Layer {
 public:
  Conv(const LayerInputs& from)
      : Layer(from.node.name),
        attributes_(std::get<ir::Conv2dAttributes>(from.node.attributes)),
        weights_(*from.parameters[0]),
        bias_(from.parameters.size() > 1 ? from.parameters[1] : nullptr) {
    const ir::Shape& input = from.graph.input_of(from.node, 0).shape;
    const ir::Shape& filter = from.graph.input_of(from.node, 1).shape;
    filter_h_ = filter[1];
    filter_w_ = filter[2];
    const auto& a = attributes_;
    const auto [rows, columns] = ir::windows_of(input, filter_h_, filter_w_, a);
    out_h_ = rows.out;
    out_w_ = columns.out;
    out_channels_ = filter[0];
    image_.height = input[1];
    image_.width = input[2];
    image_.channels = image_.channel_stride = input[3];
    image_.top = rows.pad_before;
    image_.left = columns.pad_before;
    image_.padded_height = input[1] + rows.pad_before + rows.pad_after;
    image_.padded_width = input[2] + columns.pad_before + columns.pad_after;
    pointwise_ = filter_h_ == 1 && filter_w_ == 1 && a.stride_h == 1 && a.stride_w == 1;
    flips_ = a.stride_h == 1 && a.stride_w == 1;
    lay_out_gradient();
    group_ = pointwise_ ? std::clamp(192 / (out_h_ * out_w_), 1, 16) : 1;
    in_stride_ = round_up(image_.channels, from.lanes);
    // Weights of the backward pass: [filter_h, filter_w, out stride, in stride].
    backward_weights_ = Buffer(static_cast<size_t>(filter_h_ * filter_w_ * gradient_.channel_stride) *
                               static_cast<size_t>(in_stride_));
  }

  size_t scratch_floats() const override {
    const size_t samples = static_cast<size_t>(group_);
    return samples * (image_.floats() + image_.spare_floats() + gradient_.floats() +
                      gradient_.spare_floats() + image_.spare_floats()) +
           4 * 16;
  }

  void prepare(const float* weights) override {
    if (!in[0].value->needs_gradient) return;
    const float* from = weights + weights_.offset;
    const int taps = filter_h_ * filter_w_;
    const size_t out_stride = static_cast<size_t>(gradient_.channel_stride);
    for (int t = 0; t < taps; ++t) {
      const int to_tap = flips_ ? taps - 1 - t : t;
      for (int c = 0; c < image_.channels; ++c) {
        const float* row = from + (ptrdiff_t{t} * image_.channels + c) * weights_.stride;
        float* to = backward_weights_.data() +
                    static_cast<size_t>(to_tap) * out_stride * static_cast<size_t>(in_stride_) + c;
        for (int o = 0; o < out_channels_; ++o) to[ptrdiff_t{o} * in_stride_] = row[o];
      }
    }
  }

  void forward(const Shard& shard) override {
    for (int sample = shard.begin; sample < shard.end; sample += group_) {
      const int count = std::min(group_, shard.end - sample);
      if (pointwise_) {
        forward_pointwise(shard, sample, count);
      } else {
        forward_image(shard, sample);
      }
      finish_output(*out, shard, sample, count);
    }
  }

  void backward(const Shard& shard) override {
    for (int sample = shard.begin; sample < shard.end; sample += group_) {
      const int count = std::min(group_, shard.end - sample);
      float* image = shard.scratch;
      float* spare = image + group_ * static_cast<ptrdiff_t>(image_.floats());
      float* gradient = spare + group_ * static_cast<ptrdiff_t>(image_.spare_floats());
      float* gradient_spare = gradient + group_ * static_cast<ptrdiff_t>(gradient_.floats());
      float* target = gradient_spare + group_ * static_cast<ptrdiff_t>(gradient_.spare_floats());
      const Kernels& kernels = *shard.kernels;
      const float* read = image;
      if (pointwise_) {
        read = read_value(*in[0].value, sample, count, kernels, image);
      } else {
        load_image(*in[0].value, sample, image_, kernels, image, spare);
      }
      const float* out_gradient = gradient;
      if (pointwise_ && gradient_.channel_stride == out_channels_) {
        out_gradient = read_gradient(*out, sample, count, kernels, gradient);
      } else {
        for (int i = 0; i < count; ++i) {
          load_gradient(*out, sample + i, gradient_, kernels,
                        gradient + i * static_cast<ptrdiff_t>(gradient_.floats()), gradient_spare);
        }
      }
      weight_gradient(shard, read, out_gradient, count, sample);
      bias_gradient(shard, out_gradient, count);
      if (!in[0].value->needs_gradient) continue;
      float* in_gradient = gradient_target(in[0], sample, target);
      if (flips_) {
        input_gradient(shard, out_gradient, count, in_gradient);
      } else {
        scatter_gradient(shard, out_gradient, image, in_gradient);
      }
      finish_gradient(in[0], shard, sample, count, in_gradient);
    }
  }

 private:
  /// With stride 1 the gradient of the input is a convolution of the output's gradient with the flipped
  /// filter, so the gradient gets the border that needs.
  void lay_out_gradient() {
    gradient_.height = out_h_;
    gradient_.width = out_w_;
    gradient_.channels = out_channels_;
    gradient_.channel_stride = weights_.stride;
    gradient_.padded_height = out_h_;
    gradient_.padded_width = out_w_;
    if (!flips_) return;
    const int reach_h = (filter_h_ - 1) * attributes_.dilation_h;
    const int reach_w = (filter_w_ - 1) * attributes_.dilation_w;
    gradient_.top = reach_h - image_.top;
    gradient_.left = reach_w - image_.left;
    gradient_.padded_height = image_.height + reach_h;
    gradient_.padded_width = image_.width + reach_w;
  }

  void forward_pointwise(const Shard& shard, int sample, int count) const {
    Gemm g;
    g.a = read_value(*in[0].value, sample, count, *shard.kernels, shard.scratch);
    g.a_row = image_.channels;
    g.b = shard.weights + weights_.offset;
    g.b_k = weights_.stride;
    g.c = out->sample(sample);
    g.c_row = out_channels_;
    g.rows = count * out_h_ * out_w_;
    g.columns = out_channels_;
    g.segment_length = image_.channels;
    g.bias = bias(shard);
    look_ahead(g, shard, sample + count, false);
    shard.kernels->gemm(g);
  }

  void forward_image(const Shard& shard, int sample) const {
    float* image = shard.scratch;
    load_image(*in[0].value, sample, image_, *shard.kernels, image, image + image_.floats());
    convolve(*shard.kernels, image, image_, attributes_.stride_h, attributes_.stride_w,
             shard.weights + weights_.offset, weights_.stride, bias(shard), out->sample(sample), out_h_,
             out_w_, out_channels_);
  }

  /// Brings what the next samples read and write nearer: a product has little to do with memory.
  void look_ahead(Gemm& g, const Shard& shard, int next, bool backwards) const {
    const ptrdiff_t count = std::min(group_, shard.end - next);
    if (count <= 0) return;
    const Value& value = *in[0].value;
    g.ahead[0] = {value.sample(next), count * value.size};
    g.ahead[1] = {out->sample(next), count * out->size};
    if (!backwards) return;
    g.ahead[2] = {out->sample_gradient(next), count * out->size};
    if (value.needs_gradient) g.ahead[3] = {value.sample_gradient(next), count * value.size};
  }

  /// out [out_h, out_w, columns] = convolution of a padded image. weights: [taps * channel_stride, stride].
  void convolve(const Kernels& kernels, const float* image, const PaddedImage& layout, int stride_h,
                int stride_w, const float* weights, int weights_stride, const float* bias, float* to,
                int out_h, int out_w, int columns) const {
    const bool side_by_side = attributes_.dilation_w == 1;
    const int stretch = side_by_side ? filter_w_ * layout.channel_stride : layout.channel_stride;
    const int passes = side_by_side ? 1 : filter_w_;
    Gemm g;
    g.a_row = ptrdiff_t{stride_w} * layout.channel_stride;
    g.a_segment = attributes_.dilation_h * layout.row();
    g.b_k = weights_stride;
    g.b_segment = ptrdiff_t{filter_w_} * layout.channel_stride * weights_stride;
    g.c_row = columns;
    g.rows = out_w;
    g.columns = columns;
    g.segments = filter_h_;
    g.segment_length = stretch;
    for (int y = 0; y < out_h; ++y) {
      g.c = to + ptrdiff_t{y} * out_w * columns;
      for (int pass = 0; pass < passes; ++pass) {
        g.a = image + ptrdiff_t{y} * stride_h * layout.row() +
              ptrdiff_t{pass} * attributes_.dilation_w * layout.channel_stride;
        g.b = weights + ptrdiff_t{pass} * layout.channel_stride * weights_stride;
        g.accumulate = pass > 0;
        g.bias = pass == 0 ? bias : nullptr;
        kernels.gemm(g);
      }
    }
  }

  void weight_gradient(const Shard& shard, const float* image, const float* out_gradient, int count,
                       int sample) const {
    const bool side_by_side = attributes_.dilation_w == 1;
    Gemm g;
    g.a_row = 1;
    g.b_k = gradient_.channel_stride;
    g.c_row = weights_.stride;
    g.columns = weights_.stride;
    g.accumulate = true;
    g.b =
        out_gradient + gradient_.top * gradient_.row() + ptrdiff_t{gradient_.left} * gradient_.channel_stride;
    float* to = shard.gradients + weights_.offset;
    if (pointwise_) {
      g.a = image;
      g.a_k = image_.channels;
      g.c = to;
      g.rows = image_.channels;
      g.segment_length = count * out_h_ * out_w_;
      look_ahead(g, shard, sample + count, true);
      shard.kernels->gemm(g);
      return;
    }
    g.a_k = ptrdiff_t{attributes_.stride_w} * image_.channels;
    g.a_segment = attributes_.stride_h * image_.row();
    g.b_segment = gradient_.row();
    g.segments = out_h_;
    g.segment_length = out_w_;
    g.rows = side_by_side ? filter_w_ * image_.channels : image_.channels;
    for (int ky = 0; ky < filter_h_; ++ky) {
      for (int kx = 0; kx < (side_by_side ? 1 : filter_w_); ++kx) {
        g.a = image + ky * attributes_.dilation_h * image_.row() +
              ptrdiff_t{kx} * attributes_.dilation_w * image_.channels;
        g.c = to + (ptrdiff_t{ky} * filter_w_ + kx) * image_.channels * weights_.stride;
        shard.kernels->gemm(g);
      }
    }
  }

  void bias_gradient(const Shard& shard, const float* out_gradient, int count) const {
    if (bias_ == nullptr) return;
    float* to = shard.gradients + bias_->offset;
    for (int i = 0; i < count; ++i) {
      const float* image = out_gradient + i * static_cast<ptrdiff_t>(gradient_.floats());
      for (int y = 0; y < out_h_; ++y) {
        const float* from = image + (gradient_.top + y) * gradient_.row() +
                            ptrdiff_t{gradient_.left} * gradient_.channel_stride;
        for (int x = 0; x < out_w_; ++x, from += gradient_.channel_stride) {
          for (int o = 0; o < out_channels_; ++o) to[o] += from[o];
        }
      }
    }
  }

  void input_gradient(const Shard& shard, const float* out_gradient, int count, float* in_gradient) const {
    if (!pointwise_) {
      convolve(*shard.kernels, out_gradient, gradient_, 1, 1, backward_weights_.data(), in_stride_, nullptr,
               in_gradient, image_.height, image_.width, image_.channels);
      return;
    }
    Gemm g;
    g.a = out_gradient;
    g.a_row = gradient_.channel_stride;
    g.b = backward_weights_.data();
    g.b_k = in_stride_;
    g.c = in_gradient;
    g.c_row = image_.channels;
    g.rows = count * out_h_ * out_w_;
    g.columns = image_.channels;
    g.segment_length = out_channels_;
    shard.kernels->gemm(g);
  }

  /// Strides above 1: each tap adds its share to the padded image; the border is then cut off.
  void scatter_gradient(const Shard& shard, const float* out_gradient, float* image,
                        float* in_gradient) const {
    std::memset(image, 0, image_.floats() * sizeof(float));
    Gemm g;
    g.a_row = gradient_.channel_stride;
    g.b_k = in_stride_;
    g.c_row = ptrdiff_t{attributes_.stride_w} * image_.channels;
    g.rows = out_w_;
    g.columns = image_.channels;
    g.segment_length = out_channels_;
    g.accumulate = true;
    const ptrdiff_t tap = ptrdiff_t{gradient_.channel_stride} * in_stride_;
    for (int y = 0; y < out_h_; ++y) {
      g.a = out_gradient + y * gradient_.row();
      for (int t = 0; t < filter_h_ * filter_w_; ++t) {
        g.b = backward_weights_.data() + t * tap;
        g.c = image +
              (ptrdiff_t{y} * attributes_.stride_h + t / filter_w_ * attributes_.dilation_h) * image_.row() +
              ptrdiff_t{t % filter_w_} * attributes_.dilation_w * image_.channels;
        shard.kernels->gemm(g);
      }
    }
    const size_t row = static_cast<size_t>(image_.width) * static_cast<size_t>(image_.channels);
    for (int y = 0; y < image_.height; ++y) {
      std::memcpy(in_gradient + static_cast<size_t>(y) * row, image_.pixel(image, y, 0), row * sizeof(float));
    }
  }

  const float* bias(const Shard& shard) const {
    return bias_ != nullptr ? shard.weights + bias_->offset : nullptr;
  }

  ir::Conv2dAttributes attributes_;
  const Parameter& weights_;
  const Parameter* bias_;
  int filter_h_ = 0, filter_w_ = 0, out_h_ = 0, out_w_ = 0, out_channels_ = 0, in_stride_ = 0;
  int group_ = 1;  ///< samples in one product: small maps make thin ones
  bool pointwise_ = false;
  bool flips_ = false;  ///< stride 1
  PaddedImage image_, gradient_;
  Buffer backward_weights_;
};

}  // namespace

std::unique_ptr<Layer> make_conv(const LayerInputs& from) {
  if (winograd_suits(from)) return make_winograd(from);
  return std::make_unique<Conv>(from);
}

}  // namespace tadpole::train
