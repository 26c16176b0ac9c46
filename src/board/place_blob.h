// Puts a network into a firmware that was built to take any (codegen::emit_runner_library), without
// compiling.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"

namespace tadpole::board {

/// Writes a copy of the firmware at `elf_path` to `to`, with `blob` in its object tadpole_blob. Fails:
/// elf_damaged (also for a firmware that takes no blobs), does_not_fit, file_*.
Result<void> place_blob(const std::string& elf_path, std::span<const uint8_t> blob, const std::string& to);

}  // namespace tadpole::board
