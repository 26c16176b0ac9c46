// Firmware files: read or refused, and what was read can be looked up.
#include <cstdint>
#include <cstdlib>

#include "board/elf.h"
#include "board/instructions.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tadpole;
  const auto elf = board::read_elf({data, size});
  if (!elf) {
    if (elf.error().code != Code::elf_damaged || elf.error().detail.empty()) std::abort();
    return 0;
  }
  const board::Symbol* function = elf->function_at(elf->entry & ~1u);
  if (function != nullptr && elf->find(function->name) == nullptr) std::abort();
  board::InstructionTracker tracker(*elf);
  if (tracker.marks().size() > elf->symbols.size()) std::abort();
  return 0;
}
