// Covers a stretch of memory exactly with regions of an ARMv7-M memory protection unit. Portable, so that a
// test on the host can prove it for every board of the catalogue.
#ifndef TADPOLE_DEVICE_PORT_MPU_COVER_H_
#define TADPOLE_DEVICE_PORT_MPU_COVER_H_

#include <stdint.h>

namespace tadpole {
namespace port {

/// One region: 2^size_log2 bytes from a base that is a multiple of that; bit i of disabled switches off its
/// eighth i. Regions below 256 bytes have no eighths (disabled is 0).
struct MpuRegion {
  uint32_t base;
  uint8_t size_log2;  // 5 to 31
  uint8_t disabled;
};

/// Covers [base, base + bytes) and not one byte more. base and bytes are multiples of 32 and do not wrap.
/// Returns the number of regions, or 0 when `capacity` regions are too few.
/// Source: ARMv7-M Architecture Reference Manual, B3.5 (regions and subregions).
inline uint32_t mpu_cover(uint32_t base, uint32_t bytes, MpuRegion* regions, uint32_t capacity) {
  uint32_t used = 0;
  while (bytes > 0) {
    if (used == capacity) return 0;
    uint32_t best = 0;
    for (uint8_t log2 = 5; log2 <= 31; ++log2) {
      const uint32_t size = uint32_t{1} << log2;
      const uint32_t eighth = log2 >= 8 ? size / 8 : size;
      const uint32_t pieces = size / eighth;
      if (base % eighth != 0) break;
      const uint32_t region_base = base & ~(size - 1);
      const uint32_t first = (base - region_base) / eighth;
      uint32_t count = bytes / eighth;
      if (count > pieces - first) count = pieces - first;
      if (count * eighth <= best) continue;
      best = count * eighth;
      const uint32_t enabled = ((uint32_t{1} << count) - 1) << first;
      regions[used] = {region_base, log2, static_cast<uint8_t>(pieces == 8 ? ~enabled & 0xFFu : 0u)};
    }
    if (best == 0) return 0;
    base += best;
    bytes -= best;
    ++used;
  }
  return used;
}

}  // namespace port
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_PORT_MPU_COVER_H_
