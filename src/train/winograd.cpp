// Convolution 3x3 with stride 1 by Winograd's F(4x4, 3x3): Lavin and Gray, "Fast algorithms for convolutional
// neural networks", 2016. A tile of 4x4 outputs costs 36 multiplications a pair of channels instead of 144.
//
// With U = G g G^T (weights), V = B^T d B (input, 6x6 tiles that overlap by two) and, at each of the 36
// places, M = V U (a product over channels): out = A^T M A. The gradients are the transposes of the same
// steps:
//   dM = A dout A^T,  dU = V^T dM,  dg = G^T dU G,  dV = dM U^T,  dd = sum over tiles of B dV B^T.
#include "train/layer.h"

namespace tadpole::train {

namespace {

constexpr int kPlaces = 36;

/// A factor of the weights' transform on a 3-long stretch: to[0..5] = G g.
void weight_transform(const float g[3], float to[6]) {
  const float sum = g[0] / 24 + g[2] / 6;
  to[0] = g[0] / 4;
  to[1] = -(g[0] + g[2] + g[1]) / 6;
  to[2] = -(g[0] + g[2] - g[1]) / 6;
  to[3] = sum + g[1] / 12;
  to[4] = sum - g[1] / 12;
  to[5] = g[2];
}

/// Its transpose: to[0..2] = G^T u.
void weight_transform_back(const float u[6], float to[3]) {
  to[0] = u[0] / 4 - (u[1] + u[2]) / 6 + (u[3] + u[4]) / 24;
  to[1] = (u[2] - u[1]) / 6 + (u[3] - u[4]) / 12;
  to[2] = (u[3] + u[4] - u[1] - u[2]) / 6 + u[5];
}

class WinogradConv final : public Layer {
 public:
  WinogradConv(const LayerInputs& from)
      : Layer(from.node.name),
        weights_(*from.parameters[0]),
        bias_(from.parameters.size() > 1 ? from.parameters[1] : nullptr) {
    const ir::Shape& input = from.graph.input_of(from.node, 0).shape;
    const auto& attributes = std::get<ir::Conv2dAttributes>(from.node.attributes);
    const auto [rows, columns] = ir::windows_of(input, 3, 3, attributes);
    in_channels_ = input[3];
    out_channels_ = weights_.columns;
    tiles_.out_h = rows.out;
    tiles_.out_w = columns.out;
    tiles_.tile_rows = (rows.out + 3) / 4;
    tiles_.tile_columns = (columns.out + 3) / 4;
    image_.height = input[1];
    image_.width = input[2];
    image_.channels = image_.channel_stride = in_channels_;
    image_.top = rows.pad_before;
    image_.left = columns.pad_before;
    image_.padded_height = 4 * tiles_.tile_rows + 2;
    image_.padded_width = 4 * tiles_.tile_columns + 2;
    // Few tiles make thin products; many leave the second-level cache.
    const int samples = (from.batch + kShards - 1) / kShards;
    group_ = std::clamp(kTilesAtOnce / tiles_a_sample(), 1, samples);
    // Not a multiple of a page: 36 stores to addresses that are would share one set of the cache.
    in_plane_ = ptrdiff_t{group_} * tiles_a_sample() * in_channels_ + 16;
    out_plane_ = ptrdiff_t{group_} * tiles_a_sample() * out_channels_ + 16;
    const size_t weights = static_cast<size_t>(kPlaces) * weights_floats();
    transformed_ = Buffer(weights);
    transposed_ = Buffer(weights);
  }

  size_t scratch_floats() const override {
    return image_.floats() + 2 * image_.spare_floats() + out_floats() +
           kPlaces * (static_cast<size_t>(in_plane_ + out_plane_) + weights_floats());
  }

  void prepare(const float* weights) override {
    const float* g = weights + weights_.offset;
    const size_t size = weights_floats();
    for (int c = 0; c < in_channels_; ++c) {
      for (int k = 0; k < out_channels_; ++k) {
        float half[3][6], place[6][6];
        for (int y = 0; y < 3; ++y) {
          float line[3];
          for (int x = 0; x < 3; ++x) line[x] = g[((y * 3 + x) * in_channels_ + c) * weights_.stride + k];
          weight_transform(line, half[y]);
        }
        for (int x = 0; x < 6; ++x) {
          const float line[3] = {half[0][x], half[1][x], half[2][x]};
          float to[6];
          weight_transform(line, to);
          for (int y = 0; y < 6; ++y) place[y][x] = to[y];
        }
        for (size_t p = 0; p < kPlaces; ++p) {
          const float value = place[p / 6][p % 6];
          transformed_.data()[p * size + static_cast<size_t>(c * out_channels_ + k)] = value;
          transposed_.data()[p * size + static_cast<size_t>(k * in_channels_ + c)] = value;
        }
      }
    }
  }

