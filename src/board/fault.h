// Words for what went wrong on a board: from the fault registers to a sentence that a person can act on.
#pragma once

#include <cstdint>
#include <string>

#include "board/elf.h"
#include "device/app/fault.h"

namespace tadpole::board {

/// What a Thumb instruction does to memory.
enum class Access { none, read, write };

/// instruction: first half-word in the low 16 bits, the second above it. Source: ARMv7-M Architecture
/// Reference Manual, A5.
Access access_of(uint32_t instruction);

/// One sentence, without a full stop: "wrote to flash at 0x00001234 (pc 0x00000456 in conv_2d)". elf: for
/// names of functions; may be null.
std::string describe_fault(const app::FaultReport& fault, const Elf* elf);

}  // namespace tadpole::board
