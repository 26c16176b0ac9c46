// One tensor at a time: shape, type, scales, constant bytes.
#include "convert/tensor_reader.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace tadpole::convert {

namespace {

/// No activation of a small device comes near; keeps sizes far from 31 bits.
constexpr int64_t kMaxTensorBytes = int64_t{256} << 20;
constexpr size_t kMaxDimensions = 8;
constexpr int64_t kLargestZeroPoint = 65535;

Error damaged(const std::string& what) { return {Code::tflite_damaged, what}; }
Error unsupported(const std::string& what) { return {Code::tflite_unsupported, what}; }

template <class T>
size_t size_of(const flatbuffers::Vector<T>* vector) {
  return vector ? vector->size() : 0;
}

bool may_be_scaled(ir::DType type) { return type != ir::DType::float32 && type != ir::DType::boolean; }

}  // namespace

float float_of_half(uint16_t half) {
  const int exponent = half >> 10 & 31;
  const int fraction = half & 1023;
  const float sign = half & 0x8000 ? -1.0f : 1.0f;
  if (exponent == 31) return fraction ? std::numeric_limits<float>::quiet_NaN() : sign * HUGE_VALF;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
}

std::string TensorReader::where(size_t index, const std::string& name) {
  return "tensor " + std::to_string(index) + " '" + name + "'";
}

Result<void> TensorReader::spend(uint64_t bytes) {
  if (bytes > budget_)
    return damaged("the file refers to the same data again and again, more than it holds.");
  budget_ -= bytes;
  return {};
}

Result<std::string> TensorReader::text(const flatbuffers::String* text) {
  TADPOLE_CHECK(spend(text ? text->size() : 0));
  return text ? clean_text({text->c_str(), text->size()}) : std::string();
}

/// Sizes only known while running carry -1 in shape_signature, and 1 here.
Result<void> TensorReader::read_shape(const schema::Tensor& from, ir::Tensor& to, const std::string& where) {
  if (size_of(from.shape()) > kMaxDimensions) {
    return unsupported(where + " has " + std::to_string(size_of(from.shape())) + " dimensions; at most " +
                       std::to_string(kMaxDimensions) + " are read.");
  }
  if (from.shape()) to.shape.assign(from.shape()->begin(), from.shape()->end());
  int64_t bytes = ir::byte_size(to.type);
  for (const int32_t dimension : to.shape) {
    if (dimension < 0) {
      return unsupported(where + " has shape " + ir::to_string(to.shape) +
                         ", which is only known while running. Export the model with fixed sizes.");
    }
    bytes *= dimension;
    if (bytes > kMaxTensorBytes) {
      return unsupported(where + " of shape " + ir::to_string(to.shape) + " is larger than " +
                         std::to_string(kMaxTensorBytes >> 20) + " MB.");
    }
  }
  return {};
}

Result<std::optional<ir::Quantisation>> TensorReader::read_quantisation(
    const schema::QuantisationParameters& from, const std::string& where) {
  const size_t count = size_of(from.scale());
  if (from.details_type() != schema::QuantisationDetails::NONE)
    return unsupported(where + " has a custom quantisation; Tadpole reads scales and zero points.");
  if (count == 0) return std::optional<ir::Quantisation>();
  // None stands for zeros, one for all.
  const size_t zeros = size_of(from.zero_point());
  if (zeros > 1 && zeros != count) {
    return damaged(where + " has " + std::to_string(count) + " scales and " + std::to_string(zeros) +
                   " zero points; needs as many of each.");
  }
  TADPOLE_CHECK(spend(count * 8));
  ir::Quantisation to;
  to.scales.assign(from.scale()->begin(), from.scale()->end());
  to.axis = from.quantised_dimension();
  for (size_t i = 0; i < count; ++i) {
    // The verifier aligns a vector's length, not its 8-byte elements, so they are copied out.
    int64_t zero = 0;
    if (zeros > 0) {
      std::memcpy(&zero, from.zero_point()->Data() + (zeros == 1 ? 0 : i) * sizeof zero, sizeof zero);
    }
    if (zero < -kLargestZeroPoint || zero > kLargestZeroPoint)
      return damaged(where + " has zero point " + std::to_string(zero) + "; no integer type holds it.");
    to.zero_points.push_back(static_cast<int32_t>(zero));
  }
  return std::optional<ir::Quantisation>(std::move(to));
}

