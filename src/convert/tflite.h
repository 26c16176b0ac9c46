// .tflite files as bytes: read with every offset checked, written so that TensorFlow Lite Micro gives the
// same answers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"

namespace tadpole::convert {

/// Reads untrusted bytes. The graph passes ir::check_graph. Fails: tflite_damaged (says at what),
/// tflite_unsupported, op_unsupported (names every layer with such an operator at once), type_unsupported.
/// Never crashes, whatever the bytes. Source: TensorFlow Lite schema, version 3.
Result<ir::Graph> read_tflite(std::span<const uint8_t> bytes);

/// Writes a float or int8 graph (no training-only operators). Reading it back gives an equal graph. Tensors
/// keep their names. `description` goes into the model's description field.
Result<std::vector<uint8_t>> write_tflite(const ir::Graph& graph, const std::string& description);

/// A C++ source that holds the bytes as an aligned constant array `name`, for those who use another engine.
std::string write_cc_array(std::span<const uint8_t> bytes, const std::string& name);

}  // namespace tadpole::convert
