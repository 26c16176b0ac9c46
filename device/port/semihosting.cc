// The serial line of a virtual board, in blocks between memory and QEMU's standard input and output.
#ifndef TADPOLE_SERIAL_UART

#include "device/port/port.h"

namespace tadpole {
namespace port {
namespace {

// Semihosting for AArch32 and AArch64, operations SYS_OPEN, SYS_WRITE, SYS_READ and SYS_EXIT.
constexpr int kSysOpen = 1;
constexpr int kSysWrite = 5;
constexpr int kSysRead = 6;
constexpr int kSysExit = 0x18;
constexpr uint32_t kApplicationExit = 0x20026;

/// One call of the host. RISC-V marks it by the two instructions around EBREAK, none of them compressed and
/// all in one page (RISC-V Semihosting, 3).
int call_host(int operation, const void* arguments) {
#ifdef __riscv
  register int a0 __asm__("a0") = operation;
  register const void* a1 __asm__("a1") = arguments;
  __asm__ volatile(
      ".option push\n"
      ".option norvc\n"
      ".balign 16\n"
      "slli zero, zero, 0x1f\n"
      "ebreak\n"
      "srai zero, zero, 7\n"
      ".option pop\n"
      : "+r"(a0)
      : "r"(a1)
      : "memory");
  return a0;
#else
  register int r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
#endif
}

int32_t input_handle, output_handle;

int32_t open_console(uint32_t mode) {
  static const char kConsole[] = ":tt";
  const uint32_t arguments[3] = {address(kConsole), mode, 3};
  return call_host(kSysOpen, arguments);
}

}  // namespace

void serial_open() {
  input_handle = open_console(0);   // "r"
  output_handle = open_console(4);  // "w"
}

uint32_t serial_read(uint8_t* bytes, uint32_t room) {
  // QEMU waits for the first byte. Nothing means the end of the line (or, once, an interrupted wait): the
  // host has gone, and so does the board.
  for (int attempt = 0; attempt < 3; ++attempt) {
    const uint32_t arguments[3] = {static_cast<uint32_t>(input_handle), address(bytes), room};
    const uint32_t missing = static_cast<uint32_t>(call_host(kSysRead, arguments));
    if (missing < room) return room - missing;
  }
  for (;;) call_host(kSysExit, reinterpret_cast<const void*>(kApplicationExit));
}

void serial_write(const uint8_t* bytes, uint32_t count) {
  const uint32_t arguments[3] = {static_cast<uint32_t>(output_handle), address(bytes), count};
  call_host(kSysWrite, arguments);
}

}  // namespace port
}  // namespace tadpole

#endif  // TADPOLE_SERIAL_UART
