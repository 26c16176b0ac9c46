// Seeded random graphs over the op table, int8 or float, for tests that compare executions with each other.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "base/rng.h"
#include "ir/graph.h"

namespace tadpole::conformance {

/// Grows a graph layer by layer from one input. Every layer's output keeps values spread over the int8 range,
/// so that a wrong rounding shows.
class RandomGraph {
 public:
  /// `small_weights`: int4 ones in an int8 graph, int8 ones in a float graph.
  RandomGraph(Rng rng, bool int8, bool small_weights = false)
      : rng_(rng), int8_(int8), small_weights_(small_weights) {}

  ir::Graph make(int layers) {
    graph_.name = "random";
    current_ = activation({1, range(3, 12), range(3, 12), range(1, 9)});
    graph_.inputs = {current_};
    for (int i = 0; i < layers; ++i) add_layer();
    if (rng_.below(2)) {
      flatten();
      dense();
      if (rng_.below(3) == 0) svdf();
      if (rng_.below(2)) softmax();
    }
    if (graph_.nodes.empty()) relu();
    graph_.outputs = {current_};
    return graph_;
  }

  /// One layer of a given kind on an input of a given shape; an empty graph when the shape does not work out.
  ir::Graph make_conv(const ir::Shape& in, int filters, int filter_h, int filter_w,
                      const ir::Conv2dAttributes& attributes) {
    start(in);
    conv(filters, filter_h, filter_w, attributes);
    return done();
  }
  ir::Graph make_depthwise(const ir::Shape& in, int filter_h, int filter_w,
                           const ir::DepthwiseConv2dAttributes& attributes) {
    start(in);
    depthwise(filter_h, filter_w, attributes);
    return done();
  }
  ir::Graph make_dense(int rows, int width, int units, ir::Activation activation) {
    start({rows, width});
    dense(units, activation);
    return done();
  }

  ir::Graph make_pool(ir::Op op, const ir::Shape& in, const ir::Pool2dAttributes& attributes) {
    start(in);
    node(op, {current_}, attributes);
    return done();
  }
  /// The input and a constant of the same shape, or of one value for each channel.
  ir::Graph make_add(const ir::Shape& in, ir::Activation activation) {
    start(in);
    const int from = current_;
    const int other = constant_activation(rng_.below(2) ? in : ir::Shape{in.back()});
    node(ir::Op::add, {from, other}, ir::ActivationAttributes{activation});
    return done();
  }

  int range(int low, int high) {
    return low + static_cast<int>(rng_.below(static_cast<uint32_t>(high - low + 1)));
  }
  ir::Activation activation_kind() { return static_cast<ir::Activation>(rng_.below(4)); }
  ir::Padding padding() { return rng_.below(2) ? ir::Padding::same : ir::Padding::valid; }

 private:
  const ir::Shape& shape() const { return graph_.tensors[static_cast<size_t>(current_)].shape; }

  void start(const ir::Shape& in) {
    graph_.name = "random";
    current_ = activation(in);
    graph_.inputs = {current_};
  }

  ir::Graph done() {
    if (graph_.nodes.empty()) return {};
    graph_.outputs = {current_};
    return graph_;
  }

  int tensor(ir::Tensor tensor) {
    graph_.tensors.push_back(std::move(tensor));
    return static_cast<int>(graph_.tensors.size()) - 1;
  }

  int activation(const ir::Shape& shape) {
    ir::Tensor made;
    made.name = "t" + std::to_string(graph_.tensors.size());
    made.shape = shape;
    if (int8_) {
      made.type = ir::DType::int8;
      made.quantisation = ir::Quantisation{{rng_.uniform(0.02f, 0.2f)}, {range(-128, 127)}, 0};
    }
    return tensor(std::move(made));
  }

  float scale_of(int index) const {
    return graph_.tensors[static_cast<size_t>(index)].quantisation->scales[0];
  }

