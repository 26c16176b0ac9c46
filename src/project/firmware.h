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

/// Lowers `graph` for `board`, refuses what cannot fit before anything is compiled, writes the library to
/// `folder`/library and builds `folder`/firmware.elf. `model_bytes` gives the hash. Fails: as plan::lower,
/// plan::fits, board::build_firmware; compile_failed for a board that is not virtual is not possible here:
/// such boards are refused with unknown_board.
Result<BuiltModel> build_model(const ir::Graph& graph, std::span<const uint8_t> model_bytes,
                               const board::Board& board, const std::string& name,
                               std::optional<codegen::SpeechApplication> speech, const std::string& folder,
                               Progress& progress);

/// Boots a firmware on its virtual board. Fails: as board::VirtualBoard::boot; unknown_board for a board that
/// is not virtual.
Result<std::unique_ptr<board::VirtualBoard>> boot(const board::Board& board, const std::string& elf);

/// layers[{name, op, macs, instructions}] of the last inference. A layer that the plan dropped has no row.
nlohmann::json layer_rows(const plan::Plan& plan, const board::InstructionCounts& counts);

}  // namespace tadpole::project
