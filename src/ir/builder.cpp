// Layer by layer construction with shapes checked at once; the first error sticks.
#include "ir/builder.h"

#include <cmath>
#include <utility>

namespace tadpole::ir {

namespace {
const Shape kNoShape = {1};
}

GraphBuilder::GraphBuilder(std::string name, Rng rng) : rng_(rng) { graph_.name = std::move(name); }

int GraphBuilder::tensor(Tensor tensor) {
  graph_.tensors.push_back(std::move(tensor));
  return static_cast<int>(graph_.tensors.size()) - 1;
}

int GraphBuilder::weights(const std::string& name, const Shape& shape, int fan_in) {
  Rng rng = rng_.fork(name);
  const float deviation = std::sqrt(2.0f / static_cast<float>(fan_in));
  std::vector<float> values(static_cast<size_t>(element_count(shape)));
  for (float& value : values) value = deviation * rng.normal();
  return tensor({name, DType::float32, shape, std::nullopt, make_constant<float>(values)});
}

GraphBuilder& GraphBuilder::named(std::string name) {
  next_name_ = std::move(name);
  return *this;
}

std::string GraphBuilder::take_name(std::string own) {
  return next_name_.empty() ? own : std::exchange(next_name_, {});
}

int GraphBuilder::filled(const std::string& name, const Shape& shape, float value) {
  const std::vector<float> values(static_cast<size_t>(element_count(shape)), value);
  return tensor({name, DType::float32, shape, std::nullopt, make_constant<float>(values)});
}

const Shape& GraphBuilder::shape(Value value) const {
  return value.tensor < 0 ? kNoShape : graph_.tensors[static_cast<size_t>(value.tensor)].shape;
}

Value GraphBuilder::input(const Shape& shape, std::string name) {
  graph_.inputs.push_back(tensor({std::move(name), DType::float32, shape, std::nullopt, nullptr}));
  return {graph_.inputs.back()};
}

Value GraphBuilder::node(Op op, std::string name, std::vector<int> inputs, Attributes attributes) {
  if (failed_) return {};
  Node node{op, take_name(std::move(name)), std::move(inputs), {}, std::move(attributes)};
  auto shape = output_shape(graph_, node);
  if (!shape.ok()) {
    failed_ = shape.error();
    return {};
  }
  node.outputs = {tensor({node.name + "_out", DType::float32, *shape, std::nullopt, nullptr})};
  graph_.nodes.push_back(std::move(node));
  return {graph_.nodes.back().outputs[0]};
}

Value GraphBuilder::conv_2d(Value in, int filters, int filter_h, int filter_w,
                            const Conv2dAttributes& attributes, bool bias) {
  if (failed_) return {};
  const std::string name = take_name("conv_" + std::to_string(++layer_));
  const int channels = shape(in).back();
  std::vector<int> inputs = {in.tensor, weights(name + "_weights", {filters, filter_h, filter_w, channels},
                                                filter_h * filter_w * channels)};
  if (bias) inputs.push_back(filled(name + "_bias", {filters}, 0));
  return node(Op::conv_2d, name, std::move(inputs), attributes);
}

Value GraphBuilder::depthwise_conv_2d(Value in, int filter_h, int filter_w,
                                      const DepthwiseConv2dAttributes& attributes, bool bias) {
  if (failed_) return {};
  const std::string name = take_name("depthwise_" + std::to_string(++layer_));
  const int channels = shape(in).back() * attributes.depth_multiplier;
  std::vector<int> inputs = {
      in.tensor, weights(name + "_weights", {1, filter_h, filter_w, channels}, filter_h * filter_w)};
  if (bias) inputs.push_back(filled(name + "_bias", {channels}, 0));
  return node(Op::depthwise_conv_2d, name, std::move(inputs), attributes);
}

Value GraphBuilder::fully_connected(Value in, int units, const FullyConnectedAttributes& attributes,
                                    bool bias) {
  if (failed_) return {};
  const std::string name = take_name("dense_" + std::to_string(++layer_));
  const Shape& from = shape(in);
  const int width = attributes.keep_dims ? from.back() : static_cast<int>(element_count(from) / from[0]);
  std::vector<int> inputs = {in.tensor, weights(name + "_weights", {units, width}, width)};
  if (bias) inputs.push_back(filled(name + "_bias", {units}, 0));
  return node(Op::fully_connected, name, std::move(inputs), attributes);
}

Value GraphBuilder::batch_norm(Value in, const BatchNormAttributes& attributes) {
  if (failed_) return {};
  const std::string name = take_name("batch_norm_" + std::to_string(layer_));
  const Shape channels = {shape(in).back()};
  std::vector<int> inputs = {in.tensor, filled(name + "_gamma", channels, 1),
                             filled(name + "_beta", channels, 0), filled(name + "_mean", channels, 0),
                             filled(name + "_variance", channels, 1)};
  return node(Op::batch_norm, name, std::move(inputs), attributes);
}

Value GraphBuilder::relu(Value in) {
  return node(Op::relu, "relu_" + std::to_string(layer_), {in.tensor}, NoAttributes{});
}

Value GraphBuilder::relu6(Value in) {
  return node(Op::relu6, "relu6_" + std::to_string(layer_), {in.tensor}, NoAttributes{});
}

Value GraphBuilder::average_pool_2d(Value in, const Pool2dAttributes& attributes) {
  return node(Op::average_pool_2d, "average_pool_" + std::to_string(layer_), {in.tensor}, attributes);
}

Value GraphBuilder::max_pool_2d(Value in, const Pool2dAttributes& attributes) {
  return node(Op::max_pool_2d, "max_pool_" + std::to_string(layer_), {in.tensor}, attributes);
}

Value GraphBuilder::global_average_pool(Value in) {
  if (failed_) return {};
  const Shape& from = shape(in);
  if (from.size() != 4) {
    failed_ = Error{Code::bad_shape, "global average pool after layer " + std::to_string(layer_) +
                                         ": input is " + to_string(from) + "; needs 4 dimensions."};
    return {};
  }
  return average_pool_2d(in, {.padding = Padding::valid,
                              .filter_h = from[1],
                              .filter_w = from[2],
                              .stride_h = from[1],
                              .stride_w = from[2]});
}

Value GraphBuilder::add(Value a, Value b, const ActivationAttributes& attributes) {
  return node(Op::add, "add_" + std::to_string(layer_), {a.tensor, b.tensor}, attributes);
}

Value GraphBuilder::resize_nearest(Value in, int height, int width) {
  if (failed_) return {};
  const std::string name = take_name("resize_" + std::to_string(layer_));
  return node(Op::resize_nearest_neighbor, name, {in.tensor, integers(name + "_size", {height, width})},
              ResizeAttributes{});
}

Value GraphBuilder::reshape(Value in, const Shape& shape) {
  if (failed_) return {};
  Node node{Op::reshape, take_name("reshape_" + std::to_string(layer_)), {in.tensor}, {}, NoAttributes{}};
  node.outputs = {tensor({node.name + "_out", DType::float32, shape, std::nullopt, nullptr})};
  if (auto checked = output_shape(graph_, node); !checked.ok()) {
    failed_ = checked.error();
    return {};
  }
  graph_.nodes.push_back(std::move(node));
  return {graph_.nodes.back().outputs[0]};
}

Value GraphBuilder::flatten(Value in) {
  if (failed_) return {};
  const Shape& from = shape(in);
  return reshape(in, {from[0], static_cast<int32_t>(element_count(from) / from[0])});
}

Value GraphBuilder::dropout(Value in, float rate) {
  return node(Op::dropout, "dropout_" + std::to_string(layer_), {in.tensor}, DropoutAttributes{rate});
}

Value GraphBuilder::softmax(Value in) {
  return node(Op::softmax, "softmax", {in.tensor}, SoftmaxAttributes{});
}

Result<Graph> GraphBuilder::finish(Value output) && {
  if (failed_) return *failed_;
  graph_.outputs = {output.tensor};
  TADPOLE_CHECK(check_graph(graph_));
  return std::move(graph_);
}

}  // namespace tadpole::ir
