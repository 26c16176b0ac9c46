// Reads ONNX models (opset 11 to 15, as PyTorch exports them) into float graphs.
#pragma once

#include <cstdint>
#include <span>

#include "ir/graph.h"

namespace tadpole::onnx {

/// A float graph of the model. Activations of images and sequences that meet a convolution or pooling are
/// turned from channels first (NCHW, NCL) to channels last; the model's inputs and outputs too, when they are
/// of that kind. Transpositions are worked into weights and axes wherever that is possible, and remain only
/// where it is not. Recurrent layers start each inference at their first state, as ONNX has it. Fails:
/// onnx_damaged (not the format, or contradicts itself), op_unsupported (every operator that is not
/// supported, with its layer and why, at once), onnx_unsupported (opset, sizes known only while running,
/// weights in other files). Cost: O(file).
Result<ir::Graph> read_onnx(std::span<const uint8_t> bytes);

/// True when the bytes look like an ONNX model rather than a .tflite one: they begin with a protobuf field
/// that ModelProto has.
bool looks_like_onnx(std::span<const uint8_t> bytes);

}  // namespace tadpole::onnx
