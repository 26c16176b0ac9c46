// The emulated UART as the serial line, for firmware that is built with TADPOLE_SERIAL_UART. QEMU's CMSDK
// UART takes one byte per turn of its main loop, a few ten thousand bytes a second;
// device/port/semihosting.cc moves blocks. The bytes on the line are the same.
#ifdef TADPOLE_SERIAL_UART

#include "device/port/port.h"

namespace tadpole {
namespace port {
namespace {

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

}  // namespace

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

}  // namespace port
}  // namespace tadpole

#endif  // TADPOLE_SERIAL_UART