  int weights(const ir::Shape& shape, int channels, int axis, int taps) {
    ir::Tensor made;
    made.name = "w" + std::to_string(graph_.tensors.size());
    made.shape = shape;
    const auto count = static_cast<size_t>(ir::element_count(shape));
    if (int8_ || small_weights_) {
      const bool int4 = int8_ && small_weights_;
      std::vector<int8_t> values(int4 ? (count + 1) / 2 : count);
      for (int8_t& value : values) value = static_cast<int8_t>(range(-128, 127));
      made.type = int4 ? ir::DType::int4 : ir::DType::int8;
      made.constant = ir::make_constant<int8_t>(values);
      ir::Quantisation scales;
      scales.axis = axis;
      // The deviation of the weights above: the output's deviation is that of the input times 0.3 to 3.
      const float deviation = int4 ? 4.6f : 74.0f;
      const int scale_count = rng_.below(4) ? channels : 1;
      for (int i = 0; i < scale_count; ++i) {
        scales.scales.push_back(rng_.uniform(0.3f, 3.0f) / (deviation * std::sqrt(static_cast<float>(taps))));
        scales.zero_points.push_back(0);
      }
      made.quantisation = scales;
    } else {
      std::vector<float> values(count);
      for (float& value : values) value = rng_.normal() / std::sqrt(static_cast<float>(taps));
      made.constant = ir::make_constant<float>(values);
    }
    return tensor(std::move(made));
  }

  int bias(int channels) {
    if (rng_.below(4) == 0) return -1;
    ir::Tensor made;
    made.name = "b" + std::to_string(graph_.tensors.size());
    made.shape = {channels};
    const auto count = static_cast<size_t>(channels);
    if (int8_) {
      std::vector<int32_t> values(count);
      for (int32_t& value : values) value = range(-20000, 20000);
      made.type = ir::DType::int32;
      made.constant = ir::make_constant<int32_t>(values);
    } else {
      std::vector<float> values(count);
      for (float& value : values) value = rng_.normal();
      made.constant = ir::make_constant<float>(values);
    }
    return tensor(std::move(made));
  }

  /// Whether an op's output has the scale of its input.
  static bool moves(ir::Op op) {
    return op == ir::Op::transpose || op == ir::Op::pad || op == ir::Op::concatenation ||
           op == ir::Op::strided_slice || op == ir::Op::resize_nearest_neighbor ||
           op == ir::Op::resize_bilinear;
  }

  /// What stands for the scale of a value that has none, between layers of another type.
  static constexpr float kScaleOfFloats = 0.02f;

  /// Appends the node if its shape works out; otherwise nothing happens.
  bool node(ir::Op op, std::vector<int> inputs, ir::Attributes attributes) {
    ir::Node made{
        op, "layer_" + std::to_string(graph_.nodes.size()), std::move(inputs), {}, std::move(attributes)};
    const auto out = ir::output_shape(graph_, made);
    if (!out.ok()) return false;
    const ir::Tensor from = graph_.tensors[static_cast<size_t>(current_)];
    const int output = activation(*out);
    ir::Tensor& to = graph_.tensors[static_cast<size_t>(output)];
    const bool keeps_scale = op == ir::Op::average_pool_2d || op == ir::Op::max_pool_2d || moves(op);
    if (int8_ && keeps_scale) to.quantisation = from.quantisation;
    if (int8_ && !keeps_scale)
      to.quantisation->scales[0] =
          (from.quantisation ? from.quantisation->scales[0] : kScaleOfFloats) * rng_.uniform(0.5f, 2.0f);
    if (int8_ && op == ir::Op::softmax) to.quantisation = ir::Quantisation{{1.0f / 256}, {-128}, 0};
    made.outputs = {output};
    graph_.nodes.push_back(std::move(made));
    current_ = output;
    return true;
  }

  void conv(int filters, int filter_h, int filter_w, const ir::Conv2dAttributes& attributes) {
    const int taps = filter_h * filter_w * shape()[3];
    node(ir::Op::conv_2d,
         {current_, weights({filters, filter_h, filter_w, shape()[3]}, filters, 0, taps), bias(filters)},
         attributes);
  }

