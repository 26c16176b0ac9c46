// From a model to a measured firmware: library, build, boot. Used by deploy, run and profile. Private to this
// room.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "board/board.h"
#include "board/toolchain.h"
#include "board/virtual_board.h"
#include "codegen/library.h"
#include "plan/plan.h"

namespace tadpole::project {

struct BuiltModel {
  plan::Plan plan;
  board::Firmware firmware;
};

/// What a firmware says of the .tflite file that it was made from: 16 hex digits.
std::string model_hash(std::span<const uint8_t> model_bytes);

/// Lowers `graph` for `board`, refuses what cannot fit before anything is compiled, writes the library to
/// `folder`/library and builds `folder`/firmware.elf. Both appear when both are whole; until then, and after
/// a failure, those of an earlier model stay. `model_bytes` gives the hash. Fails: as plan::lower,
/// plan::fits, board::build_firmware; compile_failed for a board that is not virtual is not possible here:
/// such boards are refused with unknown_board.
Result<BuiltModel> build_model(const ir::Graph& graph, std::span<const uint8_t> model_bytes,
                               const board::Board& board, const std::string& name,
                               std::optional<codegen::SpeechApplication> speech, const std::string& folder,
                               Progress& progress);

/// Boots a firmware on its virtual board. The environment variable TADPOLE_BOARD_TIMEOUT_S (seconds) replaces
/// the time that the board has for its hello and for each answer. `progress` is polled for cancellation while
/// the board lives. Fails: as board::VirtualBoard::boot; unknown_board for a board that is not virtual.
Result<std::unique_ptr<board::VirtualBoard>> boot(const board::Board& board, const std::string& elf,
                                                  const Progress& progress);

/// layers[{name, op, macs, instructions}] of the last inference. A layer that the plan dropped has no row.
nlohmann::json layer_rows(const plan::Plan& plan, const board::InstructionCounts& counts);

}  // namespace tadpole::project
