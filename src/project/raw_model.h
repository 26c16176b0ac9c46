// A model file alone, without a project: bytes in, bytes out, on the host or on a board; and its profile.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"

namespace tadpole::project {

/// Runs `model` (.tflite) on little-endian bytes of its input 0 and returns those of its output 0. `board` ""
/// = this computer. Fails: as convert::read_tflite and plan::lower; input_size; on a board also does_not_fit,
/// program_missing, board_*.
Result<std::vector<uint8_t>> run_model(const std::string& model, std::span<const uint8_t> input,
                                       const std::string& board, Progress& progress);

/// macs, instructions, cycles_estimated, milliseconds_estimated, arena_bytes, arena_lower_bound_bytes,
/// flash_code_bytes, flash_weights_bytes and layers[{name, op, macs, instructions}] of one inference,
/// measured on a virtual board.
Result<nlohmann::json> profile_model(const std::string& model, const std::string& board, Progress& progress);

}  // namespace tadpole::project
