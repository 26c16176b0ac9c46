// What the files of the feature cache have in common. Private to this room.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace tadpole::data {

inline constexpr size_t kCacheKeyBytes = 64;  // SHA-256 in hexadecimal

/// Where a folder keeps what `key` names.
std::string cache_path(const std::string& folder, const std::string& key, const std::string& extension);

/// Writes the file, with its folders, and removes all but the 8 latest of its extension.
/// Fails: as make_folders and write_file.
Result<void> write_cache(const std::string& path, std::span<const std::span<const uint8_t>> pieces);

/// "the feature cache is damaged: " + what.
Error cache_damage(const std::string& what);

inline std::span<const uint8_t> cache_bytes(std::span<const int16_t> values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()};
}
inline std::span<uint8_t> cache_bytes(std::span<int16_t> values) {
  return {reinterpret_cast<uint8_t*>(values.data()), values.size_bytes()};
}

}  // namespace tadpole::data
