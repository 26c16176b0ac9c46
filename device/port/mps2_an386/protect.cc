// The memory protection unit gives the emulated machine the walls of the real chip.
#include "device/port/mps2_an386/port.h"
#include "device/port/mpu_cover.h"

namespace tadpole {
namespace port {
namespace {

// ARMv7-M Architecture Reference Manual, B3.5.
struct Mpu {
  volatile uint32_t type, control, number, base, attributes;
};
Mpu& mpu() { return *reinterpret_cast<Mpu*>(uintptr_t{0xE000ED90u}); }

constexpr uint32_t kNeverExecute = 1u << 28;
constexpr uint32_t kNoAccess = kNeverExecute;
constexpr uint32_t kReadExecute = 6u << 24 | 1u << 17;  // normal memory, write-through
constexpr uint32_t kReadWrite = 3u << 24 | 1u << 18 | 1u << 17 | kNeverExecute;  // normal memory, shared
constexpr uint32_t kDevice = 3u << 24 | 1u << 18 | 1u << 16 | kNeverExecute;
constexpr uint32_t kUartBase = 0x40004000u;

__attribute__((noinline)) uint32_t set_regions(uint32_t first, uint32_t base, uint32_t bytes,
                                               uint32_t attributes) {
  const uint32_t available = (mpu().type >> 8) & 0xFFu;
  MpuRegion regions[8];
  const uint32_t capacity = available - first < 8 ? available - first : 8;
  const uint32_t count = mpu_cover(base, bytes, regions, capacity);
  for (uint32_t i = 0; i < count; ++i) {
    mpu().number = first + i;
    mpu().base = regions[i].base;
    mpu().attributes = attributes | static_cast<uint32_t>(regions[i].disabled) << 8 |
                       static_cast<uint32_t>(regions[i].size_log2 - 1) << 1 | 1u;
  }
  return count;
}

}  // namespace

bool protect_memory() {
  uint32_t used = 0;
  const auto open = [&used](uint32_t base, uint32_t bytes, uint32_t attributes) {
    const uint32_t count = set_regions(used, base, bytes, attributes);
    used += count;
    return count > 0;
  };
  // The vector table comes last, because a later region wins: data at and near address 0 can only be reached
  // through a null pointer. The processor itself reads vectors past the protection unit.
  const bool done = open(address(tadpole_flash_begin), address(tadpole_flash_bytes), kReadExecute) &&
                    open(address(tadpole_ram_begin), address(tadpole_ram_bytes), kReadWrite) &&
                    open(kUartBase, 4096, kDevice) && open(0, 256, kNoAccess);
  mpu().control = 1;  // on; no default map for privileged code; off in HardFault
  __asm__ volatile("dsb\n isb" ::: "memory");
  return done;
}

}  // namespace port
}  // namespace tadpole