  void depthwise(int filter_h, int filter_w, const ir::DepthwiseConv2dAttributes& attributes) {
    const int channels = shape()[3] * attributes.depth_multiplier;
    node(ir::Op::depthwise_conv_2d,
         {current_, weights({1, filter_h, filter_w, channels}, channels, 3, filter_h * filter_w),
          bias(channels)},
         attributes);
  }

  void dense(int units, ir::Activation activation) {
    const int width = shape().back();
    node(ir::Op::fully_connected, {current_, weights({units, width}, units, 0, width), bias(units)},
         ir::FullyConnectedAttributes{activation, false});
  }
  void dense() { dense(range(1, 20), activation_kind()); }
  void softmax() { node(ir::Op::softmax, {current_}, ir::SoftmaxAttributes{}); }
  void relu() { node(rng_.below(2) ? ir::Op::relu : ir::Op::relu6, {current_}, ir::NoAttributes{}); }

  void flatten() {
    const int from = current_;
    const int output = activation({1, static_cast<int32_t>(ir::element_count(shape()))});
    graph_.tensors[static_cast<size_t>(output)].quantisation =
        graph_.tensors[static_cast<size_t>(from)].quantisation;
    graph_.nodes.push_back({ir::Op::reshape,
                            "layer_" + std::to_string(graph_.nodes.size()),
                            {from},
                            {output},
                            ir::NoAttributes{}});
    current_ = output;
  }

  void pool(ir::Op op) {
    node(op, {current_},
         ir::Pool2dAttributes{padding(), range(1, 4), range(1, 4), range(1, 3), range(1, 3),
                              activation_kind()});
  }

  int constant_activation(const ir::Shape& shape) {
    const int made = activation(shape);
    ir::Tensor& constant = graph_.tensors[static_cast<size_t>(made)];
    std::vector<uint8_t> bytes(static_cast<size_t>(constant.bytes()), 0);
    if (int8_) {
      for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng_.below(256));
    }
    constant.constant = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
    return made;
  }

  /// Sum with an earlier tensor of the same shape, or with a constant for each channel.
  void add() {
    std::vector<int> fitting;
    for (const ir::Node& earlier : graph_.nodes) {
      const ir::Tensor& tensor = graph_.tensors[static_cast<size_t>(earlier.outputs[0])];
      if (tensor.shape == shape() && tensor.type == made(current_).type)
        fitting.push_back(earlier.outputs[0]);
    }
    int other = fitting.empty() || rng_.below(3) == 0
                    ? -1
                    : fitting[rng_.below(static_cast<uint32_t>(fitting.size()))];
    if (other < 0) {
      other = constant_activation({shape()[3]});
    }
    node(ir::Op::add, {current_, other}, ir::ActivationAttributes{activation_kind()});
  }

  void mean() {
    ir::Tensor axes;
    axes.name = "axes" + std::to_string(graph_.tensors.size());
    axes.type = ir::DType::int32;
    axes.shape = {1};
    axes.constant = ir::make_constant<int32_t>(std::vector<int32_t>{range(1, 2)});
    node(ir::Op::mean, {current_, tensor(std::move(axes))}, ir::ReduceAttributes{true});
  }

  int numbers(const std::vector<int32_t>& values, const ir::Shape& shape) {
    ir::Tensor made;
    made.name = "n" + std::to_string(graph_.tensors.size());
    made.type = ir::DType::int32;
    made.shape = shape;
    made.constant = ir::make_constant<int32_t>(values);
    return tensor(std::move(made));
  }
  int numbers(const std::vector<int32_t>& values) {
    return numbers(values, {static_cast<int32_t>(values.size())});
  }

