// Which number types belong together in one node. Shapes and order are ir::check_graph's.
#include <cmath>

#include "convert/schema.h"

namespace tadpole::convert {

namespace {

using ir::DType;
using ir::Graph;
using ir::Node;
using ir::Op;
using ir::Tensor;

std::string layer(const Node& node) {
  return "layer '" + node.name + "' (" + std::string(ir::op_name(node.op)) + ")";
}

std::string typed(const Tensor& tensor) {
  return "'" + tensor.name + "' (" + std::string(ir::to_string(tensor.type)) + ")";
}

bool is_integer_activation(DType type) { return type == DType::int8 || type == DType::int16; }

/// Activations that kernels compute with: float, or integers with one scale.
Result<void> check_activation(const Node& node, const Tensor& tensor) {
  if (tensor.type == DType::uint8) {
    return Error{Code::tflite_unsupported,
                 layer(node) + " uses " + typed(tensor) +
                     ", the quantisation from before the int8 specification, or a uint8 input or output. "
                     "Convert the model again with int8 throughout (inference_input_type and "
                     "inference_output_type int8)."};
  }
  if (tensor.type != DType::float32 && !is_integer_activation(tensor.type)) {
    return Error{Code::type_unsupported,
                 layer(node) + " computes with " + typed(tensor) + "; needs float32, int8 or int16."};
  }
  if (!is_integer_activation(tensor.type)) return {};
  if (!tensor.quantisation || tensor.quantisation->scales.empty()) {
    return Error{Code::tflite_unsupported, layer(node) + ": " + typed(tensor) +
                                               " has no scale and zero point, so its values mean nothing. "
                                               "Convert the model again."};
  }
  if (tensor.quantisation->per_channel()) {
    return Error{Code::tflite_unsupported, layer(node) + ": activation " + typed(tensor) + " has " +
                                               std::to_string(tensor.quantisation->scales.size()) +
                                               " scales; the int8 specification gives activations one."};
  }
  return {};
}

Error mixed_types(const Node& node, const Tensor& a, const Tensor& b) {
  return {Code::type_unsupported,
          layer(node) + " mixes " + typed(a) + " and " + typed(b) + ", which no kernel takes together."};
}

Result<void> check_weights(const Graph& graph, const Node& node) {
  const Tensor& in = graph.input_of(node, 0);
  const Tensor& weights = graph.input_of(node, 1);
  if (!weights.is_constant()) {
    return Error{Code::tflite_unsupported, layer(node) + " computes its weights '" + weights.name +
                                               "' while it runs; needs a constant."};
  }
  if (in.type == DType::float32) {
    if (weights.type == DType::float32) return {};
    return Error{Code::tflite_unsupported,
                 layer(node) + " has " + std::string(ir::to_string(weights.type)) +
                     " weights and float32 activations: a dynamic-range model, which saves flash but not "
                     "time or RAM. Convert the float model with tadpole quantise, or convert it again with "
                     "a representative data set, so that activations are int8 too."};
  }
  if (weights.type != DType::int8) return mixed_types(node, in, weights);
  if (!weights.quantisation || weights.quantisation->scales.empty()) {
    return Error{Code::tflite_unsupported,
                 layer(node) + ": weights '" + weights.name + "' have no scale. Convert the model again."};
  }
  for (const int32_t zero : weights.quantisation->zero_points) {
    if (zero != 0) {
      return Error{Code::tflite_unsupported,
                   layer(node) + ": weights '" + weights.name + "' have zero point " + std::to_string(zero) +
                       "; the int8 specification wants 0. Convert the model again."};
    }
  }
  const int axis = node.op == Op::depthwise_conv_2d ? 3 : 0;
  if (weights.quantisation->per_channel() && weights.quantisation->axis != axis) {
    return Error{Code::tflite_unsupported, layer(node) + ": weights '" + weights.name +
                                               "' have scales along axis " +
                                               std::to_string(weights.quantisation->axis) + "; needs axis " +
                                               std::to_string(axis) + "."};
  }
  return {};
}

Result<void> check_bias(const Graph& graph, const Node& node) {
  if (!Graph::has_input(node, 2)) return {};
  const Tensor& in = graph.input_of(node, 0);
  const Tensor& bias = graph.input_of(node, 2);
  if (!bias.is_constant()) {
    return Error{Code::tflite_unsupported,
                 layer(node) + " computes its bias '" + bias.name + "' while it runs; needs a constant."};
  }
  const bool fits = in.type == DType::float32 ? bias.type == DType::float32
                    : in.type == DType::int16 ? bias.type == DType::int64 || bias.type == DType::int32
                                              : bias.type == DType::int32;
  if (!fits) return mixed_types(node, in, bias);
  return {};
}

Result<void> check_softmax(const Graph& graph, const Node& node) {
  const float beta = std::get<ir::SoftmaxAttributes>(node.attributes).beta;
  if (!std::isfinite(beta) || beta <= 0) {
    return Error{Code::tflite_damaged,
                 layer(node) + " has beta " + std::to_string(beta) + "; needs a positive number."};
  }
  const Tensor& out = graph.output_of(node);
  if (out.type != DType::int8) return {};
  const ir::Quantisation& q = *out.quantisation;
  if (q.scales[0] == 1.0f / 256 && q.zero_points[0] == -128) return {};
  return Error{Code::tflite_unsupported,
               layer(node) + ": its output has scale " + std::to_string(q.scales[0]) + " and zero point " +
                   std::to_string(q.zero_points[0]) + "; the int8 specification fixes 1/256 and -128."};
}

Result<void> check_node(const Graph& graph, const Node& node) {
  const Tensor& in = graph.input_of(node, 0);
  const Tensor& out = graph.output_of(node);
  if (node.op == Op::reshape) return in.type == out.type ? Result<void>{} : mixed_types(node, in, out);
  TADPOLE_CHECK(check_activation(node, in));
  TADPOLE_CHECK(check_activation(node, out));
  switch (node.op) {
    case Op::quantize:
      return is_integer_activation(out.type) ? Result<void>{} : mixed_types(node, in, out);
    case Op::dequantize:
      return is_integer_activation(in.type) && out.type == DType::float32 ? Result<void>{}
                                                                          : mixed_types(node, in, out);
    case Op::conv_2d:
    case Op::depthwise_conv_2d:
    case Op::fully_connected:
      TADPOLE_CHECK(check_weights(graph, node));
      TADPOLE_CHECK(check_bias(graph, node));
      break;
    case Op::add:
      TADPOLE_CHECK(check_activation(node, graph.input_of(node, 1)));
      if (graph.input_of(node, 1).type != in.type) return mixed_types(node, in, graph.input_of(node, 1));
      break;
    case Op::softmax:
      if (in.type != out.type) return mixed_types(node, in, out);
      return check_softmax(graph, node);
    default:
      break;
  }
  return in.type == out.type ? Result<void>{} : mixed_types(node, in, out);
}

}  // namespace

Result<void> check_types(const ir::Graph& graph) {
  for (const Node& node : graph.nodes) TADPOLE_CHECK(check_node(graph, node));
  return {};
}

}  // namespace tadpole::convert
