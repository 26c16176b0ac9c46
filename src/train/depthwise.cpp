// Depthwise convolution in 2D, channel vectors over padded images. A depth multiplier above 1 repeats each
// input channel in the padded image, so that the kernels only know one filter a channel. Weights inside the
// network: [filter_h * filter_w, out].
#include "train/layer.h"

namespace tadpole::train {

namespace {

class DepthwiseConv final : public Layer {
 public:
  DepthwiseConv(const LayerInputs& from)
      : Layer(from.node.name),
        weights_(*from.parameters[0]),
        bias_(from.parameters.size() > 1 ? from.parameters[1] : nullptr) {
    const auto& a = std::get<ir::DepthwiseConv2dAttributes>(from.node.attributes);
    const ir::Shape& input = from.graph.input_of(from.node, 0).shape;
    const ir::Shape& filter = from.graph.input_of(from.node, 1).shape;
    const auto [rows, columns] = ir::windows_of(input, filter[1], filter[2], a);
    multiplier_ = a.depth_multiplier;
    image_.height = input[1];
    image_.width = input[2];
    image_.channels = input[3] * multiplier_;
    flips_ = a.stride_h == 1 && a.stride_w == 1;
    // Few channels lie without gaps, several pixels in a vector.
    const bool flat = flips_ && image_.channels < from.lanes && from.lanes % image_.channels == 0 &&
                      filter[1] * filter[2] <= 64;
    image_.channel_stride = flat ? image_.channels : weights_.stride;
    image_.top = rows.pad_before;
    image_.left = columns.pad_before;
    image_.padded_height = input[1] + rows.pad_before + rows.pad_after;
    image_.padded_width = input[2] + columns.pad_before + columns.pad_after;
    shape_ = {.in = nullptr,
              .in_row = image_.row(),
              .channel_stride = image_.channel_stride,
              .channels = image_.channels,
              .weight_stride = weights_.stride,
              .filter_h = filter[1],
              .filter_w = filter[2],
              .stride_h = a.stride_h,
              .stride_w = a.stride_w,
              .dilation_h = a.dilation_h,
              .dilation_w = a.dilation_w,
              .out_h = rows.out,
              .out_w = columns.out};
    gradient_ = image_;
    gradient_.height = gradient_.padded_height = rows.out;
    gradient_.width = gradient_.padded_width = columns.out;
    gradient_.top = gradient_.left = 0;
    if (flips_) {
      const int reach_h = (filter[1] - 1) * a.dilation_h, reach_w = (filter[2] - 1) * a.dilation_w;
      gradient_.top = reach_h - image_.top;
      gradient_.left = reach_w - image_.left;
      gradient_.padded_height = input[1] + reach_h;
      gradient_.padded_width = input[2] + reach_w;
      flipped_ = Buffer(weights_.size());
    }
  }

  size_t scratch_floats() const override {
    return image_.floats() + gradient_.floats() + 3 * image_.spare_floats() + gradient_.spare_floats() + 16;
  }

  void prepare(const float* weights) override {
    if (!flips_) return;
    const int taps = shape_.filter_h * shape_.filter_w;
    const size_t stride = static_cast<size_t>(weights_.stride);
    for (int t = 0; t < taps; ++t) {
      std::memcpy(flipped_.data() + static_cast<size_t>(taps - 1 - t) * stride,
                  weights + weights_.offset + static_cast<size_t>(t) * stride, stride * sizeof(float));
    }
  }

  void forward(const Shard& shard) override {
    Depthwise shape = shape_;
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      shape.in = load(shard, sample, shard.scratch, shard.scratch + image_.floats());
      shard.kernels->depthwise(shape, shard.weights + weights_.offset,
                               bias_ != nullptr ? shard.weights + bias_->offset : nullptr,
                               out->sample(sample));
      finish_output(*out, shard, sample, 1);
    }
  }

