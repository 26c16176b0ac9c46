// From reset to main: stack pointers, memory images, stack paint, fault traps, memory protection.
#include <string.h>

#include "device/port/port.h"

extern "C" {
extern uint32_t tadpole_data_begin[], tadpole_data_end[], tadpole_data_image[];
extern uint32_t tadpole_bss_begin[], tadpole_bss_end[];
extern void (*tadpole_init_begin[])();
extern void (*tadpole_init_end[])();
void tadpole_reset();
void tadpole_fill_memory();
[[noreturn]] void tadpole_start();
}

/// QEMU's start-up code jumps to the first byte of flash, where this lies. Memory is filled on the handlers'
/// stack, so that the program's whole stack can be painted.
extern "C" __attribute__((naked, section(".text.tadpole_reset"))) void tadpole_reset() {
  __asm__ volatile(
      ".option push\n"
      ".option norelax\n"
      "la gp, __global_pointer$\n"
      ".option pop\n"
      "la t0, tadpole_fault_entry\n"
      "csrw mtvec, t0\n"
      "csrw mie, zero\n"
      "la sp, tadpole_handler_stack_end\n"
      "call tadpole_fill_memory\n"
      "la sp, tadpole_stack_end\n"
      "tail tadpole_start\n");
}

extern "C" void tadpole_fill_memory() {
  using namespace tadpole::port;
  memcpy(tadpole_data_begin, tadpole_data_image, distance(tadpole_data_begin, tadpole_data_end));
  memset(tadpole_bss_begin, 0, distance(tadpole_bss_begin, tadpole_bss_end));
  for (uint32_t* word = tadpole_stack_begin; word != tadpole_stack_end; ++word) *word = kStackPaint;
}

extern "C" void tadpole_start() {
  tadpole::port::serial_open();
  if (!tadpole::port::protect_memory()) tadpole::port::stop("the processor does not protect its memory");
  for (void (**init)() = tadpole_init_begin; init != tadpole_init_end; ++init) (*init)();
  tadpole_main();
}

void tadpole::port::halt() {
  for (;;) __asm__ volatile("csrci mstatus, 8\n wfi" ::: "memory");
}
