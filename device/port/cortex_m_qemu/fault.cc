// Every fault and every unexpected interrupt ends here: the registers go to the host as a FAULT frame, then
// the board stays still. The handlers' stack is separate, so this also works after an overflow of the
// program's stack.
#include "device/app/fault.h"

#include "device/app/frame.h"
#include "device/port/port.h"

extern "C" {
void tadpole_fault_entry();
[[noreturn]] void tadpole_fault(const uint32_t* saved, uint32_t exception_return);
}

/// Finds the stack on which the processor saved the registers (bit 2 of EXC_RETURN).
extern "C" __attribute__((naked)) void tadpole_fault_entry() {
  __asm__ volatile(
      // In instructions that ARMv6-M has too.
      "mov r0, lr\n"
      "movs r1, #4\n"
      "tst r0, r1\n"
      "bne 1f\n"
      "mrs r0, msp\n"
      "b 2f\n"
      "1: mrs r0, psp\n"
      "2: mov r1, lr\n"
      "ldr r2, =tadpole_fault\n"
      "bx r2\n"
      ".ltorg\n");
}

namespace {

uint32_t system_register(uint32_t where) {
  return *reinterpret_cast<volatile uint32_t*>(static_cast<uintptr_t>(where));
}

bool inside(uint32_t where, uint32_t bytes, uint32_t base, uint32_t size) {
  return where >= base && size >= bytes && where - base <= size - bytes;
}

}  // namespace

extern "C" void tadpole_fault(const uint32_t* saved, uint32_t) {
  using namespace tadpole;
  app::FaultReport report = {};
  uint32_t number;
  __asm__ volatile("mrs %0, ipsr" : "=r"(number));
  report.exception = number & 0x1FFu;
  report.cfsr = system_register(0xE000ED28u);
  report.hfsr = system_register(0xE000ED2Cu);
  report.mmfar = system_register(0xE000ED34u);
  report.bfar = system_register(0xE000ED38u);
  report.sp = port::address(saved);
  report.flash_base = port::address(tadpole_flash_begin);
  report.flash_bytes = port::address(tadpole_flash_bytes);
  report.ram_base = port::address(tadpole_ram_begin);
  report.ram_bytes = port::address(tadpole_ram_bytes);
  report.stack_base = port::address(tadpole_stack_begin);
  report.stack_bytes = port::stack_bytes();
  // MSTKERR, STKERR, MLSPERR, LSPERR: the registers could not be saved.
  const bool lost = (report.cfsr & (1u << 4 | 1u << 12 | 1u << 5 | 1u << 13)) != 0;
  if (!lost && report.sp % 4 == 0 && inside(report.sp, 32, report.ram_base, report.ram_bytes)) {
    report.frame_valid = 1;
    report.r0 = saved[0];
    report.r1 = saved[1];
    report.r2 = saved[2];
    report.r3 = saved[3];
    report.r12 = saved[4];
    report.lr = saved[5];
    report.pc = saved[6];
    report.xpsr = saved[7];
    // The first 256 bytes of flash are closed: no code lies there.
    if (report.pc >= 256 && inside(report.pc, 4, report.flash_base, report.flash_bytes)) {
      const uint16_t* const code = reinterpret_cast<const uint16_t*>(static_cast<uintptr_t>(report.pc & ~1u));
      report.instruction = code[0] | static_cast<uint32_t>(code[1]) << 16;
    }
  }
  static uint8_t out[app::kHeaderBytes + app::kFaultBytes + app::kTrailerBytes];
  app::pack_fault(report, out + app::kHeaderBytes);
  port::serial_write(out, app::encode_frame(app::kFault, 0, out + app::kHeaderBytes, app::kFaultBytes, out));
  port::halt();
}
