// A model file alone, without a project: bytes in, bytes out, on the host or on a board; and its profile.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "project/firmware.h"

namespace tadpole::project {

/// Where and how a model file alone runs.
struct RawRun {
  std::string board = {};  ///< "": this computer
  /// For blobs: a runner's .elf, built there when it does not exist; "": built and forgotten.
  std::string firmware = {};
  ModelBuild how = {};  ///< on a board, for models that are not blobs yet; its name is not used
};

/// Runs `model` (.tflite, ONNX or, on a board, a blob) on little-endian bytes of all its inputs, one after
/// the other, and returns those of each output. Fails: as read_model and plan::lower; input_size; on a board
/// also does_not_fit, program_missing, board_*.
Result<std::vector<std::vector<uint8_t>>> run_model(const std::string& model, std::span<const uint8_t> input,
                                                    const RawRun& where, Progress& progress);

/// One inference of `model` (.tflite) on an input of zeros, measured on a virtual board. In all and in
/// layers[]: macs, instructions, floor_instructions (two multiply-accumulates an instruction, the most that
/// SMLAD does), macs_imported (of the layers in the model file, where dead channels still are; of a layer in
/// several steps it stands at the first), counts{} by class, cycles_estimated, milliseconds_estimated,
/// microjoules_estimated. Of each layer also name, op, kernel, ram_bytes (of the arena, held while it runs),
/// flash_weights_bytes, flash_code_bytes (code that it reaches; shared code counts in every layer that does).
/// In all also arena_bytes, arena_lower_bound_bytes, peak_layer, stack_high_water_bytes, ram_bytes,
/// flash_bytes, flash_code_bytes, flash_weights_bytes (of the whole firmware), model_code_bytes (of the model
/// alone) and cycles_error. `how`: its name is not used. As a blob a model has no layers[], since the runner
/// is one function. Fails: as run_model; internal when a layer made an unaligned access.
Result<nlohmann::json> profile_model(const std::string& model, const std::string& board, ModelBuild how,
                                     Progress& progress);

}  // namespace tadpole::project
