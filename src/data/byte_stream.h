// Bytes of a file, of a gzip-compressed file or of memory, block by block: a gigabyte never lies in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace tadpole::data {

/// Bytes in order, once.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  /// Fills `into` and returns how many bytes there were: less than asked for only at the end.
  /// Fails: file_unreadable; data_malformed for damaged gzip data.
  virtual Result<size_t> read(std::span<uint8_t> into) = 0;
};

/// A file; unpacked on the way when it starts as gzip does (1F 8B). Fails: file_not_found, file_unreadable.
Result<std::unique_ptr<ByteStream>> open_stream(const std::string& path);

/// Bytes in memory, which must stay alive; unpacked on the way as open_stream does. `name` is for messages.
std::unique_ptr<ByteStream> memory_stream(std::span<const uint8_t> bytes, const std::string& name);

/// Bytes in memory as they are.
std::unique_ptr<ByteStream> plain_stream(std::span<const uint8_t> bytes);

/// Raw deflate data of `from`, unpacked: what zip archives hold. Source: RFC 1951, by zlib.
std::unique_ptr<ByteStream> inflate_stream(std::unique_ptr<ByteStream> from, const std::string& name);

/// A file as memory that the system reads when it is looked at, for formats whose index is at the end.
class MappedFile {
 public:
  /// Fails: file_not_found, file_unreadable, data_empty.
  static Result<MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  std::span<const uint8_t> bytes_;
};

/// Reads exactly into.size() bytes. Fails: data_malformed ("name: ends at byte N; needs M more bytes").
Result<void> read_exactly(ByteStream& stream, std::span<uint8_t> into, uint64_t at, const std::string& name);

}  // namespace tadpole::data
