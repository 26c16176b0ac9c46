// Layers of the builder that are more than a row of an image network: sequences, upsampling, sums of parts.
#include <cmath>

#include "ir/builder.h"

namespace tadpole::ir {

int GraphBuilder::integers(const std::string& name, const std::vector<int32_t>& values) {
  return tensor({name,
                 DType::int32,
                 {static_cast<int32_t>(values.size())},
                 std::nullopt,
                 make_constant<int32_t>(values)});
}

int GraphBuilder::uniform_weights(const std::string& name, const Shape& shape, float limit) {
  Rng rng = rng_.fork(name);
  std::vector<float> values(static_cast<size_t>(element_count(shape)));
  for (float& value : values) value = rng.uniform(-limit, limit);
  return tensor({name, DType::float32, shape, std::nullopt, make_constant<float>(values)});
}

int GraphBuilder::variable(const std::string& name, const Shape& shape) {
  Tensor made{name, DType::float32, shape, std::nullopt, nullptr};
  made.is_variable = true;
  return tensor(std::move(made));
}

Value GraphBuilder::shaped_node(Op op, std::string name, std::vector<int> inputs, Attributes attributes,
                                const Shape& shape) {
  if (failed_) return {};
  Node node{op, std::move(name), std::move(inputs), {}, std::move(attributes)};
  node.outputs = {tensor({node.name + "_out", DType::float32, shape, std::nullopt, nullptr})};
  if (auto checked = output_shape(graph_, node); !checked.ok()) {
    failed_ = checked.error();
    return {};
  }
  graph_.nodes.push_back(std::move(node));
  return {graph_.nodes.back().outputs[0]};
}

void GraphBuilder::fail_rank(const std::string& what, Value in, int rank) {
  if (failed_ || static_cast<int>(shape(in).size()) == rank) return;
  failed_ =
      Error{Code::bad_shape, what + " after layer " + std::to_string(layer_) + ": input is " +
                                 to_string(shape(in)) + "; needs " + std::to_string(rank) + " dimensions."};
}

Value GraphBuilder::unary(Op op, Value in, Attributes attributes) {
  return node(op, numbered(std::string(op_name(op))), {in.tensor}, std::move(attributes));
}

Value GraphBuilder::logistic(Value in) { return unary(Op::logistic, in); }

Value GraphBuilder::binary(Op op, Value a, Value b, Attributes attributes) {
  // The operators with an activation have attributes of their own.
  if (op == Op::add || op == Op::sub || op == Op::mul) {
    if (std::holds_alternative<NoAttributes>(attributes)) attributes = ActivationAttributes{};
  }
  return node(op, numbered(std::string(op_name(op))), {a.tensor, b.tensor}, std::move(attributes));
}

Value GraphBuilder::constant(const std::string& name, const Shape& shape, const std::vector<float>& values) {
  if (failed_) return {};
  return {tensor({name, DType::float32, shape, std::nullopt, make_constant<float>(values)})};
}

Value GraphBuilder::integer_constant(const std::string& name, const std::vector<int32_t>& values) {
  if (failed_) return {};
  return {integers(name, values)};
}

Value GraphBuilder::operation(Op op, const std::vector<Value>& in, Attributes attributes) {
  std::vector<int> inputs;
  for (const Value& value : in) inputs.push_back(value.tensor);
  return node(op, numbered(std::string(op_name(op))), std::move(inputs), std::move(attributes));
}

std::vector<Value> GraphBuilder::split(Value in, int axis, int parts) {
  std::vector<Value> made(static_cast<size_t>(parts));
  if (failed_) return made;
  Node node{Op::split, numbered("split"), {integers("split_axis", {axis}), in.tensor}, {}, NoAttributes{}};
  Shape part = shape(in);
  const int place = wrapped_axis(axis, part.size());
  if (place >= 0) part[static_cast<size_t>(place)] /= parts;
  for (Value& value : made) {
    value = {tensor({node.name + "_out_" + std::to_string(&value - made.data()), DType::float32, part,
                     std::nullopt, nullptr})};
    node.outputs.push_back(value.tensor);
  }
  if (auto checked = output_shapes(graph_, node); !checked.ok()) {
    failed_ = checked.error();
    return std::vector<Value>(static_cast<size_t>(parts));
  }
  graph_.nodes.push_back(std::move(node));
  return made;
}

Value GraphBuilder::concatenation(const std::vector<Value>& in, int axis) {
  std::vector<int> inputs;
  for (const Value& value : in) inputs.push_back(value.tensor);
  return node(Op::concatenation, numbered("concatenation"), std::move(inputs),
              ConcatenationAttributes{.axis = axis});
}

Value GraphBuilder::mean(Value in, const std::vector<int32_t>& axes, bool keep_dims) {
  if (failed_) return {};
  const std::string name = numbered("mean");
  return node(Op::mean, name, {in.tensor, integers(name + "_axes", axes)},
              ReduceAttributes{.keep_dims = keep_dims});
}

Value GraphBuilder::transpose(Value in, const std::vector<int32_t>& permutation) {
  if (failed_) return {};
  const std::string name = numbered("transpose");
  return node(Op::transpose, name, {in.tensor, integers(name + "_permutation", permutation)}, NoAttributes{});
}

Value GraphBuilder::pad(Value in, const std::vector<int32_t>& paddings) {
  if (failed_) return {};
  const std::string name = numbered("pad");
  const int constant = integers(name + "_paddings", paddings);
  graph_.tensors.back().shape = {static_cast<int32_t>(paddings.size() / 2), 2};
  return node(Op::pad, name, {in.tensor, constant}, NoAttributes{});
}

Value GraphBuilder::conv_1d(Value in, int filters, int length, const Conv2dAttributes& attributes,
                            bool bias) {
  fail_rank("conv_1d", in, 3);
  if (failed_) return {};
  const Shape from = shape(in);
  const Value row = reshape(in, {from[0], 1, from[1], from[2]});
  const Value made = conv_2d(row, filters, 1, length, attributes, bias);
  if (failed_) return {};
  const Shape to = shape(made);
  return reshape(made, {to[0], to[2], to[3]});
}

Value GraphBuilder::transpose_conv_2d(Value in, int filters, int filter_h, int filter_w,
                                      const TransposeConvAttributes& attributes, bool bias) {
  fail_rank("transpose_conv", in, 4);
  if (failed_) return {};
  const std::string name = "transpose_conv_" + std::to_string(++layer_);
  const Shape from = shape(in);
  const bool same = attributes.padding == Padding::same;
  const auto length = [&](int size, int stride, int filter) {
    return same ? size * stride : (size - 1) * stride + filter;
  };
  const Shape to = {from[0], length(from[1], attributes.stride_h, filter_h),
                    length(from[2], attributes.stride_w, filter_w), filters};
  std::vector<int> inputs = {
      integers(name + "_shape", to),
      weights(name + "_weights", {filters, filter_h, filter_w, from[3]}, filter_h * filter_w * from[3]),
      in.tensor};
  if (bias) inputs.push_back(filled(name + "_bias", {filters}, 0));
  return shaped_node(Op::transpose_conv, name, std::move(inputs), attributes, to);
}

Value GraphBuilder::upsample_2d(Value in, int times_h, int times_w, bool bilinear) {
  fail_rank("upsample", in, 4);
  if (failed_) return {};
  const std::string name = numbered("upsample");
  const Shape& from = shape(in);
  const int size = integers(name + "_size", {from[1] * times_h, from[2] * times_w});
  const Op op = bilinear ? Op::resize_bilinear : Op::resize_nearest_neighbor;
  return node(op, name, {in.tensor, size}, ResizeAttributes{.half_pixel_centers = bilinear});
}

Value GraphBuilder::layer_norm(Value in, float epsilon) {
  if (failed_) return {};
  const std::string name = numbered("layer_norm");
  const Shape channels = {shape(in).back()};
  const int last = static_cast<int>(shape(in).size()) - 1;
  const std::vector<float> ones(static_cast<size_t>(channels[0]), 1), zeros(ones.size(), 0);
  const Value centred = binary(Op::sub, in, mean(in, {last}));
  const Value variance = mean(binary(Op::mul, centred, centred), {last});
  const Value safe = binary(Op::add, variance, constant(name + "_epsilon", {1}, {epsilon}));
  const Value scaled = binary(Op::mul, centred, unary(Op::rsqrt, safe));
  return binary(Op::add, binary(Op::mul, scaled, constant(name + "_gamma", channels, ones)),
                constant(name + "_beta", channels, zeros));
}

Value GraphBuilder::lstm(Value in, int units) {
  fail_rank("lstm", in, 3);
  if (failed_) return {};
  const std::string name = "lstm_" + std::to_string(++layer_);
  const Shape from = shape(in);
  const auto glorot = [](int a, int b) { return std::sqrt(6.0f / static_cast<float>(a + b)); };
  constexpr const char* kGates[] = {"input", "forget", "cell", "output"};
  std::vector<int> inputs(20, -1);
  inputs[0] = in.tensor;
  for (size_t g = 0; g < 4; ++g) {
    const std::string gate = name + "_" + kGates[g];
    inputs[1 + g] = uniform_weights(gate + "_weights", {units, from[2]}, glorot(from[2], units));
    inputs[5 + g] = uniform_weights(gate + "_recurrent", {units, units}, glorot(units, units));
    inputs[12 + g] = filled(gate + "_bias", {units}, g == 1 ? 1.0f : 0.0f);
  }
  inputs[18] = variable(name + "_state", {from[0], units});
  inputs[19] = variable(name + "_memory", {from[0], units});
  return node(Op::unidirectional_sequence_lstm, name, std::move(inputs), LstmAttributes{});
}

Value GraphBuilder::gru(Value in, int units, bool linear_before_reset, bool keeps_state) {
  fail_rank("gru", in, 3);
  if (failed_) return {};
  const std::string name = take_name("gru_" + std::to_string(++layer_));
  const Shape from = shape(in);
  const auto glorot = [](int a, int b) { return std::sqrt(6.0f / static_cast<float>(a + b)); };
  std::vector<int> inputs = {
      in.tensor, uniform_weights(name + "_weights", {3 * units, from[2]}, glorot(from[2], units)),
      uniform_weights(name + "_recurrent", {3 * units, units}, glorot(units, units)),
      filled(name + "_bias", {3 * units}, 0), filled(name + "_recurrent_bias", {3 * units}, 0)};
  if (keeps_state) inputs.push_back(variable(name + "_state", {from[0], units}));
  return node(Op::gru, name, std::move(inputs), GruAttributes{.linear_before_reset = linear_before_reset});
}

Value GraphBuilder::last_step(Value in) {
  fail_rank("last step", in, 3);
  if (failed_) return {};
  const std::string name = take_name(numbered("last_step"));
  const Shape from = shape(in);
  const Value last = node(Op::slice, name,
                          {in.tensor, integers(name + "_begin", {0, from[1] - 1, 0}),
                           integers(name + "_size", {from[0], 1, from[2]})},
                          NoAttributes{});
  return reshape(last, {from[0], from[2]});
}

}  // namespace tadpole::ir
