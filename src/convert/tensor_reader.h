// Tensors and constants of a verified .tflite file. Inside this room only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "convert/schema.h"

namespace tadpole::convert {

/// Reads tensors of one file and counts what is copied, because tables may share vectors and a small file
/// could ask for endless copies.
class TensorReader {
 public:
  TensorReader(const schema::Model& model, uint64_t budget) : model_(model), budget_(budget) {}

  /// Takes `bytes` from what may still be copied. Fails: tflite_damaged.
  Result<void> spend(uint64_t bytes);
  Result<std::string> text(const flatbuffers::String* text);

  /// A tensor with its scales and constant. float16 constants become float32. The shape may hold a 0; such a
  /// tensor has no constant. Fails: type_unsupported, tflite_unsupported, tflite_damaged.
  Result<ir::Tensor> read(const schema::Tensor& from, size_t index);
  /// Why tensors of a type cannot be read; nothing when they can.
  static std::optional<Error> unreadable(schema::TensorType type, const std::string& where);
  /// "tensor 3 'conv_1'", for messages.
  static std::string where(size_t index, const std::string& name);

 private:
  using Constant = std::shared_ptr<const std::vector<uint8_t>>;
  Result<void> read_shape(const schema::Tensor& from, ir::Tensor& to, const std::string& where);
  Result<std::optional<ir::Quantisation>> read_quantisation(const schema::QuantisationParameters& from,
                                                            const std::string& where);
  Result<Constant> read_constant(uint32_t buffer, const std::string& where);
  Result<Constant> widened(uint32_t buffer, const Constant& float16);

  const schema::Model& model_;
  uint64_t budget_;
  std::map<uint32_t, Constant> constants_;  ///< by buffer
  std::map<uint32_t, Constant> widened_;
};

/// The number that 16 bits stand for. Source: IEEE 754-2008, binary16.
float float_of_half(uint16_t half);

}  // namespace tadpole::convert
