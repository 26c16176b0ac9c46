// ELF reader: nothing is believed before it was found to lie inside the file.
#include "board/elf.h"

#include <algorithm>

namespace tadpole::board {
namespace {

constexpr uint32_t kSymbolTable = 2;  // SHT_SYMTAB
constexpr size_t kSectionHeaderBytes = 40;
constexpr size_t kSymbolBytes = 16;

Error damaged(const std::string& what) {
  return {Code::elf_damaged, "the firmware's ELF file is damaged: " + what + ". Build it again."};
}

class Bytes {
 public:
  explicit Bytes(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  /// True when [offset, offset + size) lies inside; 64 bits, so that 32-bit fields cannot wrap.
  bool holds(uint64_t offset, uint64_t size) const {
    return offset <= bytes_.size() && size <= bytes_.size() - offset;
  }
  uint32_t u16(uint64_t at) const { return bytes_[at] | static_cast<uint32_t>(bytes_[at + 1]) << 8; }
  uint32_t u32(uint64_t at) const { return u16(at) | u16(at + 2) << 16; }

  /// The text at `index` of a string table; false when it does not end inside the table or within 1,024 bytes
  /// (so that many symbols with one long name cannot fill the memory).
  bool text(uint32_t table_offset, uint32_t table_size, uint32_t index, std::string& out) const {
    if (index >= table_size) return false;
    const auto begin = bytes_.begin() + table_offset + index;
    const auto end = begin + std::min<uint32_t>(table_size - index, 1024);
    const auto zero = std::find(begin, end, uint8_t{0});
    if (zero == end) return false;
    out.assign(begin, zero);
    return true;
  }

 private:
  std::span<const uint8_t> bytes_;
};

struct SectionHeader {
  uint32_t name, type, flags, address, offset, size, link, entry_size;
};

SectionHeader read_header(const Bytes& bytes, uint64_t at) {
  return {bytes.u32(at),      bytes.u32(at + 4),  bytes.u32(at + 8),  bytes.u32(at + 12),
          bytes.u32(at + 16), bytes.u32(at + 20), bytes.u32(at + 24), bytes.u32(at + 36)};
}

Result<std::vector<Symbol>> read_symbols(const Bytes& bytes, const SectionHeader& table,
                                         const SectionHeader& names, size_t section_count) {
  if (table.entry_size != kSymbolBytes || table.size % kSymbolBytes != 0) {
    return damaged("its symbols have an unknown size");
  }
  std::vector<Symbol> symbols;
  for (uint32_t offset = 0; offset < table.size; offset += kSymbolBytes) {
    const uint64_t at = uint64_t{table.offset} + offset;
    const uint32_t name = bytes.u32(at);
    const uint32_t section = bytes.u16(at + 14);
    const uint32_t type = bytes.u16(at + 12) & 0xFu;
    if (name == 0 || section == 0) continue;
    Symbol symbol;
    if (!bytes.text(names.offset, names.size, name, symbol.name)) {
      return damaged("a symbol's name lies outside of its names");
    }
    symbol.kind = type == 2 ? SymbolKind::function : type == 1 ? SymbolKind::object : SymbolKind::other;
    symbol.address = bytes.u32(at + 4) & (type == 2 ? ~1u : ~0u);
    symbol.size = bytes.u32(at + 8);
    symbol.section = section < section_count ? static_cast<int>(section) : -1;
    symbols.push_back(std::move(symbol));
  }
  return symbols;
}

}  // namespace

const Symbol* Elf::find(std::string_view name) const {
  const auto found =
      std::find_if(symbols.begin(), symbols.end(), [&](const Symbol& s) { return s.name == name; });
  return found == symbols.end() ? nullptr : &*found;
}

const Symbol* Elf::function_at(uint32_t address) const {
  for (const Symbol& symbol : symbols) {
    if (symbol.kind == SymbolKind::function && address >= symbol.address &&
        address - symbol.address < std::max<uint32_t>(symbol.size, 1)) {
      return &symbol;
    }
  }
  return nullptr;
}

Result<Elf> read_elf(std::span<const uint8_t> span) {
  const Bytes bytes(span);
  if (!bytes.holds(0, 52) || bytes.u32(0) != 0x464C457Fu) return damaged("it does not begin as an ELF file");
  if (span[4] != 1 || span[5] != 1) return damaged("it is not of the 32-bit little-endian kind");
  const uint32_t machine = bytes.u16(18);  // EM_ARM, EM_RISCV
  if (machine != 40 && machine != 243) return damaged("it is neither for Arm nor for RISC-V");
  Elf elf;
  elf.machine = machine == 40 ? Machine::arm : Machine::riscv;
  elf.entry = bytes.u32(24);
  const uint64_t table = bytes.u32(32);
  const size_t count = bytes.u16(48);
  const size_t name_index = bytes.u16(50);
  if (bytes.u16(46) != kSectionHeaderBytes || name_index >= count ||
      !bytes.holds(table, uint64_t{kSectionHeaderBytes} * count)) {
    return damaged("its table of sections does not lie inside");
  }
  std::vector<SectionHeader> headers;
  for (size_t i = 0; i < count; ++i) {
    headers.push_back(read_header(bytes, table + kSectionHeaderBytes * i));
    const SectionHeader& h = headers.back();
    if (h.type != 0 && h.type != 8 && !bytes.holds(h.offset, h.size)) {
      return damaged("section " + std::to_string(i) + " does not lie inside");
    }
  }
  const SectionHeader& names = headers[name_index];
  if (names.type != 3) return damaged("it has no section names");
  for (const SectionHeader& h : headers) {
    ElfSection section{"", h.type, h.flags, h.address, h.size, h.offset};
    if (!bytes.text(names.offset, names.size, h.name, section.name)) {
      return damaged("a section's name lies outside of the names");
    }
    elf.sections.push_back(std::move(section));
  }
  for (const SectionHeader& h : headers) {
    if (h.type != kSymbolTable) continue;
    if (h.link >= count || headers[h.link].type != 3) return damaged("its symbols have no names");
    TADPOLE_TRY(elf.symbols, read_symbols(bytes, h, headers[h.link], count));
    break;
  }
  return elf;
}

}  // namespace tadpole::board
