// The memory protection unit gives the emulated machine the walls of the real chip.
#include "device/port/mpu_cover.h"
#include "device/port/port.h"

namespace tadpole {
namespace port {

#if defined(__ARM_ARCH) && __ARM_ARCH >= 8

namespace {

// Armv8-M Architecture Reference Manual, D1.2 (MPU registers): regions are any multiple of 32 bytes and must
// not overlap.
struct Mpu {
  volatile uint32_t type, control, number, base, limit;
};
Mpu& mpu() { return *reinterpret_cast<Mpu*>(uintptr_t{0xE000ED90u}); }
volatile uint32_t& memory_kinds() { return *reinterpret_cast<volatile uint32_t*>(uintptr_t{0xE000EDC0u}); }

constexpr uint32_t kReadWrite = 1u << 1 | 1u;  // AP 01, never executed
constexpr uint32_t kReadExecute = 3u << 1;     // AP 11

void set_region(uint32_t number, uint32_t from, uint32_t to, uint32_t access) {
  mpu().number = number;
  mpu().base = from | access;
  mpu().limit = (to - 32) | 1u;
}

}  // namespace

bool protect_memory() {
  const uint32_t flash = address(tadpole_flash_begin), ram = address(tadpole_ram_begin);
  memory_kinds() = 0x44u;  // kind 0: normal memory, not cached
  // The first 256 bytes, the vector table, stay closed: data there can only be reached through a null
  // pointer.
  set_region(0, flash + 256, flash + address(tadpole_flash_bytes), kReadExecute);
  set_region(1, ram, ram + address(tadpole_ram_bytes), kReadWrite);
  mpu().control = 1;
  __asm__ volatile("dsb\n isb" ::: "memory");
  return ((mpu().type >> 8) & 0xFFu) >= 2;
}

#else

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

#endif

}  // namespace port
}  // namespace tadpole
