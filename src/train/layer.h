// How layers of the training network see values, parameters and one another. Private to this room.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"
#include "train/kernels.h"

namespace tadpole::train {

/// A batch is always cut into so many parts, whatever the number of threads.
inline constexpr int kShards = 8;

/// Zeroed floats on a 64-byte border.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t count);
  float* data() const { return data_.get(); }
  size_t size() const { return count_; }
  std::span<float> span() const { return {data_.get(), count_}; }

 private:
  struct Release {
    std::align_val_t border;
    void operator()(float* data) const { ::operator delete(data, border); }
  };
  std::unique_ptr<float, Release> data_;
  size_t count_ = 0;
};

inline int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

/// A trained tensor. Inside the network it is a matrix [rows, stride] whose columns are its output channels,
/// so that the products read it as it is; `stride` is `columns` rounded up to the lanes, the rest zeros.
struct Parameter {
  int tensor = -1;  ///< of the graph
  int rows = 1, columns = 0, stride = 0;
  bool transposed = false;  ///< in the graph it is [columns, rows] (conv and dense), else [rows, columns]
  bool decays = false;      ///< weight decay applies: kernels yes, biases and batch norm no
  size_t offset = 0;        ///< into the arenas of weights, gradients and optimiser state
  /// Its layer writes each shard's gradient instead of adding to it: it need not be zero before.
  bool overwritten = false;

  size_t size() const { return static_cast<size_t>(rows) * static_cast<size_t>(stride); }
};

/// Batch norm (Ioffe and Szegedy 2015) that waits on a value until a consumer reads it. Arrays that kernels
/// read hold one period of the value's channels.
struct BatchNorm {
  std::string name;
  int channels = 0, period = 0;
  float epsilon = 0, momentum = 0;
  int gamma = -1, beta = -1;                              ///< parameters
  int mean_tensor = -1, variance_tensor = -1;             ///< of the graph
  size_t state_offset = 0;                                ///< running mean, then running variance
  Buffer origin, mean;                                    ///< periods: shift of the sums, batch mean
  std::vector<float> inverse_deviation;                   ///< channels
  Buffer gradient_scale, value_scale, constant;           ///< periods: the backward pass is affine in both
  std::array<std::vector<double>, kShards> sum, product;  ///< periods
};

/// How another arithmetic rounds a value: what was outside of its bounds has no gradient.
struct Rounding {
  float low = 0, high = 0;
  std::vector<uint8_t> inside;  ///< [batch, size] of the last training pass; empty without a gradient
};
/// Zeroes the gradients whose numbers were not inside.
void pass_straight_through(float* gradient, const uint8_t* inside, ptrdiff_t count);

/// An activation of the network, [batch, size], stored before its batch norm and activation: these are
/// applied by each consumer on its way in, where the numbers are in cache, and are not stored.
struct Value {
  std::string name;  ///< of the layer that makes it
  int tensor = -1;   ///< of the graph: what consumers see
  int size = 0, channels = 0, period = 0;
  float* data = nullptr;
  float* gradient = nullptr;  ///< [batch, size]; lives from the first consumer's backward to the producer's
  bool needs_gradient = false;
  int consumers = 0;
  std::unique_ptr<BatchNorm> norm;
  float low = -std::numeric_limits<float>::infinity(), high = std::numeric_limits<float>::infinity();
  Buffer scale, shift;                 ///< periods; set when something is pending
  std::unique_ptr<Rounding> rounding;  ///< with another arithmetic than float; nothing is pending then

  bool clamps() const { return low > -std::numeric_limits<float>::infinity(); }
  bool pending() const { return norm != nullptr || clamps(); }
  float* sample(int index) const { return data + static_cast<ptrdiff_t>(index) * size; }
  float* sample_gradient(int index) const { return gradient + static_cast<ptrdiff_t>(index) * size; }
  uint8_t* inside(int index) const { return rounding->inside.data() + static_cast<ptrdiff_t>(index) * size; }
};

/// What one shard's work needs.
struct Shard {
  int index = 0, begin = 0, end = 0;  ///< samples [begin, end)
  bool training = false;
  uint64_t dropout_key = 0;
  const Kernels* kernels = nullptr;
  float* scratch = nullptr;  ///< as many floats as the layer asked for; contents undefined
  const float* weights = nullptr;
  float* gradients = nullptr;  ///< this shard's own sums, laid out as the weights
};

/// A layer's use of a value. Several consumers add their gradients in a fixed order; the last one finishes
/// it.
struct Edge {
  Value* value = nullptr;
  bool first = true, last = true;  ///< in the order of the backward pass
};

class Layer {
 public:
  explicit Layer(std::string layer_name) : name(std::move(layer_name)) {}
  virtual ~Layer() = default;
  /// Floats of scratch that forward and backward use at most.
  virtual size_t scratch_floats() const = 0;
  /// Before each forward pass: repacks weights.
  virtual void prepare(const float* /*weights*/) {}
  virtual void forward(const Shard& shard) = 0;
  /// Reads out's gradient, adds to the shard's gradients and writes those of the inputs that need one.
  virtual void backward(const Shard& shard) = 0;