  void backward(const Shard& shard) override {
    float* image = shard.scratch;
    float* gradient = image + image_.floats();
    float* spare = gradient + gradient_.floats();
    float* repeated = spare + image_.spare_floats() + gradient_.spare_floats();
    float* target = repeated + image_.spare_floats();
    const Kernels& kernels = *shard.kernels;
    Depthwise shape = shape_;
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      shape.in = load(shard, sample, image, spare);
      load_gradient(*out, sample, gradient_, kernels, gradient, spare);
      const float* inside = gradient_.pixel(gradient, 0, 0);
      kernels.depthwise_weights(shape, inside, gradient_.row(), shard.gradients + weights_.offset);
      bias_gradient(shard, inside);
      if (!in[0].value->needs_gradient) continue;
      float* in_gradient = gradient_target(in[0], sample, target);
      float* to = multiplier_ == 1 ? in_gradient : repeated;
      if (flips_) {
        Depthwise back = shape_;
        back.in = gradient;
        back.in_row = gradient_.row();
        back.out_h = image_.height;
        back.out_w = image_.width;
        kernels.depthwise(back, flipped_.data(), nullptr, to);
      } else {
        scatter(shard, shape, inside, image, to);
      }
      if (multiplier_ != 1) add_repeated(repeated, in_gradient);
      finish_gradient(in[0], shard, sample, 1, in_gradient);
    }
  }

 private:
  const float* load(const Shard& shard, int sample, float* image, float* spare) const {
    if (multiplier_ == 1) {
      load_image(*in[0].value, sample, image_, *shard.kernels, image, spare);
      return image;
    }
    const float* from = read_value(*in[0].value, sample, 1, *shard.kernels, spare);
    std::memset(image, 0, image_.floats() * sizeof(float));
    for (int y = 0; y < image_.height; ++y) {
      for (int x = 0; x < image_.width; ++x, from += image_.channels / multiplier_) {
        float* to = image_.pixel(image, y, x);
        for (int c = 0; c < image_.channels; ++c) to[c] = from[c / multiplier_];
      }
    }
    return image;
  }

  void add_repeated(const float* repeated, float* to) const {
    const size_t count = image_.spare_floats() / static_cast<size_t>(multiplier_);
    for (size_t i = 0; i < count; ++i) {
      float sum = 0;
      for (int m = 0; m < multiplier_; ++m) sum += *repeated++;
      to[i] = sum;
    }
  }

  void scatter(const Shard& shard, Depthwise shape, const float* out_gradient, float* image,
               float* to) const {
    std::memset(image, 0, image_.floats() * sizeof(float));
    shard.kernels->depthwise_scatter(shape, shard.weights + weights_.offset, out_gradient, gradient_.row(),
                                     image);
    for (int y = 0; y < image_.height; ++y) {
      for (int x = 0; x < image_.width; ++x, to += image_.channels) {
        std::memcpy(to, image_.pixel(image, y, x), static_cast<size_t>(image_.channels) * sizeof(float));
      }
    }
  }

  void bias_gradient(const Shard& shard, const float* out_gradient) const {
    if (bias_ == nullptr) return;
    float* to = shard.gradients + bias_->offset;
    for (int y = 0; y < shape_.out_h; ++y) {
      const float* from = out_gradient + y * gradient_.row();
      for (int x = 0; x < shape_.out_w; ++x, from += gradient_.channel_stride) {
        for (int c = 0; c < image_.channels; ++c) to[c] += from[c];
      }
    }
  }

  const Parameter& weights_;
  const Parameter* bias_;
  int multiplier_ = 1;
  bool flips_ = false;
  Depthwise shape_;
  PaddedImage image_, gradient_;
  Buffer flipped_;
};

}  // namespace

std::unique_ptr<Layer> make_depthwise(const LayerInputs& from) {
  return std::make_unique<DepthwiseConv>(from);
}

}  // namespace tadpole::train
