// Decodes fault registers. Source of all bits: ARMv7-M Architecture Reference Manual, B3.2.15 (CFSR) and
// B1.5.14; of all causes: The RISC-V Instruction Set Manual, Volume II, 3.1.15 (mcause).
#include "board/fault.h"

#include <cstdio>

#include "base/text.h"

namespace tadpole::board {
namespace {

constexpr uint32_t kInstructionAccess = 1u << 0;
constexpr uint32_t kDataAccess = 1u << 1;
constexpr uint32_t kStackingFailed = 1u << 4 | 1u << 5 | 1u << 12 | 1u << 13;
constexpr uint32_t kMemoryAddressValid = 1u << 7;
constexpr uint32_t kInstructionBus = 1u << 8;
constexpr uint32_t kDataBus = 1u << 9 | 1u << 10;
constexpr uint32_t kBusAddressValid = 1u << 15;

struct Cause {
  uint32_t bit;
  const char* words;
};
constexpr Cause kUsageCauses[] = {
    {1u << 16, "ran an instruction that the processor does not have"},
    {1u << 17, "jumped to an address that is not Thumb code"},
    {1u << 18, "returned from an exception that it was not in"},
    {1u << 19, "used a coprocessor that is switched off"},
    {1u << 24, "read or wrote more than a byte at an odd address"},
    {1u << 25, "divided by zero"},
};

std::string hex(uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08X", value);
  return text;
}

std::string place(const app::FaultReport& f, const Elf* elf) {
  if (f.frame_valid == 0) return " (pc unknown)";
  std::string text = " (pc " + hex(f.pc);
  const Symbol* function = elf == nullptr ? nullptr : elf->function_at(f.pc);
  if (function != nullptr) text += " in " + function->name;
  return text + ")";
}

bool inside(uint32_t address, uint32_t base, uint32_t bytes) {
  return address - base < bytes && address >= base;
}

/// The stack stands at the bottom of RAM, so what overflows it touches what lies just below.
bool lies_below_full_stack(const app::FaultReport& f, uint32_t address) {
  const bool below = address < f.stack_base && f.stack_base - address <= 65536;
  const bool nearly_full = f.sp < f.stack_base + 256;
  return below && nearly_full;
}

bool stack_overflowed(const app::FaultReport& f) {
  if ((f.cfsr & kStackingFailed) != 0) return true;
  return (f.cfsr & kDataAccess) != 0 && (f.cfsr & kMemoryAddressValid) != 0 &&
         lies_below_full_stack(f, f.mmfar);
}

std::string describe_overflow(const app::FaultReport& f) {
  return "stack overflow: the program needs more than the " + base::with_commas(f.stack_bytes) +
         " B of stack it was given";
}

std::string describe_data_access(const app::FaultReport& f, uint32_t address, Access access) {
  const std::string verb = access == Access::write  ? "wrote"
                           : access == Access::read ? "read"
                                                    : "read or wrote";
  if (address < 256) return verb + " through a null pointer at " + hex(address);
  if (inside(address, f.flash_base, f.flash_bytes)) return "wrote to flash at " + hex(address);

  return verb + " outside memory at " + hex(address);
}

std::string describe_execution(const app::FaultReport& f, const Elf* elf) {
  if (f.frame_valid == 0) return "jumped to where no program is";
  std::string text = f.pc < 256                              ? "jumped through a null pointer to "
                     : inside(f.pc, f.ram_base, f.ram_bytes) ? "jumped into RAM at "
                                                             : "jumped outside memory to ";
  text += hex(f.pc);
  const Symbol* caller = elf == nullptr ? nullptr : elf->function_at((f.lr & ~1u) - 2);
  if (caller != nullptr) text += " (from " + caller->name + ")";
  return text;
}

std::string describe_riscv(const app::FaultReport& f, const Elf* elf) {
  switch (f.exception) {
    case 1:
      return describe_execution(f, elf);
    case 2:
      return "ran an instruction that the processor does not have" + place(f, elf);
    case 3:
      return "stopped at a breakpoint" + place(f, elf);
    case 4:
    case 6:
      return "read or wrote more than a byte at an odd address, " + hex(f.mmfar) + place(f, elf);
    case 5:
    case 7: {
      if (lies_below_full_stack(f, f.mmfar)) return describe_overflow(f) + place(f, elf);
      const Access access = f.exception == 5 ? Access::read : Access::write;
      return describe_data_access(f, f.mmfar, access) + place(f, elf);
    }
    default:
      return "stopped with trap " + hex(f.exception) + ", value " + hex(f.mmfar) + place(f, elf);
  }
}

}  // namespace

Access access_of(uint32_t instruction) {
  const uint32_t first = instruction & 0xFFFFu;
  const auto by_bit = [](bool load) { return load ? Access::read : Access::write; };
  if (first >> 11 == 0x1D || first >> 12 == 0xF) {  // 32-bit encodings begin 0b11101 or 0b1111
    const uint32_t group = first >> 9;
    const bool memory =
        group == 0x74 || group == 0x7C || group == 0x76;  // multiple/dual, single, floating point
    return memory ? by_bit((first & 0x10u) != 0) : Access::none;
  }
  switch (first >> 12) {
    case 0x4:
      return first >> 11 == 0x9 ? Access::read : Access::none;  // LDR (literal)
    case 0x5:
      return by_bit((first >> 9 & 7u) >= 3);  // register offset
    case 0x6:
    case 0x7:
    case 0x8:
    case 0x9:
    case 0xC:
      return by_bit((first & 0x800u) != 0);  // immediate offset, SP, multiple
    case 0xB:
      if ((first & 0x0600u) == 0x0400u) return by_bit((first & 0x800u) != 0);  // PUSH, POP
      return Access::none;
    default:
      return Access::none;
  }
}

std::string describe_fault(const app::FaultReport& f, const Elf* elf) {
  if (f.processor == app::kRiscV) return describe_riscv(f, elf);
  if (stack_overflowed(f)) return describe_overflow(f) + place(f, elf);
  if ((f.cfsr & (kInstructionAccess | kInstructionBus)) != 0) return describe_execution(f, elf);
  if ((f.cfsr & kDataAccess) != 0) {
    if ((f.cfsr & kMemoryAddressValid) == 0) return "touched memory that is not its own" + place(f, elf);
    return describe_data_access(f, f.mmfar, access_of(f.instruction)) + place(f, elf);
  }
  if ((f.cfsr & kDataBus) != 0) {
    if ((f.cfsr & kBusAddressValid) == 0) return "touched memory that does not exist" + place(f, elf);
    return describe_data_access(f, f.bfar, access_of(f.instruction)) + place(f, elf);
  }
  for (const Cause& cause : kUsageCauses) {
    if ((f.cfsr & cause.bit) != 0) return cause.words + place(f, elf);
  }
  return "stopped with exception " + std::to_string(f.exception) + ", CFSR " + hex(f.cfsr) + ", HFSR " +
         hex(f.hfsr) + place(f, elf);
}

}  // namespace tadpole::board
