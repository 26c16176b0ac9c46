// What training needs to know of each operator, and what it refuses.
#include "train/trainable.h"

#include <algorithm>

namespace tadpole::train {

namespace {

using ir::Op;

constexpr OpColumn kColumn[] = {
    {Op::conv_2d, Role::layer, make_conv},
    {Op::depthwise_conv_2d, Role::layer, make_depthwise},
    {Op::fully_connected, Role::layer, make_dense},
    {Op::transpose_conv, Role::layer, make_transpose_conv},
    {Op::batch_matmul, Role::layer, make_batch_matmul},
    {Op::unidirectional_sequence_lstm, Role::layer, make_lstm},
    {Op::gru, Role::layer, make_gru},
    {Op::average_pool_2d, Role::layer, make_pool},
    {Op::max_pool_2d, Role::layer, make_pool},
    {Op::leaky_relu, Role::layer, make_unary},
    {Op::logistic, Role::layer, make_unary},
    {Op::tanh, Role::layer, make_unary},
    {Op::hard_swish, Role::layer, make_unary},
    {Op::abs, Role::layer, make_unary},
    {Op::exp, Role::layer, make_unary},
    {Op::rsqrt, Role::layer, make_unary},
    {Op::softmax, Role::layer, make_softmax},
    {Op::prelu, Role::layer, make_binary},
    {Op::add, Role::layer, make_binary},
    {Op::sub, Role::layer, make_binary},
    {Op::mul, Role::layer, make_binary},
    {Op::maximum, Role::layer, make_binary},
    {Op::minimum, Role::layer, make_binary},
    {Op::squared_difference, Role::layer, make_binary},
    {Op::mean, Role::layer, make_reduce},
    {Op::sum, Role::layer, make_reduce},
    {Op::transpose, Role::layer, make_taps},
    {Op::pad, Role::layer, make_taps},
    {Op::pad_v2, Role::layer, make_taps},
    {Op::split, Role::layer, make_taps},
    {Op::slice, Role::layer, make_taps},
    {Op::strided_slice, Role::layer, make_taps},
    {Op::gather, Role::layer, make_taps},
    {Op::unpack, Role::layer, make_taps},
    {Op::resize_bilinear, Role::layer, make_taps},
    {Op::resize_nearest_neighbor, Role::layer, make_taps},
    {Op::concatenation, Role::layer, make_join},
    {Op::pack, Role::layer, make_join},
    {Op::dropout, Role::layer, make_dropout},
    {Op::batch_norm, Role::norm, make_copy},
    {Op::relu, Role::activation, make_copy},
    {Op::relu6, Role::activation, make_copy},
    {Op::reshape, Role::reshape, nullptr},
    {Op::squeeze, Role::reshape, nullptr},
    {Op::expand_dims, Role::reshape, nullptr},
};

/// What an input of a node is to training.
enum class Kind : uint8_t {
  value,
  parameter,  ///< a constant that is trained
  either,     ///< a value or a constant
  fixed,      ///< a constant of integers or of padding
  state,      ///< a variable; sequences begin with zeros
  refused,
};

Kind lstm_kind(size_t position) {
  if (position == 0) return Kind::value;
  if (position <= 8 || (position >= 12 && position <= 15)) return Kind::parameter;
  return position == 18 || position == 19 ? Kind::state : Kind::refused;
}

Kind kind_of(Op op, size_t position) {
  switch (op) {
    case Op::conv_2d:
    case Op::depthwise_conv_2d:
    case Op::fully_connected:
    case Op::prelu:
    case Op::batch_norm:
      return position == 0 ? Kind::value : Kind::parameter;
    case Op::transpose_conv:
      return position == 0 ? Kind::fixed : position == 2 ? Kind::value : Kind::parameter;
    case Op::unidirectional_sequence_lstm:
      return lstm_kind(position);
    case Op::gru:
      return position == 0 ? Kind::value : position == 5 ? Kind::state : Kind::parameter;
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::maximum:
    case Op::minimum:
    case Op::squared_difference:
    case Op::batch_matmul:
      return Kind::either;
    case Op::split:
      return position == 0 ? Kind::fixed : Kind::value;
    case Op::concatenation:
    case Op::pack:
      return Kind::value;
    default:
      return position == 0 ? Kind::value : Kind::fixed;
  }
}

bool is_spatial(Op op) {
  return op == Op::conv_2d || op == Op::depthwise_conv_2d || op == Op::transpose_conv ||
         op == Op::average_pool_2d || op == Op::max_pool_2d || op == Op::resize_bilinear ||
         op == Op::resize_nearest_neighbor;
}

const ir::Tensor& tensor_at(const ir::Graph& graph, const ir::Node& node, size_t position) {
  return graph.tensors[static_cast<size_t>(node.inputs[position])];
}

std::string why_not_input(const ir::Graph& graph, const ir::Node& node, size_t position) {
  const ir::Tensor& tensor = tensor_at(graph, node, position);
  const Kind kind = kind_of(node.op, position);
  const std::string name = "'" + tensor.name + "'";
  if (kind == Kind::refused)
    return "has " + name + " (peepholes, projection or layer norm), which training does not know";
  if (kind == Kind::state)
    return tensor.initial == nullptr ? "" : "starts with the state " + name + "; training starts with zeros";
  if (tensor.is_variable) return "reads the variable " + name;
  if ((kind == Kind::parameter || kind == Kind::fixed) && !tensor.is_constant())
    return "needs " + name + " to be a constant";
  if (kind == Kind::value && tensor.is_constant()) return "needs " + name + " not to be a constant";
  if (kind != Kind::fixed && tensor.type != ir::DType::float32)
    return "has " + name + " of type " + std::string(ir::to_string(tensor.type)) + ", not float32";
  return "";
}

std::string why_not_attributes(const ir::Graph& graph, const ir::Node& node) {
  if (node.op == Op::dropout) {
    const float rate = std::get<ir::DropoutAttributes>(node.attributes).rate;
    if (!(rate >= 0 && rate < 1)) return "has a rate outside [0, 1)";
  }
  if (node.op == Op::gather && std::get<ir::GatherAttributes>(node.attributes).batch_dims != 0)
    return "gathers with batch dimensions";
  if (node.op == Op::unidirectional_sequence_lstm) {
    const auto& a = std::get<ir::LstmAttributes>(node.attributes);
    if (a.cell_clip != 0 || a.projection_clip != 0) return "clips its cell, which training does not know";
    if (!ir::Graph::has_input(node, 1)) return "couples its gates, which training does not know";
  }
  const bool recurrent = node.op == Op::unidirectional_sequence_lstm || node.op == Op::gru;
  if (!is_spatial(node.op) && !recurrent) return "";
  const ir::Shape& shape = graph.input_of(node, node.op == Op::transpose_conv ? 2 : 0).shape;
  const bool time_first = std::visit(
      [](const auto& a) {
        if constexpr (requires { a.time_major; }) return a.time_major;
        return false;
      },
      node.attributes);
  if (shape[time_first ? 1 : 0] == 1) return "";
  return "takes " + ir::to_string(shape) + "; training needs a batch of 1 and makes batches itself";
}

}  // namespace

const OpColumn* column_of(Op op) {
  const auto* found = std::find_if(std::begin(kColumn), std::end(kColumn),
                                   [&](const OpColumn& column) { return column.op == op; });
  return found == std::end(kColumn) ? nullptr : found;
}

ir::Activation activation_of(const ir::Node& node) {
  if (node.op == Op::relu) return ir::Activation::relu;
  if (node.op == Op::relu6) return ir::Activation::relu6;
  return std::visit(
      [](const auto& attributes) {
        if constexpr (requires { attributes.activation; }) return attributes.activation;
        return ir::Activation::none;
      },
      node.attributes);
}

std::optional<ParameterLayout> parameter_layout(const ir::Graph& graph, const ir::Node& node,
                                                size_t position) {
  if (node.inputs[position] < 0 || !tensor_at(graph, node, position).is_constant()) return std::nullopt;
  const Kind kind = kind_of(node.op, position);
  const ir::Shape& shape = tensor_at(graph, node, position).shape;
  const int count = static_cast<int>(ir::element_count(shape));
  if (kind == Kind::either) {
    const bool sum_or_product = node.op == Op::add || node.op == Op::sub || node.op == Op::mul;
    if (node.op == Op::batch_matmul) return ParameterLayout{1, count, false, true};
    return sum_or_product && count > 1 ? std::optional(ParameterLayout{1, count, false, false})
                                       : std::nullopt;
  }
  if (kind != Kind::parameter) return std::nullopt;
  const bool matrix = position > 0 && shape.size() > 1 && node.op != Op::prelu;
  if (!matrix) return ParameterLayout{1, count, false, false};
  const bool depthwise = node.op == Op::depthwise_conv_2d;
  const int columns = depthwise ? shape.back() : shape.front();
  return ParameterLayout{count / columns, columns, !depthwise, true, node.op == Op::fully_connected};
}

bool is_value(const ir::Graph& graph, const ir::Node& node, size_t position) {
  if (node.inputs[position] < 0) return false;
  const Kind kind = kind_of(node.op, position);
  return kind == Kind::value || (kind == Kind::either && !tensor_at(graph, node, position).is_constant());
}

std::string why_not_trainable(const ir::Graph& graph, const ir::Node& node) {
  if (column_of(node.op) == nullptr) return "has no gradient here";
  bool has_value = false;
  for (size_t position = 0; position < node.inputs.size(); ++position) {
    if (node.inputs[position] < 0) continue;
    if (std::string why = why_not_input(graph, node, position); !why.empty()) return why;
    has_value |= is_value(graph, node, position);
  }
  if (!has_value) return "works on constants alone";
  return why_not_attributes(graph, node);
}

}  // namespace tadpole::train