Result<TensorReader::Constant> TensorReader::read_constant(uint32_t buffer, const std::string& where) {
  // Old writers leave the list out when a model has no constants; 0 stands for "none" either way.
  if (buffer == 0 && size_of(model_.buffers()) == 0) return Constant();
  if (buffer >= size_of(model_.buffers())) {
    return damaged(where + " refers to buffer " + std::to_string(buffer) + " of " +
                   std::to_string(size_of(model_.buffers())) + ".");
  }
  const schema::Buffer& from = *model_.buffers()->Get(buffer);
  if (from.offset() > 1 || from.size() > 1)
    return unsupported(where + " keeps its data behind the FlatBuffer, as files beyond 2 GB do.");
  if (size_of(from.data()) == 0) return Constant();
  Constant& constant = constants_[buffer];
  if (!constant) {
    TADPOLE_CHECK(spend(from.data()->size()));
    constant = std::make_shared<const std::vector<uint8_t>>(from.data()->begin(), from.data()->end());
  }
  return Constant(constant);
}

Result<TensorReader::Constant> TensorReader::widened(uint32_t buffer, const Constant& float16) {
  Constant& wide = widened_[buffer];
  if (!wide) {
    TADPOLE_CHECK(spend(float16->size() * 2));
    std::vector<float> values;
    for (size_t i = 0; i + 1 < float16->size(); i += 2) {
      values.push_back(float_of_half(static_cast<uint16_t>((*float16)[i] | (*float16)[i + 1] << 8)));
    }
    wide = ir::make_constant<float>(values);
  }
  return Constant(wide);
}

std::optional<Error> TensorReader::unreadable(schema::TensorType type, const std::string& where) {
  if (type == schema::TensorType::FLOAT16 || dtype_of(type)) return std::nullopt;
  return Error{Code::type_unsupported, where + " has type " + type_name(type) +
                                           "; Tadpole reads float32, float16 constants, int4 constants, "
                                           "int8, int16, int32, int64, uint8 and bool. Export the model "
                                           "as float32 or int8."};
}

Result<ir::Tensor> TensorReader::read(const schema::Tensor& from, size_t index) {
  ir::Tensor to;
  TADPOLE_TRY(to.name, text(from.name()));
  const std::string where = TensorReader::where(index, to.name);
  if (auto error = unreadable(from.type(), where)) return *std::move(error);
  const bool half = from.type() == schema::TensorType::FLOAT16;
  to.type = half ? ir::DType::float32 : *dtype_of(from.type());
  if (from.sparsity()) return unsupported(where + " is stored sparse; export the model with dense weights.");
  if (from.external_buffer() != 0)
    return unsupported(where + " keeps its data in another file; export the model as one file.");
  TADPOLE_CHECK(read_shape(from, to, where));
  if (ir::element_count(to.shape) == 0) return to;
  TADPOLE_TRY(to.constant, read_constant(from.buffer(), where));
  if (half && !to.constant) {
    return Error{Code::type_unsupported, where +
                                             " has type FLOAT16 and is computed while running; Tadpole reads "
                                             "float16 for constants only. Export the model as float32."};
  }
  const int64_t stored = half ? to.bytes() / 2 : to.bytes();
  if (to.constant && static_cast<int64_t>(to.constant->size()) != stored) {
    return damaged("constant '" + to.name + "' holds " + std::to_string(to.constant->size()) +
                   " bytes; its shape " + ir::to_string(to.shape) + " of " +
                   (half ? "float16" : std::string(ir::to_string(to.type))) + " needs " +
                   std::to_string(stored) + ".");
  }
  if (half) {
    TADPOLE_TRY(to.constant, widened(from.buffer(), to.constant));
  }
  to.is_variable = from.is_variable();
  if (to.is_variable && to.constant) {
    return unsupported(where +
                       " is a variable with a constant of its own, which TensorFlow Lite refuses too.");
  }
  if (from.quantisation() && may_be_scaled(to.type)) {
    TADPOLE_TRY(to.quantisation, read_quantisation(*from.quantisation(), where));
  }
  return to;
}

}  // namespace tadpole::convert
