// Reading and writing of whole files, so that a crash, a full disk or Ctrl-C never leaves half a file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tadpole::data {

/// The bytes of a file. Fails: file_not_found, file_unreadable (a folder, no permission), file_too_large.
Result<std::vector<uint8_t>> read_file(const std::string& path, size_t size_limit = size_t{1} << 30);

/// As read_file, as text.
Result<std::string> read_text(const std::string& path, size_t size_limit = size_t{64} << 20);

/// Whether a file is on the disk when the function returns. `later` is for the many files of a folder that
/// publish_folder syncs at once.
enum class Sync : uint8_t { now, later };

/// Makes or replaces a file in one step: the bytes go to a temporary name in the same folder, are synced to
/// the disk, and take the file's name. On failure the temporary file is removed and an old file is unchanged.
/// The mode is that of the old file, or 0644. Fails: disk_full, file_unwritable.
Result<void> write_file(const std::string& path, std::span<const uint8_t> bytes, Sync sync = Sync::now);
/// The same with a file of several pieces, one after the other.
Result<void> write_file(const std::string& path, std::span<const std::span<const uint8_t>> pieces,
                        Sync sync = Sync::now);
Result<void> write_text(const std::string& path, std::string_view text);

/// Adds to the end of a file, which is made when it is not there. A kill or a full disk may leave part of the
/// text behind. Not synced. Fails: disk_full, file_unwritable.
Result<void> append_text(const std::string& path, std::string_view text);

/// Makes a folder with all above it; one that is there already is fine. Fails: disk_full, file_unwritable.
Result<void> make_folders(const std::string& path);

/// Syncs a finished folder to the disk and renames it to `to`, which must not exist. Same file system.
/// Fails: file_unwritable.
Result<void> publish_folder(const std::string& from, const std::string& to);

/// SHA-256 as 64 lower-case hex digits. Source: FIPS 180-4, by libsodium.
std::string sha256_hex(std::span<const uint8_t> bytes);

}  // namespace tadpole::data
