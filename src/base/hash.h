// Small hashes that need no library: for checksums of formats and for keys. SHA-256 of files lives in data/.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tadpole::base {

/// CRC-32 (polynomial 0xEDB88320, reflected; the one of zlib and PNG). `start` continues an earlier sum.
uint32_t crc32(std::span<const uint8_t> bytes, uint32_t start = 0);

/// FNV-1a, 64 bits. Not for untrusted keys.
constexpr uint64_t fnv1a(std::string_view text, uint64_t start = 0xcbf29ce484222325ull) {
  uint64_t hash = start;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ull;
  return hash;
}

}  // namespace tadpole::base