  /// Cuts the channels into two halves and joins them the other way round.
  void exchange_halves() {
    if (shape()[3] % 2 != 0) return;
    ir::Node made{ir::Op::split,
                  "layer_" + std::to_string(graph_.nodes.size()),
                  {numbers({3}), current_},
                  {},
                  ir::NoAttributes{}};
    const ir::Tensor whole = graph_.tensors[static_cast<size_t>(current_)];
    for (int i = 0; i < 2; ++i) {
      made.outputs.push_back(
          activation({whole.shape[0], whole.shape[1], whole.shape[2], whole.shape[3] / 2}));
      graph_.tensors.back().quantisation = whole.quantisation;
    }
    const std::vector<int> halves = {made.outputs[1], made.outputs[0]};
    graph_.nodes.push_back(std::move(made));
    node(ir::Op::concatenation, halves, ir::ConcatenationAttributes{-1});
  }

  /// A layer that only moves values; the shape keeps four dimensions.
  void move() {
    switch (rng_.below(6)) {
      case 0: {
        const bool columns_first = rng_.below(2) != 0;
        const auto order =
            columns_first ? std::vector<int32_t>{0, 2, 1, 3} : std::vector<int32_t>{0, 1, 3, 2};
        node(ir::Op::transpose, {current_, numbers(order)}, ir::NoAttributes{});
        return;
      }
      case 1: {
        const std::vector<int32_t> pads = {0,           0,           range(0, 2), range(0, 2),
                                           range(0, 2), range(0, 2), 0,           range(0, 1)};
        node(ir::Op::pad, {current_, numbers(pads, {4, 2})}, ir::NoAttributes{});
        return;
      }
      case 2: {  // backwards along one axis, every other one along the next
        ir::StridedSliceAttributes attributes;
        attributes.begin_mask = attributes.end_mask = 15;
        node(ir::Op::strided_slice,
             {current_, numbers({0, 0, 0, 0}), numbers({0, 0, 0, 0}), numbers({1, range(1, 2), -1, 1})},
             attributes);
        return;
      }
      case 3:
        if (ir::element_count(shape()) < 1000)
          node(ir::Op::concatenation, {current_, current_}, ir::ConcatenationAttributes{range(1, 3)});
        return;
      case 4: {
        ir::ResizeAttributes attributes;
        (rng_.below(2) ? attributes.align_corners : attributes.half_pixel_centers) = rng_.below(2) != 0;
        const std::vector<int32_t> size = {range(1, shape()[1] + 3), range(1, shape()[2] + 3)};
        node(rng_.below(2) ? ir::Op::resize_bilinear : ir::Op::resize_nearest_neighbor,
             {current_, numbers(size)}, attributes);
        return;
      }
      default:
        return exchange_halves();
    }
  }

  /// Twice the rows, as many columns.
  void transpose_conv() {
    const ir::Shape in = shape();
    if (ir::element_count(in) > 1000 || (!int8_ && small_weights_)) return;
    const ir::Shape out = {in[0], 2 * in[1], in[2], range(1, 8)};
    const int filter_h = range(1, 3), filter_w = range(1, 3);
    const float scale = int8_ ? scale_of(current_) : 0;
    ir::Node made{
        ir::Op::transpose_conv,
        "layer_" + std::to_string(graph_.nodes.size()),
        {numbers(out), weights({out[3], filter_h, filter_w, in[3]}, out[3], 0, filter_h * filter_w * in[3]),
         current_, bias(out[3])},
        {},
        ir::TransposeConvAttributes{ir::Padding::same, 2, 1, activation_kind()}};
    current_ = activation(out);
    if (int8_) graph_.tensors.back().quantisation->scales[0] = scale * rng_.uniform(0.5f, 2.0f);
    made.outputs = {current_};
    graph_.nodes.push_back(std::move(made));
  }

  /// Every row of pixels times itself: [N,H,W,C] to [N,H,W,W].
  void products() {
    node(ir::Op::batch_matmul, {current_, current_}, ir::BatchMatMulAttributes{false, true});
  }

  ir::Tensor& made(int index) { return graph_.tensors[static_cast<size_t>(index)]; }

  /// Appends a node whose output has exactly this type and scale.
  void node_as(ir::Op op, std::vector<int> inputs, ir::Attributes attributes, ir::DType type, float scale,
               int32_t zero) {
    const size_t before = graph_.nodes.size();
    node(op, std::move(inputs), std::move(attributes));
    if (graph_.nodes.size() == before) return;
    made(current_).type = type;
    made(current_).quantisation.reset();
    if (scale > 0) made(current_).quantisation = ir::Quantisation{{scale}, {zero}, 0};
  }

