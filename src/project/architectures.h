// The zoo as people choose from it: what each network costs.
#pragma once

#include <nlohmann/json.hpp>

#include "base/progress.h"
#include "base/result.h"

namespace tadpole::project {

/// One object for each architecture, made with random weights for its example's input: name, summary,
/// reference, example, input, outputs, parameters (trained), macs, published {parameters, macs, source}, and
/// as int8 on `board` ram_bytes, flash_bytes, arena_bytes, weights_bytes and fits, or why not. RAM and flash
/// count the firmware as inspect_model does. Fails: unknown_board, cancelled. Cost: a few seconds.
Result<nlohmann::json> architectures_on(const std::string& board, Progress& progress);

}  // namespace tadpole::project
