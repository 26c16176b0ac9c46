// The serial line of the virtual board, in two builds. QEMU's CMSDK UART takes one byte per turn of its main
// loop, a few ten thousand bytes a second; semihosting moves blocks between memory and QEMU's standard input
// and output. The bytes on the line are the same.
#include "device/app/frame.h"
#include "device/port/cortex_m_qemu/port.h"

namespace tadpole {
namespace port {
namespace {

#ifdef TADPOLE_SERIAL_UART

// CMSDK APB UART: Arm Cortex-M System Design Kit, Technical Reference Manual, 4.3.
struct Uart {
  volatile uint32_t data, state, control, interrupt_clear, baud_divider;
};
Uart& uart() { return *reinterpret_cast<Uart*>(uintptr_t{0x40004000u}); }

constexpr uint32_t kTransmitFull = 1;
constexpr uint32_t kReceiveFull = 2;
constexpr uint32_t kTransmitOn = 1;
constexpr uint32_t kReceiveOn = 2;
constexpr uint32_t kReceiveInterrupt = 8;
constexpr uint32_t kReceiveFlag = 2;

volatile uint32_t& nvic_enable() { return *reinterpret_cast<volatile uint32_t*>(uintptr_t{0xE000E100u}); }
volatile uint32_t& nvic_clear() { return *reinterpret_cast<volatile uint32_t*>(uintptr_t{0xE000E280u}); }

#else

// Semihosting for AArch32 and AArch64, operations SYS_OPEN, SYS_WRITE, SYS_READ and SYS_EXIT.
constexpr int kSysOpen = 1;
constexpr int kSysWrite = 5;
constexpr int kSysRead = 6;
constexpr int kSysExit = 0x18;
constexpr uint32_t kApplicationExit = 0x20026;

int call_host(int operation, const void* arguments) {
  register int r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

int32_t input_handle, output_handle;

int32_t open_console(uint32_t mode) {
  static const char kConsole[] = ":tt";
  const uint32_t arguments[3] = {address(kConsole), mode, 3};
  return call_host(kSysOpen, arguments);
}

#endif

}  // namespace

#ifdef TADPOLE_SERIAL_UART

void serial_open() {
  __asm__ volatile("cpsid i");  // a pending interrupt ends WFI below, but no handler runs
  uart().baud_divider = 16;     // QEMU refuses to send while it is below 16
  uart().control = kTransmitOn | kReceiveOn | kReceiveInterrupt;
  nvic_enable() = 1;  // interrupt 0: this UART's receiver
  (void)uart().data;  // QEMU looks for new input when the old one is read
}

uint32_t serial_read(uint8_t* bytes, uint32_t room) {
  uint32_t count = 0;
  while (count < room) {
    if ((uart().state & kReceiveFull) == 0) {
      if (count > 0) break;
      __asm__ volatile("wfi" ::: "memory");
      continue;
    }
    bytes[count++] = static_cast<uint8_t>(uart().data);
    uart().interrupt_clear = kReceiveFlag;
    nvic_clear() = 1;
  }
  return count;
}

void serial_write(const uint8_t* bytes, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    while ((uart().state & kTransmitFull) != 0) {
    }
    uart().data = bytes[i];
  }
}

#else

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

#endif

void stop(const char* sentence) {
  constexpr uint32_t kLongest = 200;
  static uint8_t out[app::kHeaderBytes + kLongest + app::kTrailerBytes];
  uint32_t length = 0;
  while (sentence[length] != '\0' && length < kLongest) ++length;
  serial_write(out, app::encode_frame(app::kLog, 0, reinterpret_cast<const uint8_t*>(sentence), length, out));
  for (;;) __asm__ volatile("cpsid i\n wfi" ::: "memory");
}

}  // namespace port
}  // namespace tadpole
