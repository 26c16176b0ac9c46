// What the firmware gets from every port: memory limits, serial line, stack measurement, the last message.
#ifndef TADPOLE_DEVICE_PORT_PORT_H_
#define TADPOLE_DEVICE_PORT_PORT_H_

#include <stdint.h>

// Made by each port's link.ld; only their addresses mean something.
extern "C" {
extern uint32_t tadpole_stack_begin[], tadpole_stack_end[];
extern uint8_t tadpole_flash_begin[], tadpole_flash_bytes[], tadpole_ram_begin[], tadpole_ram_bytes[];

/// The firmware behind the start-up: a session around the generated model (firmware.cc), or a program's own.
[[noreturn]] void tadpole_main();
}

namespace tadpole {
namespace port {

inline uint32_t address(const void* symbol) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(symbol));
}

inline uint32_t distance(const void* begin, const void* end) { return address(end) - address(begin); }

/// Serial line of this board. Which one carries it is decided when the firmware is built: semihosting in
/// blocks (the default: QEMU hands its UART over byte by byte), or on Cortex-M the CMSDK UART with
/// TADPOLE_SERIAL_UART.
void serial_open();
/// Waits for at least one byte; returns how many were read, at most `room`.
uint32_t serial_read(uint8_t* bytes, uint32_t room);
void serial_write(const uint8_t* bytes, uint32_t count);

/// Closes all memory but the chip's flash (read, execute), RAM (read, write) and the serial device; null
/// pointers fault too. False when the unit has too few regions.
bool protect_memory();

/// What start-up fills the stack with.
constexpr uint32_t kStackPaint = 0xC5A35CA3u;
/// Bytes of the stack that were ever in use.
uint32_t stack_high_water();
uint32_t stack_bytes();

/// Stays still for ever, without an interrupt.
[[noreturn]] void halt();

/// Sends a LOG frame with the sentence and stops for ever.
[[noreturn]] void stop(const char* sentence);

}  // namespace port
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_PORT_PORT_H_
