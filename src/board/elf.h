// Reads what Tadpole needs of a 32-bit little-endian ELF file: sections and symbols. The file may be damaged.
// Source: System V Application Binary Interface, chapter 4 (ELF).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tadpole::board {

struct ElfSection {
  std::string name;
  uint32_t type = 0, flags = 0;
  uint32_t address = 0, size = 0;
  uint32_t offset = 0;  ///< in the file; [offset, offset + size) lies inside when has_contents()

  bool allocated() const { return (flags & 2u) != 0; }  ///< SHF_ALLOC: takes memory on the board
  bool has_contents() const { return type != 8u; }      ///< not SHT_NOBITS
  bool writable() const { return (flags & 1u) != 0; }   ///< SHF_WRITE
};

enum class Machine { arm, riscv };

enum class SymbolKind { other, object, function };

struct Symbol {
  std::string name;
  uint32_t address = 0;  ///< of a function: without the Thumb bit
  uint32_t size = 0;
  SymbolKind kind = SymbolKind::other;
  int section = -1;  ///< index in Elf::sections; -1: absolute or undefined
};

struct Elf {
  Machine machine = Machine::arm;
  uint32_t entry = 0;
  std::vector<ElfSection> sections;
  std::vector<Symbol> symbols;  ///< defined ones with a name, in the order of the file

  const Symbol* find(std::string_view name) const;
  /// The function that holds the address, or null.
  const Symbol* function_at(uint32_t address) const;
};

/// Fails: elf_damaged, saying what was found. Every offset and size is checked; O(size of the file).
Result<Elf> read_elf(std::span<const uint8_t> bytes);

}  // namespace tadpole::board