  void forward(const Shard& shard) override {
    const Kernels& kernels = *shard.kernels;
    const Scratch scratch = divide(shard.scratch);
    for (int sample = shard.begin; sample < shard.end; sample += group_) {
      const int count = std::min(group_, shard.end - sample);
      transform_inputs(shard, scratch, sample, count);
      Gemm g;
      g.a_row = in_channels_;
      g.b_k = g.c_row = g.columns = out_channels_;
      g.rows = count * tiles_a_sample();
      g.segment_length = in_channels_;
      for (int p = 0; p < kPlaces; ++p) {
        g.a = scratch.in_planes + p * in_plane_;
        g.b = transformed_.data() + static_cast<size_t>(p) * weights_floats();
        g.c = scratch.out_planes + p * out_plane_;
        kernels.gemm(g);
      }
      const float* bias = bias_ != nullptr ? shard.weights + bias_->offset : nullptr;
      for (int i = 0; i < count; ++i) {
        kernels.winograd_output(out_tiles(),
                                scratch.out_planes + ptrdiff_t{i} * tiles_a_sample() * out_channels_, bias,
                                out->sample(sample + i));
      }
      finish_output(*out, shard, sample, count);
    }
  }

  void backward(const Shard& shard) override {
    const Kernels& kernels = *shard.kernels;
    const Scratch scratch = divide(shard.scratch);
    for (int sample = shard.begin; sample < shard.end; sample += group_) {
      const int count = std::min(group_, shard.end - sample);
      transform_inputs(shard, scratch, sample, count);
      for (int i = 0; i < count; ++i) {
        const float* gradient = read_gradient(*out, sample + i, 1, kernels, scratch.gradient);
        kernels.winograd_output_gradient(
            out_tiles(), gradient, scratch.out_planes + ptrdiff_t{i} * tiles_a_sample() * out_channels_);
        add_bias_gradient(shard, gradient);
      }
      weight_products(shard, scratch, count * tiles_a_sample(), sample > shard.begin);
      if (in[0].value->needs_gradient) input_gradients(shard, scratch, sample, count);
    }
    if (shard.end > shard.begin)
      add_weight_gradient(scratch.weight_planes, shard.gradients + weights_.offset);
  }

 private:
  static constexpr int kTilesAtOnce = 64;

  struct Scratch {
    float *image, *spare, *gradient, *target, *in_planes, *out_planes, *weight_planes;
  };
  Scratch divide(float* scratch) const {
    Scratch s{};
    s.image = scratch;
    s.spare = s.image + image_.floats();
    s.target = s.spare + image_.spare_floats();
    s.gradient = s.target + image_.spare_floats();
    s.in_planes = s.gradient + out_floats();
    s.out_planes = s.in_planes + kPlaces * in_plane_;
    s.weight_planes = s.out_planes + kPlaces * out_plane_;
    return s;
  }

  int tiles_a_sample() const { return tiles_.tile_rows * tiles_.tile_columns; }
  size_t weights_floats() const {
    return static_cast<size_t>(in_channels_) * static_cast<size_t>(out_channels_);
  }
  size_t out_floats() const {
    return static_cast<size_t>(tiles_.out_h * tiles_.out_w) * static_cast<size_t>(out_channels_);
  }
  Winograd in_tiles() const {
    Winograd w = tiles_;
    w.channels = in_channels_;
    w.row = image_.row();
    w.plane = in_plane_;
    return w;
  }
  Winograd out_tiles() const {
    Winograd w = tiles_;
    w.channels = out_channels_;
    w.row = ptrdiff_t{tiles_.out_w} * out_channels_;
    w.plane = out_plane_;
    return w;
  }

  void transform_inputs(const Shard& shard, const Scratch& scratch, int sample, int count) const {
    for (int i = 0; i < count; ++i) {
      load_image(*in[0].value, sample + i, image_, *shard.kernels, scratch.image, scratch.spare);
      shard.kernels->winograd_input(in_tiles(), scratch.image,
                                    scratch.in_planes + ptrdiff_t{i} * tiles_a_sample() * in_channels_);
    }
  }