  /// A function of one value. Of float, the ones that give numbers for all numbers.
  void element_layer() {
    const ir::Op ops[] = {ir::Op::logistic,   ir::Op::tanh, ir::Op::hard_swish, ir::Op::abs,
                          ir::Op::leaky_relu, ir::Op::exp,  ir::Op::rsqrt,      ir::Op::relu6};
    const ir::Op op = ops[rng_.below(int8_ ? 8 : 5)];
    if (int8_ && op == ir::Op::logistic)
      return node_as(op, {current_}, ir::NoAttributes{}, ir::DType::int8, 1.0f / 256, -128);
    if (int8_ && op == ir::Op::tanh)
      return node_as(op, {current_}, ir::NoAttributes{}, ir::DType::int8, 1.0f / 128, 0);
    if (op == ir::Op::leaky_relu) {
      node(op, {current_}, ir::LeakyReluAttributes{rng_.uniform(-0.5f, 1.5f)});
    } else {
      node(op, {current_}, ir::NoAttributes{});
    }
  }

  /// One constant for each channel, like the current tensor.
  int channel_constant() {
    const int other = activation({shape().back()});
    made(other).quantisation = made(current_).quantisation;
    std::vector<uint8_t> bytes;
    if (int8_) {
      for (int i = 0; i < shape().back(); ++i) bytes.push_back(static_cast<uint8_t>(rng_.below(256)));
    } else {
      std::vector<float> values(static_cast<size_t>(shape().back()));
      for (float& value : values) value = rng_.normal();
      bytes = *ir::make_constant<float>(values);
    }
    made(other).constant = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
    return other;
  }

  void pair_layer() {
    const int other = rng_.below(3) ? channel_constant() : current_;
    const ir::Quantisation same = made(current_).quantisation.value_or(ir::Quantisation{{0}, {0}, 0});
    const ir::DType type = made(current_).type;
    switch (rng_.below(6)) {
      case 0:
        return void(node(ir::Op::sub, {current_, other}, ir::ActivationAttributes{activation_kind()}));
      case 1:
        return void(node(ir::Op::mul, {other, current_}, ir::ActivationAttributes{activation_kind()}));
      case 2:
        return void(node(ir::Op::squared_difference, {current_, other}, ir::NoAttributes{}));
      case 3:
        return void(node(ir::Op::prelu, {current_, channel_constant()}, ir::NoAttributes{}));
      default:
        return node_as(rng_.below(2) ? ir::Op::maximum : ir::Op::minimum, {current_, other},
                       ir::NoAttributes{}, type, same.scales[0], same.zero_points[0]);
    }
  }

  /// Some layers of another type between two of this one.
  void other_type_layer() {
    if (!int8_) return;
    const float scale = scale_of(current_);
    if (rng_.below(2)) {
      node_as(ir::Op::quantize, {current_}, ir::NoAttributes{}, ir::DType::int16, scale / 64, 0);
      const bool bends = rng_.below(2) != 0;
      node_as(bends ? ir::Op::tanh : ir::Op::leaky_relu, {current_},
              bends ? ir::Attributes{} : ir::LeakyReluAttributes{}, ir::DType::int16,
              bends ? 1.0f / 32768 : scale / 50, 0);
    } else {
      node_as(ir::Op::dequantize, {current_}, ir::NoAttributes{}, ir::DType::float32, 0, 0);
      node_as(rng_.below(2) ? ir::Op::logistic : ir::Op::hard_swish, {current_}, ir::NoAttributes{},
              ir::DType::float32, 0, 0);
    }
    node_as(ir::Op::quantize, {current_}, ir::NoAttributes{}, ir::DType::int8, rng_.uniform(0.005f, 0.05f),
            range(-90, 90));
  }

