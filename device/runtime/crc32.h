// The checksum of frames and blobs.
#ifndef TADPOLE_DEVICE_RUNTIME_CRC32_H_
#define TADPOLE_DEVICE_RUNTIME_CRC32_H_

#include <stdint.h>

namespace tadpole {
namespace runtime {

/// CRC-32 as in Ethernet and zip (polynomial 0x04C11DB7 reflected, start and end inverted). `start` is the
/// checksum of the bytes before, so that it can be taken in parts.
uint32_t crc32(const uint8_t* bytes, uint32_t count, uint32_t start = 0);

}  // namespace runtime
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_RUNTIME_CRC32_H_
