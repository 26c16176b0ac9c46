// Enums, options and versions of operators, both ways.
#include <algorithm>

#include "convert/schema.h"
#include "flatbuffers/minireflect.h"

namespace tadpole::convert {

namespace {

using ir::Op;

template <class Table>
Result<const Table*> options_as(const schema::Operator& from, schema::Options type,
                                const std::string& where) {
  const auto* table = from.options_type() == type ? static_cast<const Table*>(from.options()) : nullptr;
  if (table) return table;
  return Error{Code::tflite_damaged, where + " carries options of kind " +
                                         std::to_string(static_cast<int>(from.options_type())) +
                                         "; needs kind " + std::to_string(static_cast<int>(type)) + "."};
}

Result<ir::Activation> fused(schema::Activation activation, const std::string& where) {
  if (const auto known = activation_of(activation)) return *known;
  const char* name = schema::EnumNameActivation(activation);
  const std::string text = *name ? name : "number " + std::to_string(static_cast<int>(activation));
  return Error{Code::op_unsupported,
               where + " has the fused activation " + text +
                   "; Tadpole runs NONE, RELU, RELU6 and RELU_N1_TO_1. Use one of those in the model."};
}

Result<ir::Padding> padding_of(schema::Padding padding, const std::string& where) {
  if (padding == schema::Padding::SAME) return ir::Padding::same;
  if (padding == schema::Padding::VALID) return ir::Padding::valid;
  return Error{Code::tflite_damaged, where + " has padding " + std::to_string(static_cast<int>(padding)) +
                                         "; needs 0 (SAME) or 1 (VALID)."};
}

Result<ir::Attributes> read_conv(const schema::Operator& from, const std::string& where) {
  TADPOLE_TRY(const auto* options, options_as<schema::Conv2D>(from, schema::Options::Conv2D, where));
  ir::Conv2dAttributes to;
  TADPOLE_TRY(to.padding, padding_of(options->padding(), where));
  TADPOLE_TRY(to.activation, fused(options->activation(), where));
  to.stride_h = options->stride_h();
  to.stride_w = options->stride_w();
  to.dilation_h = options->dilation_h();
  to.dilation_w = options->dilation_w();
  return ir::Attributes{to};
}

Result<ir::Attributes> read_depthwise(const schema::Operator& from, const std::string& where) {
  TADPOLE_TRY(const auto* options,
              options_as<schema::DepthwiseConv2D>(from, schema::Options::DepthwiseConv2D, where));
  ir::DepthwiseConv2dAttributes to;
  TADPOLE_TRY(to.padding, padding_of(options->padding(), where));
  TADPOLE_TRY(to.activation, fused(options->activation(), where));
  to.stride_h = options->stride_h();
  to.stride_w = options->stride_w();
  to.dilation_h = options->dilation_h();
  to.dilation_w = options->dilation_w();
  to.depth_multiplier = options->depth_multiplier();
  return ir::Attributes{to};
}

Result<ir::Attributes> read_pool(const schema::Operator& from, const std::string& where) {
  TADPOLE_TRY(const auto* options, options_as<schema::Pool2D>(from, schema::Options::Pool2D, where));
  ir::Pool2dAttributes to;
  TADPOLE_TRY(to.padding, padding_of(options->padding(), where));
  TADPOLE_TRY(to.activation, fused(options->activation(), where));
  to.filter_h = options->filter_h();
  to.filter_w = options->filter_w();
  to.stride_h = options->stride_h();
  to.stride_w = options->stride_w();
  return ir::Attributes{to};
}

Result<ir::Attributes> read_dense(const schema::Operator& from, const std::string& where) {
  TADPOLE_TRY(const auto* options,
              options_as<schema::FullyConnected>(from, schema::Options::FullyConnected, where));
  if (options->weights_format() != schema::WeightsFormat::DEFAULT) {
    return Error{Code::tflite_unsupported,
                 where +
                     " stores its weights shuffled for one kind of processor; export the model with "
                     "default weights."};
  }
  ir::FullyConnectedAttributes to;
  TADPOLE_TRY(to.activation, fused(options->activation(), where));
  to.keep_dims = options->keep_num_dims();
  return ir::Attributes{to};
}

}  // namespace

std::optional<ir::DType> dtype_of(schema::TensorType type) {
  switch (type) {
    case schema::TensorType::FLOAT32:
      return ir::DType::float32;
    case schema::TensorType::INT8:
      return ir::DType::int8;
    case schema::TensorType::INT16:
      return ir::DType::int16;
    case schema::TensorType::INT32:
      return ir::DType::int32;
    case schema::TensorType::INT64:
      return ir::DType::int64;
    case schema::TensorType::UINT8:
      return ir::DType::uint8;
    case schema::TensorType::BOOL:
      return ir::DType::boolean;
    default:
      return std::nullopt;
  }
}

schema::TensorType schema_type(ir::DType type) {
  switch (type) {
    case ir::DType::int8:
      return schema::TensorType::INT8;
    case ir::DType::int16:
      return schema::TensorType::INT16;
    case ir::DType::int32:
      return schema::TensorType::INT32;
    case ir::DType::int64:
      return schema::TensorType::INT64;
    case ir::DType::uint8:
      return schema::TensorType::UINT8;
    case ir::DType::boolean:
      return schema::TensorType::BOOL;
    case ir::DType::int4:
      return schema::TensorType::INT4;
    case ir::DType::float32:
      break;
  }
  return schema::TensorType::FLOAT32;
}

std::optional<ir::Activation> activation_of(schema::Activation activation) {
  switch (activation) {
    case schema::Activation::NONE:
      return ir::Activation::none;
    case schema::Activation::RELU:
      return ir::Activation::relu;
    case schema::Activation::RELU6:
      return ir::Activation::relu6;
    case schema::Activation::RELU_N1_TO_1:
      return ir::Activation::relu_n1_to_1;
    default:
      return std::nullopt;
  }
}

schema::Activation schema_activation(ir::Activation activation) {
  switch (activation) {
    case ir::Activation::relu:
      return schema::Activation::RELU;
    case ir::Activation::relu6:
      return schema::Activation::RELU6;
    case ir::Activation::relu_n1_to_1:
      return schema::Activation::RELU_N1_TO_1;
    case ir::Activation::none:
      break;
  }
  return schema::Activation::NONE;
}

std::string builtin_name(int code) {
  const char* name = schema::EnumNameBuiltinOperator(static_cast<schema::BuiltinOperator>(code));
  return *name ? name : "operator " + std::to_string(code);
}

Result<ir::Attributes> read_attributes(Op op, const schema::Operator& from, const std::string& where) {
  switch (op) {
    case Op::conv_2d:
      return read_conv(from, where);
    case Op::depthwise_conv_2d:
      return read_depthwise(from, where);
    case Op::fully_connected:
      return read_dense(from, where);
    case Op::average_pool_2d:
    case Op::max_pool_2d:
      return read_pool(from, where);
    case Op::mean: {
      TADPOLE_TRY(const auto* options, options_as<schema::Reducer>(from, schema::Options::Reducer, where));
      return ir::Attributes{ir::ReduceAttributes{options->keep_dims()}};
    }
    case Op::add: {
      TADPOLE_TRY(const auto* options, options_as<schema::Add>(from, schema::Options::Add, where));
      TADPOLE_TRY(const ir::Activation activation, fused(options->activation(), where));
      return ir::Attributes{ir::ActivationAttributes{activation}};
    }
    case Op::softmax: {
      TADPOLE_TRY(const auto* options, options_as<schema::Softmax>(from, schema::Options::Softmax, where));
      return ir::Attributes{ir::SoftmaxAttributes{options->beta()}};
    }
    default:
      return ir::default_attributes(op);
  }
}

WrittenOptions write_attributes(flatbuffers::FlatBufferBuilder& builder, const ir::Graph& graph,
                                const ir::Node& node) {
  const auto padding = [](ir::Padding from) {
    return from == ir::Padding::same ? schema::Padding::SAME : schema::Padding::VALID;
  };
  switch (node.op) {
    case Op::conv_2d: {
      const auto& a = std::get<ir::Conv2dAttributes>(node.attributes);
      return {schema::Options::Conv2D,
              schema::CreateConv2D(builder, padding(a.padding), a.stride_w, a.stride_h,
                                   schema_activation(a.activation), a.dilation_w, a.dilation_h)
                  .Union()};
    }
    case Op::depthwise_conv_2d: {
      const auto& a = std::get<ir::DepthwiseConv2dAttributes>(node.attributes);
      return {schema::Options::DepthwiseConv2D,
              schema::CreateDepthwiseConv2D(builder, padding(a.padding), a.stride_w, a.stride_h,
                                            a.depth_multiplier, schema_activation(a.activation), a.dilation_w,
                                            a.dilation_h)
                  .Union()};
    }
    case Op::fully_connected: {
      const auto& a = std::get<ir::FullyConnectedAttributes>(node.attributes);
      return {schema::Options::FullyConnected,
              schema::CreateFullyConnected(builder, schema_activation(a.activation),
                                           schema::WeightsFormat::DEFAULT, a.keep_dims)
                  .Union()};
    }
    case Op::average_pool_2d:
    case Op::max_pool_2d: {
      const auto& a = std::get<ir::Pool2dAttributes>(node.attributes);
      return {schema::Options::Pool2D,
              schema::CreatePool2D(builder, padding(a.padding), a.stride_w, a.stride_h, a.filter_w,
                                   a.filter_h, schema_activation(a.activation))
                  .Union()};
    }
    case Op::mean:
      return {
          schema::Options::Reducer,
          schema::CreateReducer(builder, std::get<ir::ReduceAttributes>(node.attributes).keep_dims).Union()};
    case Op::add: {
      const auto& a = std::get<ir::ActivationAttributes>(node.attributes);
      return {schema::Options::Add, schema::CreateAdd(builder, schema_activation(a.activation)).Union()};
    }
    case Op::softmax:
      return {schema::Options::Softmax,
              schema::CreateSoftmax(builder, std::get<ir::SoftmaxAttributes>(node.attributes).beta).Union()};
    case Op::reshape: {
      const auto shape = builder.CreateVector(graph.output_of(node).shape);
      return {schema::Options::Reshape, schema::CreateReshape(builder, shape).Union()};
    }
    case Op::quantize:
      return {schema::Options::Quantize, schema::CreateUnread(builder).Union()};
    case Op::dequantize:
      return {schema::Options::Dequantize, schema::CreateUnread(builder).Union()};
    default:
      break;
  }
  return {};
}

int operator_version(const ir::Graph& graph, const ir::Node& node) {
  const ir::DType in = graph.input_of(node, 0).type;
  const bool int8 = in == ir::DType::int8;
  const bool int16 = in == ir::DType::int16;
  switch (node.op) {
    case Op::conv_2d:
      return int16 ? 4 : int8 ? 3 : 1;
    case Op::depthwise_conv_2d: {
      const auto& a = std::get<ir::DepthwiseConv2dAttributes>(node.attributes);
      return int16 ? 5 : int8 ? 3 : a.dilation_h > 1 || a.dilation_w > 1 ? 2 : 1;
    }
    case Op::fully_connected: {
      if (int16) return 7;
      if (!ir::Graph::has_input(node, 2)) return 6;
      if (std::get<ir::FullyConnectedAttributes>(node.attributes).keep_dims) return 5;
      return int8 ? 4 : 1;
    }
    case Op::average_pool_2d:
    case Op::max_pool_2d:
    case Op::relu6:
    case Op::mean:
    case Op::softmax:
    case Op::add:
    case Op::relu:
    case Op::dequantize:
      return int16 ? 3 : int8 ? 2 : 1;
    case Op::quantize:
      return int16 ? 3 : int8 ? 2 : 1;
    default:
      return 1;
  }
}

std::string options_text(const schema::Operator& from) {
  const flatbuffers::TypeTable* members = schema::OptionsTypeTable();
  const auto kind = static_cast<size_t>(from.options_type());
  if (!from.options() || kind == 0 || kind >= members->num_elems) return "";
  const flatbuffers::TypeTable* table = members->type_refs[members->type_codes[kind].sequence_ref]();
  flatbuffers::ToStringVisitor visitor(" ");
  flatbuffers::IterateObject(static_cast<const uint8_t*>(from.options()), table, &visitor);
  std::string text = visitor.s;
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '{' || c == '}'; }),
             text.end());
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  text = text.substr(first, text.find_last_not_of(' ') + 1 - first);
  return text.size() <= 120 ? text : text.substr(0, 117) + "...";
}

}  // namespace tadpole::convert