  /// Adds what the layer before gave at the last inference.
  void delayed_sum() {
    const int now = current_;
    const int state = activation(shape());
    made(state).quantisation = made(now).quantisation;
    made(state).is_variable = true;
    const ir::Tensor like = made(now);
    const float scale = int8_ ? scale_of(now) : 0;
    const int32_t zero = int8_ ? like.quantisation->zero_points[0] : 0;
    node_as(ir::Op::read_variable, {state}, ir::NoAttributes{}, like.type, scale, zero);
    const int before = current_;
    graph_.nodes.push_back({ir::Op::assign_variable,
                            "layer_" + std::to_string(graph_.nodes.size()),
                            {now},
                            {state},
                            ir::NoAttributes{}});
    node(ir::Op::add, {now, before}, ir::ActivationAttributes{});
  }

  /// [1, W] to [1, units], with a memory of some steps.
  void svdf() {
    if (small_weights_) return;  // which SVDF does not take
    const int rank = range(1, 2), filters = rank * range(1, 5), width = shape().back(), memory = range(1, 4);
    const int features = weights({filters, width}, 1, 0, width),
              time = weights({filters, memory}, 1, 0, memory);
    const int state = activation({1, filters * memory});
    made(state).is_variable = true;
    if (int8_ && rng_.below(2)) {
      made(state).type = ir::DType::int16;
      made(state).quantisation = ir::Quantisation{{scale_of(current_) / 100}, {0}, 0};
      std::vector<int16_t> wide;
      for (const int8_t value : made(time).values<int8_t>()) wide.push_back(static_cast<int16_t>(value * 50));
      made(time).type = ir::DType::int16;
      made(time).constant = ir::make_constant<int16_t>(wide);
    }
    node(ir::Op::svdf, {current_, features, time, bias(filters / rank), state},
         ir::SvdfAttributes{rank, int8_ ? ir::Activation::none : activation_kind()});
  }

  void add_layer() {
    switch (rng_.below(15)) {
      case 0:
      case 1: {
        ir::Conv2dAttributes attributes{padding(), range(1, 2), range(1, 3), 1, 1, activation_kind()};
        if (rng_.below(3) == 0) attributes.dilation_h = attributes.dilation_w = 2;
        return conv(range(1, 12), range(1, 4), range(1, 4), attributes);
      }
      case 2:
        return conv(range(1, 20), 1, 1, {ir::Padding::same, 1, 1, 1, 1, activation_kind()});
      case 3:
      case 4: {
        ir::DepthwiseConv2dAttributes attributes{padding(), range(1, 2), range(1, 2),      1,
                                                 1,         range(1, 2), activation_kind()};
        return depthwise(range(1, 4), range(1, 4), attributes);
      }
      case 5:
        return pool(rng_.below(2) ? ir::Op::average_pool_2d : ir::Op::max_pool_2d);
      case 6:
        return add();
      case 7:
        return rng_.below(3) ? relu() : mean();
      case 8:
        return move();
      case 9:
        return rng_.below(3) ? transpose_conv() : products();
      case 10:
      case 11:
        return element_layer();
      case 12:
        return pair_layer();
      case 13:
        return rng_.below(2) ? other_type_layer() : delayed_sum();
      default:
        return rng_.below(2) ? softmax() : relu();
    }
  }

  Rng rng_;
  bool int8_, small_weights_;
  ir::Graph graph_;
  int current_ = -1;
};

/// Bytes for the graph's input: any for int8, numbers around 0 for float.
inline std::vector<uint8_t> random_input(const ir::Graph& graph, Rng& rng) {
  const ir::Tensor& tensor = graph.tensors[static_cast<size_t>(graph.inputs[0])];
  if (tensor.type == ir::DType::float32) {
    std::vector<float> values(static_cast<size_t>(ir::element_count(tensor.shape)));
    for (float& value : values) value = rng.normal();
    return *ir::make_constant<float>(values);
  }
  std::vector<uint8_t> bytes(static_cast<size_t>(tensor.bytes()));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng.below(256));
  return bytes;
}

}  // namespace tadpole::conformance
