// Reads the direct branches of machine code. Encodings: Armv7-M Architecture Reference Manual, A7.7.12 (B)
// and A7.7.18 (BL); The RISC-V Instruction Set Manual, Volume I, 2.3 (J-type) and 16.8 (CJ).
#include "board/code_map.h"

#include <optional>

namespace tadpole::board {
namespace {

uint32_t sign_extend(uint32_t value, int bits) {
  const uint32_t sign = 1u << (bits - 1);
  return (value ^ sign) - sign;
}

/// Where the Thumb instruction jumps, if it is B or BL with an address.
std::optional<uint32_t> thumb_target(uint32_t address, uint32_t h1, uint32_t h2) {
  if ((h1 >> 11) == 28) return address + 4 + sign_extend((h1 & 0x7FFu) << 1, 12);
  if ((h1 >> 12) == 13 && (h1 >> 8 & 15u) < 14) return address + 4 + sign_extend((h1 & 0xFFu) << 1, 9);
  if ((h1 >> 11) != 30 || (h2 & 0x8000u) == 0) return std::nullopt;
  const uint32_t s = h1 >> 10 & 1u, j1 = h2 >> 13 & 1u, j2 = h2 >> 11 & 1u;
  if ((h2 & 0x1000u) != 0) {  // BL, B.W
    const uint32_t i1 = (j1 ^ s) ^ 1u, i2 = (j2 ^ s) ^ 1u;
    const uint32_t offset = s << 24 | i1 << 23 | i2 << 22 | (h1 & 0x3FFu) << 12 | (h2 & 0x7FFu) << 1;
    return address + 4 + sign_extend(offset, 25);
  }
  if ((h2 & 0x4000u) != 0 || (h1 & 0x380u) == 0x380u) return std::nullopt;
  const uint32_t offset = s << 20 | j2 << 19 | j1 << 18 | (h1 & 0x3Fu) << 12 | (h2 & 0x7FFu) << 1;
  return address + 4 + sign_extend(offset, 21);
}

/// Where the RISC-V instruction jumps, if it is JAL, C.JAL or C.J: what is left of calls when the linker has
/// relaxed them, which reach 1 MB. Conditional branches stay in their function.
std::optional<uint32_t> riscv_target(uint32_t address, uint32_t h1, uint32_t h2) {
  if ((h1 & 0x6003u) == 0x2001u) {
    // Bits 12 to 2 hold the offset's bits 11|4|9:8|10|6|7|3:1|5.
    const uint32_t offset = (h1 >> 1 & 0x800u) | (h1 >> 7 & 0x10u) | (h1 >> 1 & 0x300u) | (h1 << 2 & 0x400u) |
                            (h1 >> 1 & 0x40u) | (h1 << 1 & 0x80u) | (h1 >> 2 & 0xEu) | (h1 << 3 & 0x20u);
    return address + sign_extend(offset, 12);
  }
  const uint32_t word = h2 << 16 | h1;
  if ((word & 0x7Fu) != 0x6Fu) return std::nullopt;
  const uint32_t offset =
      (word >> 11 & 0x100000u) | (word & 0xFF000u) | (word >> 9 & 0x800u) | (word >> 20 & 0x7FEu);
  return address + sign_extend(offset, 21);
}

/// The bytes of an address range, when one section of the file holds them all.
std::span<const uint8_t> bytes_at(std::span<const uint8_t> image, const Elf& elf, uint32_t address,
                                  uint32_t size) {
  for (const ElfSection& section : elf.sections) {
    if (!section.allocated() || !section.has_contents() || address < section.address) continue;
    const uint64_t inside = address - section.address;
    if (inside + size > section.size || section.offset + inside + size > image.size()) continue;
    return image.subspan(section.offset + inside, size);
  }
  return {};
}

/// Where constants lie between the instructions: the symbols $d (data) and $t (code) of the Arm ELF format.
std::map<uint32_t, bool> data_marks(const Elf& elf) {
  std::map<uint32_t, bool> marks;
  for (const Symbol& symbol : elf.symbols) {
    if (symbol.name == "$t" || symbol.name.starts_with("$t.")) marks[symbol.address] = false;
    if (symbol.name == "$d" || symbol.name.starts_with("$d.")) marks.emplace(symbol.address, true);
  }
  return marks;
}

}  // namespace

Result<CodeMap> CodeMap::read(std::span<const uint8_t> image, const Elf& elf) {
  CodeMap map;
  for (const Symbol& symbol : elf.symbols) {
    if (symbol.kind != SymbolKind::function || symbol.section < 0) continue;
    Function& function = map.functions_[symbol.address];
    function.size = std::max(function.size, symbol.size);
    map.addresses_.emplace(symbol.name, symbol.address);
  }
  const std::map<uint32_t, bool> marks = data_marks(elf);
  for (auto& [begin, function] : map.functions_) {
    const auto code = bytes_at(image, elf, begin, function.size);
    if (code.size() != function.size) {
      return Error{Code::elf_damaged,
                   "the firmware's ELF file is damaged: a function lies outside of it. "
                   "Build it again."};
    }
    const auto half = [&](size_t at) {
      return at + 2 <= code.size() ? code[at] | uint32_t{code[at + 1]} << 8 : 0u;
    };
    for (size_t at = 0; at + 2 <= code.size();) {
      const uint32_t address = begin + static_cast<uint32_t>(at);
      const auto mark = marks.upper_bound(address);
      if (mark != marks.begin() && std::prev(mark)->second) {
        at += 2;
        continue;
      }
      const uint32_t h1 = half(at);
      const bool is_arm = elf.machine == Machine::arm;
      const bool is_long = is_arm ? (h1 >> 11) >= 29 : (h1 & 3u) == 3;
      const uint32_t h2 = is_long ? half(at + 2) : 0;
      const auto target = is_arm ? thumb_target(address, h1, h2) : riscv_target(address, h1, h2);
      if (target && *target != begin && map.functions_.contains(*target)) function.calls.push_back(*target);
      at += is_long ? 4 : 2;
    }
  }
  return map;
}

std::set<uint32_t> CodeMap::reached_from(std::span<const std::string_view> names) const {
  std::vector<uint32_t> open;
  for (const std::string_view name : names) {
    if (const auto found = addresses_.find(name); found != addresses_.end()) open.push_back(found->second);
  }
  std::set<uint32_t> reached;
  while (!open.empty()) {
    const uint32_t address = open.back();
    open.pop_back();
    if (!reached.insert(address).second) continue;
    const std::vector<uint32_t>& calls = functions_.at(address).calls;
    open.insert(open.end(), calls.begin(), calls.end());
  }
  return reached;
}

int64_t CodeMap::bytes_of(const std::set<uint32_t>& functions) const {
  int64_t bytes = 0;
  for (const uint32_t address : functions) {
    if (const auto found = functions_.find(address); found != functions_.end()) bytes += found->second.size;
  }
  return bytes;
}

int64_t CodeMap::bytes_reached_from(std::string_view name) const {
  return bytes_of(reached_from(std::span(&name, 1)));
}

}  // namespace tadpole::board
