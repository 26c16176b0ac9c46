// Every trap ends here: the registers go to the host as a FAULT frame, then the board stays still. The trap
// has a stack of its own, so this also works after an overflow of the program's stack.
#include "device/app/fault.h"

#include "device/app/frame.h"
#include "device/port/port.h"

extern "C" {
void tadpole_fault_entry();
[[noreturn]] void tadpole_fault(const uint32_t* saved);
}

/// Saves what the report wants, in its order: sp, a0 to a3, t0, ra.
extern "C" __attribute__((naked, aligned(4))) void tadpole_fault_entry() {
  __asm__ volatile(
      "csrw mscratch, sp\n"
      "la sp, tadpole_handler_stack_end\n"
      "addi sp, sp, -32\n"
      "sw a0, 4(sp)\n"
      "sw a1, 8(sp)\n"
      "sw a2, 12(sp)\n"
      "sw a3, 16(sp)\n"
      "sw t0, 20(sp)\n"
      "sw ra, 24(sp)\n"
      "csrr t0, mscratch\n"
      "sw t0, 0(sp)\n"
      "mv a0, sp\n"
      "tail tadpole_fault\n");
}

extern "C" void tadpole_fault(const uint32_t* saved) {
  using namespace tadpole;
  app::FaultReport report = {};
  report.processor = app::kRiscV;
  __asm__ volatile("csrr %0, mcause" : "=r"(report.exception));
  __asm__ volatile("csrr %0, mtval" : "=r"(report.mmfar));
  __asm__ volatile("csrr %0, mepc" : "=r"(report.pc));
  __asm__ volatile("csrr %0, mstatus" : "=r"(report.xpsr));
  report.flash_base = port::address(tadpole_flash_begin);
  report.flash_bytes = port::address(tadpole_flash_bytes);
  report.ram_base = port::address(tadpole_ram_begin);
  report.ram_bytes = port::address(tadpole_ram_bytes);
  report.stack_base = port::address(tadpole_stack_begin);
  report.stack_bytes = port::stack_bytes();
  report.frame_valid = 1;
  report.sp = saved[0];
  report.r0 = saved[1];
  report.r1 = saved[2];
  report.r2 = saved[3];
  report.r3 = saved[4];
  report.r12 = saved[5];
  report.lr = saved[6];
  const uint32_t inside = report.pc - report.flash_base;
  if (report.pc % 2 == 0 && inside < report.flash_bytes && report.flash_bytes - inside >= 4) {
    const uint16_t* const code = reinterpret_cast<const uint16_t*>(static_cast<uintptr_t>(report.pc));
    report.instruction = code[0] | static_cast<uint32_t>(code[1]) << 16;
  }
  static uint8_t out[app::kHeaderBytes + app::kFaultBytes + app::kTrailerBytes];
  app::pack_fault(report, out + app::kHeaderBytes);
  port::serial_write(out, app::encode_frame(app::kFault, 0, out + app::kHeaderBytes, app::kFaultBytes, out));
  port::halt();
}
