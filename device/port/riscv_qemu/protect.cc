// Physical memory protection gives the emulated machine the walls of the real chip.
// Source: The RISC-V Instruction Set Manual, Volume II: Privileged Architecture, 3.7.
#include "device/port/port.h"

namespace tadpole {
namespace port {
namespace {

constexpr uint32_t kRead = 1, kWrite = 2, kExecute = 4;
constexpr uint32_t kUpTo = 1u << 3;        // A = TOR: from the entry before up to this address
constexpr uint32_t kEverything = 3u << 3;  // A = NAPOT; with an address of ones: all of it
constexpr uint32_t kLocked = 1u << 7;      // holds in machine mode too

uint32_t entry(uint32_t index, uint32_t rights) { return (rights | kLocked) << (8 * index); }

}  // namespace

bool protect_memory() {
  // The lowest entry that matches decides. The last one closes whatever the others have not opened, the
  // devices too: the serial line goes through the emulator.
  const uint32_t flash = address(tadpole_flash_begin), ram = address(tadpole_ram_begin);
  const uint32_t four = entry(0, kUpTo) | entry(1, kUpTo | kRead | kExecute) | entry(2, kUpTo) |
                        entry(3, kUpTo | kRead | kWrite);
  const uint32_t last = entry(0, kEverything);
  __asm__ volatile("csrw pmpaddr0, %0" ::"r"(flash >> 2));
  __asm__ volatile("csrw pmpaddr1, %0" ::"r"((flash + address(tadpole_flash_bytes)) >> 2));
  __asm__ volatile("csrw pmpaddr2, %0" ::"r"(ram >> 2));
  __asm__ volatile("csrw pmpaddr3, %0" ::"r"((ram + address(tadpole_ram_bytes)) >> 2));
  __asm__ volatile("csrw pmpaddr4, %0" ::"r"(0xFFFFFFFFu));
  __asm__ volatile("csrw pmpcfg0, %0" ::"r"(four) : "memory");
  __asm__ volatile("csrw pmpcfg1, %0" ::"r"(last) : "memory");
  uint32_t first_now, last_now;
  __asm__ volatile("csrr %0, pmpcfg0" : "=r"(first_now));
  __asm__ volatile("csrr %0, pmpcfg1" : "=r"(last_now));
  return first_now == four && last_now == last;
}

}  // namespace port
}  // namespace tadpole