  std::string name;
  std::vector<Edge> in;
  Value* out = nullptr;
};

/// Reads samples as consumers see them (normalised and clamped): a pointer to [count, size] floats, into the
/// value itself when nothing is pending, else into `scratch` (count * size floats).
const float* read_value(const Value& value, int sample, int count, const Kernels& kernels, float* scratch);

/// Where an image with a border of zeros lies in scratch.
struct PaddedImage {
  int height = 0, width = 0, channels = 0;  ///< without the border
  int top = 0, left = 0, padded_height = 0, padded_width = 0;
  int channel_stride = 0;  ///< >= channels; the rest zeros

  ptrdiff_t row() const { return ptrdiff_t{padded_width} * channel_stride; }
  size_t floats() const { return static_cast<size_t>(padded_height) * static_cast<size_t>(row()); }
  /// Scratch that load_image and load_gradient need beside the image itself.
  size_t spare_floats() const {
    return static_cast<size_t>(height) * static_cast<size_t>(width) * static_cast<size_t>(channels);
  }
  float* pixel(float* image, int y, int x) const {
    return image + (top + y) * row() + ptrdiff_t{left + x} * channel_stride;
  }
};

/// Writes one sample as consumers see it into `image`, with its border.
void load_image(const Value& value, int sample, const PaddedImage& layout, const Kernels& kernels,
                float* image, float* spare);
/// The same for the gradient that reached a layer's output before batch norm.
void load_gradient(const Value& value, int sample, const PaddedImage& layout, const Kernels& kernels,
                   float* image, float* spare);
/// Gradient of the stored numbers of samples: [count, size]; a pointer into the gradient or into scratch.
const float* read_gradient(const Value& value, int sample, int count, const Kernels& kernels, float* scratch);

/// Where a consumer writes its gradient of samples [sample, sample + count): the value's own gradient, or
/// `scratch` (count * size floats) when another consumer was there before.
float* gradient_target(const Edge& edge, int sample, float* scratch);
/// Call after writing there: adds, and when this is the last consumer masks by the activation and gathers the
/// sums of the batch norm.
void finish_gradient(const Edge& edge, const Shard& shard, int sample, int count, const float* target);
/// Call after a layer wrote samples of its output while training: gathers sums for its batch norm.
void finish_output(const Value& value, const Shard& shard, int sample, int count);

/// Batch norm between the passes; see batch_norm.cpp.
void set_up_pending(Value& value, int lanes);
void begin_batch_norm(const Value& value, const float* state);
void finish_batch_norm(Value& value, const float* gamma, const float* beta, float* state, int samples,
                       int64_t steps_before);
void use_running_statistics(Value& value, const float* gamma, const float* beta, const float* state);
void finish_batch_norm_gradient(Value& value, const float* gamma, float* gamma_gradient, float* beta_gradient,
                                int samples);

/// What a layer is made from.
struct LayerInputs {
  const ir::Graph& graph;
  const ir::Node& node;
  std::span<const Parameter* const> parameters;   ///< those there are, in the order of the node's inputs
  std::span<const Parameter* const> by_position;  ///< of each of the node's inputs, null where it is none
  int batch;
  int lanes;
  int output = 0;  ///< of a node with several outputs: which

  /// The tensor that the first value of the network comes from.
  size_t data_input() const {
    const size_t position = node.op == ir::Op::split ? 1 : 0;
    return static_cast<size_t>(node.inputs[position]);
  }
};
std::unique_ptr<Layer> make_conv(const LayerInputs& from);
/// Whether make_winograd can make this convolution and is quicker.
bool winograd_suits(const LayerInputs& from);
std::unique_ptr<Layer> make_winograd(const LayerInputs& from);
std::unique_ptr<Layer> make_depthwise(const LayerInputs& from);
std::unique_ptr<Layer> make_dense(const LayerInputs& from);
std::unique_ptr<Layer> make_transpose_conv(const LayerInputs& from);
std::unique_ptr<Layer> make_batch_matmul(const LayerInputs& from);
std::unique_ptr<Layer> make_lstm(const LayerInputs& from);
std::unique_ptr<Layer> make_gru(const LayerInputs& from);
std::unique_ptr<Layer> make_pool(const LayerInputs& from);
std::unique_ptr<Layer> make_mean(const LayerInputs& from);
std::unique_ptr<Layer> make_add(const LayerInputs& from);
std::unique_ptr<Layer> make_unary(const LayerInputs& from);
std::unique_ptr<Layer> make_softmax(const LayerInputs& from);
std::unique_ptr<Layer> make_binary(const LayerInputs& from);
std::unique_ptr<Layer> make_reduce(const LayerInputs& from);
std::unique_ptr<Layer> make_taps(const LayerInputs& from);
std::unique_ptr<Layer> make_join(const LayerInputs& from);
std::unique_ptr<Layer> make_copy(const LayerInputs& from);
std::unique_ptr<Layer> make_dropout(const LayerInputs& from);

}  // namespace tadpole::train
