// Enums of the container and ours, both ways.
#include "convert/schema.h"

namespace tadpole::convert {

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
    case schema::TensorType::INT4:
      return ir::DType::int4;
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

std::string type_name(schema::TensorType type) {
  const char* name = schema::EnumNameTensorType(type);
  return *name ? name : std::to_string(static_cast<int>(type));
}

std::optional<ir::Activation> activation_of(schema::Activation activation) {
  switch (activation) {
    case schema::Activation::NONE:
      return ir::Activation::none;
    case schema::Activation::RELU:
      return ir::Activation::relu;
    case schema::Activation::RELU_N1_TO_1:
      return ir::Activation::relu_n1_to_1;
    case schema::Activation::RELU6:
      return ir::Activation::relu6;
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

}  // namespace tadpole::convert
