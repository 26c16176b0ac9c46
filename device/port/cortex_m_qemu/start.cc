// From reset to main: vector table, memory images, floating point unit, stack paint, fault traps.
#include <string.h>

#include "device/port/port.h"

extern "C" {
extern uint32_t tadpole_handler_stack_end[];
extern uint32_t tadpole_data_begin[], tadpole_data_end[], tadpole_data_image[];
extern uint32_t tadpole_bss_begin[], tadpole_bss_end[];
extern void (*tadpole_init_begin[])();
extern void (*tadpole_init_end[])();
void tadpole_reset();
void tadpole_fault_entry();
[[noreturn]] void tadpole_start();
}

namespace {

volatile uint32_t& system_register(uint32_t where) {
  return *reinterpret_cast<volatile uint32_t*>(static_cast<uintptr_t>(where));
}

struct Vectors {
  void* stack;
  void (*entries[63])();
};

}  // namespace

#define TADPOLE_FAULT_4 tadpole_fault_entry, tadpole_fault_entry, tadpole_fault_entry, tadpole_fault_entry
#define TADPOLE_FAULT_16 TADPOLE_FAULT_4, TADPOLE_FAULT_4, TADPOLE_FAULT_4, TADPOLE_FAULT_4

/// Faults, unused interrupts: all are reported by the one handler. 256 bytes, see link.ld.
extern "C" __attribute__((section(".vectors"), used)) const Vectors tadpole_vectors = {
    tadpole_handler_stack_end,
    {tadpole_reset, tadpole_fault_entry, tadpole_fault_entry, TADPOLE_FAULT_4, TADPOLE_FAULT_4,
     TADPOLE_FAULT_4, TADPOLE_FAULT_16, TADPOLE_FAULT_16, TADPOLE_FAULT_16}};

extern "C" void tadpole_reset() {
  // Runs on the handlers' stack, so that the program's whole stack can be painted.
  memcpy(tadpole_data_begin, tadpole_data_image,
         tadpole::port::distance(tadpole_data_begin, tadpole_data_end));
  memset(tadpole_bss_begin, 0, tadpole::port::distance(tadpole_bss_begin, tadpole_bss_end));
  for (uint32_t* word = tadpole_stack_begin; word != tadpole_stack_end; ++word)
    *word = tadpole::port::kStackPaint;

  system_register(0xE000ED88u) |= 0xFu << 20;  // CPACR: floating point unit on
  system_register(0xE000ED24u) |= 7u << 16;    // SHCSR: MemManage, BusFault and UsageFault on their own
  system_register(0xE000ED14u) |= 1u << 4;     // CCR: division by zero traps
  // The program runs on the process stack; handlers keep a stack of their own and survive its overflow.
  __asm__ volatile(
      "msr psp, %0\n"
      "movs r0, #2\n"
      "msr control, r0\n"
      "isb\n"
      "b tadpole_start\n"
      :
      : "r"(tadpole_stack_end)
      : "r0", "memory");
  __builtin_unreachable();
}

extern "C" void tadpole_start() {
  tadpole::port::serial_open();
  if (!tadpole::port::protect_memory()) tadpole::port::stop("the memory protection unit has too few regions");
  for (void (**init)() = tadpole_init_begin; init != tadpole_init_end; ++init) (*init)();
  tadpole_main();
}

void tadpole::port::halt() {
  for (;;) __asm__ volatile("cpsid i\n wfi" ::: "memory");
}
