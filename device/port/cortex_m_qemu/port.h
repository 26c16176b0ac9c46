// What main.cc gets from this port: memory limits, serial line, stack measurement, the last message.
#ifndef TADPOLE_DEVICE_PORT_CORTEX_M_QEMU_PORT_H_
#define TADPOLE_DEVICE_PORT_CORTEX_M_QEMU_PORT_H_

#include <stdint.h>

// Made by link.ld; only their addresses mean something.
extern "C" {
extern uint32_t tadpole_stack_begin[], tadpole_stack_end[];
extern uint8_t tadpole_flash_begin[], tadpole_flash_bytes[], tadpole_ram_begin[], tadpole_ram_bytes[];
}

namespace tadpole {
namespace port {

inline uint32_t address(const void* symbol) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(symbol));
}

inline uint32_t distance(const void* begin, const void* end) { return address(end) - address(begin); }

/// Serial line of this board. Which one carries it is decided when the firmware is built: semihosting in
/// blocks (the default: QEMU hands its UART over byte by byte), or the CMSDK UART with TADPOLE_SERIAL_UART.
void serial_open();
/// Waits for at least one byte; returns how many were read, at most `room`.
uint32_t serial_read(uint8_t* bytes, uint32_t room);
void serial_write(const uint8_t* bytes, uint32_t count);

/// Closes all memory but the chip's flash (read, execute), RAM (read, write) and the serial device; null
/// pointers fault too. False when the unit has too few regions.
bool protect_memory();

/// Bytes of the stack that were ever in use: start-up painted it.
uint32_t stack_high_water();
uint32_t stack_bytes();

/// Sends a LOG frame with the sentence and stops for ever.
[[noreturn]] void stop(const char* sentence);

}  // namespace port
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_PORT_CORTEX_M_QEMU_PORT_H_
