// Average and maximum pools, and the mean over height and width. As in TFLite an average counts only the
// pixels inside the image.
#include "train/layer.h"

namespace tadpole::train {

namespace {

struct PoolShape {
  int in_h, in_w, channels, out_h, out_w, filter_h, filter_w, stride_h, stride_w, top, left;
};

class Pool final : public Layer {
 public:
  Pool(std::string layer_name, const PoolShape& shape, bool maximum)
      : Layer(std::move(layer_name)), shape_(shape), maximum_(maximum) {}

  size_t scratch_floats() const override {
    return 2 * static_cast<size_t>(shape_.in_h * shape_.in_w) * static_cast<size_t>(shape_.channels) +
           static_cast<size_t>(shape_.out_h * shape_.out_w) * static_cast<size_t>(shape_.channels);
  }

  void forward(const Shard& shard) override {
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* image = read_value(*in[0].value, sample, 1, *shard.kernels, shard.scratch);
      float* to = out->sample(sample);
      each_window([&](int y0, int y1, int x0, int x1) {
        for (int c = 0; c < shape_.channels; ++c) to[c] = maximum_ ? image[pixel(y0, x0) + c] : 0.0f;
        for (int y = y0; y < y1; ++y) {
          for (int x = x0; x < x1; ++x) {
            const float* from = image + pixel(y, x);
            if (maximum_) {
              // "not smaller or equal" lets a not-a-number through to the check of the loss.
              for (int c = 0; c < shape_.channels; ++c) to[c] = !(from[c] <= to[c]) ? from[c] : to[c];
            } else {
              for (int c = 0; c < shape_.channels; ++c) to[c] += from[c];
            }
          }
        }
        if (!maximum_) {
          const float share = 1.0f / static_cast<float>((y1 - y0) * (x1 - x0));
          for (int c = 0; c < shape_.channels; ++c) to[c] *= share;
        }
        to += shape_.channels;
      });
      finish_output(*out, shard, sample, 1);
    }
  }

  void backward(const Shard& shard) override {
    if (!in[0].value->needs_gradient) return;
    float* spare = shard.scratch;
    float* target = spare + in[0].value->size;
    float* gradient_spare = target + in[0].value->size;
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* from = read_gradient(*out, sample, 1, *shard.kernels, gradient_spare);
      float* in_gradient = gradient_target(in[0], sample, target);
      std::memset(in_gradient, 0, static_cast<size_t>(in[0].value->size) * sizeof(float));
      const float* image = maximum_ ? read_value(*in[0].value, sample, 1, *shard.kernels, spare) : nullptr;
      each_window([&](int y0, int y1, int x0, int x1) {
        if (maximum_) {
          to_the_largest(image, from, in_gradient, y0, y1, x0, x1);
        } else {
          const float share = 1.0f / static_cast<float>((y1 - y0) * (x1 - x0));
          for (int y = y0; y < y1; ++y) {
            for (int x = x0; x < x1; ++x) {
              float* to = in_gradient + pixel(y, x);
              for (int c = 0; c < shape_.channels; ++c) to[c] += share * from[c];
            }
          }
        }
        from += shape_.channels;
      });
      finish_gradient(in[0], shard, sample, 1, in_gradient);
    }
  }

 private:
  ptrdiff_t pixel(int y, int x) const { return (ptrdiff_t{y} * shape_.in_w + x) * shape_.channels; }

  /// body(first row, end row, first column, end column) for each output pixel in order, inside the image.
  template <class Body>
  void each_window(Body&& body) const {
    for (int y = 0; y < shape_.out_h; ++y) {
      const int top = y * shape_.stride_h - shape_.top;
      for (int x = 0; x < shape_.out_w; ++x) {
        const int left = x * shape_.stride_w - shape_.left;
        body(std::max(top, 0), std::min(top + shape_.filter_h, shape_.in_h), std::max(left, 0),
             std::min(left + shape_.filter_w, shape_.in_w));
      }
    }
  }

  /// Of equal values the first takes the gradient.
  void to_the_largest(const float* image, const float* from, float* in_gradient, int y0, int y1, int x0,
                      int x1) const {
    for (int c = 0; c < shape_.channels; ++c) {
      ptrdiff_t best = pixel(y0, x0) + c;
      for (int y = y0; y < y1; ++y) {
        for (int x = x0; x < x1; ++x) {
          if (image[pixel(y, x) + c] > image[best]) best = pixel(y, x) + c;
        }
      }
      in_gradient[best] += from[c];
    }
  }

  PoolShape shape_;
  bool maximum_;
};

}  // namespace

std::unique_ptr<Layer> make_pool(const LayerInputs& from) {
  const auto& a = std::get<ir::Pool2dAttributes>(from.node.attributes);
  const ir::Shape& in = from.graph.input_of(from.node, 0).shape;
  const auto [rows, columns] = ir::windows_of(in, a);
  const PoolShape shape{in[1],      in[2],      in[3],      rows.out,        columns.out,       a.filter_h,
                        a.filter_w, a.stride_h, a.stride_w, rows.pad_before, columns.pad_before};
  return std::make_unique<Pool>(from.node.name, shape, from.node.op == ir::Op::max_pool_2d);
}

std::unique_ptr<Layer> make_mean(const LayerInputs& from) {
  const ir::Shape& in = from.graph.input_of(from.node, 0).shape;
  const PoolShape shape{in[1], in[2], in[3], 1, 1, in[1], in[2], in[1], in[2], 0, 0};
  return std::make_unique<Pool>(from.node.name, shape, false);
}

}  // namespace tadpole::train
