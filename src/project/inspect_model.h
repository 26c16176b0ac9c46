// What is in a model file, what it will need, and which boards it fits.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "ir/graph.h"

namespace tadpole::project {

struct Inspection {
  ir::Graph graph;
  /// bytes (of the file), macs, parameters, constant_bytes, inputs[], outputs[] {name, type, shape, scale?,
  /// zero_point?}, layers[] {name, op, output_shape, type, scale?, zero_point?, parameters, weights_bytes,
  /// macs, options} and boards[] {name, fits, why, ram_bytes, ram_limit_bytes, arena_bytes, peak_layer,
  /// flash_bytes, flash_limit_bytes}. A model that cannot be lowered for a board has fits = false and why.
  /// macs are the file's, and macs_imported the same under the name that profile uses; macs_planned are what
  /// a plan is left with (dead channels removed), in all and in layers[].
  nlohmann::json facts;
};

/// Reads and describes a model; compiles nothing. RAM and flash count the arena and the constants exactly and
/// the rest of a firmware that takes raw inputs as board::kFirmwareRamBytes and kFirmwareCodeBytes.
/// Fails: as read_model.
Result<Inspection> inspect_model(const std::string& path);

}  // namespace tadpole::project