  void weight_products(const Shard& shard, const Scratch& scratch, int tiles, bool accumulate) const {
    Gemm g;
    g.a_row = 1;
    g.a_k = in_channels_;
    g.b_k = g.c_row = g.columns = out_channels_;
    g.rows = in_channels_;
    g.segment_length = tiles;
    g.accumulate = accumulate;
    for (int p = 0; p < kPlaces; ++p) {
      g.a = scratch.in_planes + p * in_plane_;
      g.b = scratch.out_planes + p * out_plane_;
      g.c = scratch.weight_planes + static_cast<size_t>(p) * weights_floats();
      shard.kernels->gemm(g);
    }
  }

  void input_gradients(const Shard& shard, const Scratch& scratch, int sample, int count) const {
    Gemm g;
    g.a_row = out_channels_;
    g.b_k = g.c_row = g.columns = in_channels_;
    g.rows = count * tiles_a_sample();
    g.segment_length = out_channels_;
    for (int p = 0; p < kPlaces; ++p) {
      g.a = scratch.out_planes + p * out_plane_;
      g.b = transposed_.data() + static_cast<size_t>(p) * weights_floats();
      g.c = scratch.in_planes + p * in_plane_;
      shard.kernels->gemm(g);
    }
    const size_t row = static_cast<size_t>(image_.width) * static_cast<size_t>(in_channels_);
    for (int i = 0; i < count; ++i) {
      std::memset(scratch.image, 0, image_.floats() * sizeof(float));
      shard.kernels->winograd_input_gradient(
          in_tiles(), scratch.in_planes + ptrdiff_t{i} * tiles_a_sample() * in_channels_, scratch.image);
      float* target = gradient_target(in[0], sample + i, scratch.target);
      for (int y = 0; y < image_.height; ++y) {
        std::memcpy(target + static_cast<size_t>(y) * row, image_.pixel(scratch.image, y, 0),
                    row * sizeof(float));
      }
      finish_gradient(in[0], shard, sample + i, 1, target);
    }
  }

  void add_bias_gradient(const Shard& shard, const float* gradient) const {
    if (bias_ == nullptr) return;
    float* to = shard.gradients + bias_->offset;
    for (int i = 0; i < tiles_.out_h * tiles_.out_w; ++i, gradient += out_channels_) {
      for (int k = 0; k < out_channels_; ++k) to[k] += gradient[k];
    }
  }

  void add_weight_gradient(const float* planes, float* to) const {
    const size_t size = weights_floats();
    for (int c = 0; c < in_channels_; ++c) {
      for (int k = 0; k < out_channels_; ++k) {
        const float* place = planes + c * out_channels_ + k;
        float half[6][3];
        for (size_t y = 0; y < 6; ++y) {
          float line[6];
          for (size_t x = 0; x < 6; ++x) line[x] = place[(y * 6 + x) * size];
          weight_transform_back(line, half[y]);
        }
        for (int x = 0; x < 3; ++x) {
          const float line[6] = {half[0][x], half[1][x], half[2][x], half[3][x], half[4][x], half[5][x]};
          float tap[3];
          weight_transform_back(line, tap);
          for (int y = 0; y < 3; ++y) to[((y * 3 + x) * in_channels_ + c) * weights_.stride + k] += tap[y];
        }
      }
    }
  }

  const Parameter& weights_;
  const Parameter* bias_;
  int in_channels_ = 0, out_channels_ = 0;
  int group_ = 1;  ///< samples whose tiles share a product
  ptrdiff_t in_plane_ = 0, out_plane_ = 0;
  Winograd tiles_;
  PaddedImage image_;
  Buffer transformed_, transposed_;  ///< U and U^T at each place
};

}  // namespace

bool winograd_suits(const LayerInputs& from) {
  const auto& a = std::get<ir::Conv2dAttributes>(from.node.attributes);
  const ir::Shape& filter = from.graph.input_of(from.node, 1).shape;
  const ir::Shape& out = from.graph.output_of(from.node).shape;
  const bool plain = filter[1] == 3 && filter[2] == 3 && a.stride_h == 1 && a.stride_w == 1 &&
                     a.dilation_h == 1 && a.dilation_w == 1;
  const bool whole_vectors = filter[3] % from.lanes == 0 && filter[0] % from.lanes == 0;
  // The transforms cost about as much as eight channels of products; tiles outside the image are lost work.
  const int tiles = (out[1] + 3) / 4 * ((out[2] + 3) / 4);
  return plain && whole_vectors && filter[3] >= 8 && filter[0] >= 8 && 2 * out[1] * out[2] >= 16 * tiles;
}

std::unique_ptr<Layer> make_winograd(const LayerInputs& from) { return std::make_unique<WinogradConv>(from); }

}  // namespace tadpole::train
