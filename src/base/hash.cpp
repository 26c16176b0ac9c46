// CRC-32 by a table of 256 entries.
#include "base/hash.h"

#include <array>

namespace tadpole::base {

namespace {
constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0xEDB88320u : 0u);
    table[i] = value;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kTable = make_table();
}  // namespace

uint32_t crc32(std::span<const uint8_t> bytes, uint32_t start) {
  uint32_t sum = ~start;
  for (const uint8_t byte : bytes) sum = (sum >> 8) ^ kTable[(sum ^ byte) & 0xff];
  return ~sum;
}

}  // namespace tadpole::base
