// One small class for each source; zlib does the unpacking.
#include "data/byte_stream.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace tadpole::data {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 16;

class MemoryStream final : public ByteStream {
 public:
  explicit MemoryStream(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  Result<size_t> read(std::span<uint8_t> into) override {
    const size_t count = std::min(into.size(), bytes_.size());
    if (count > 0) std::memcpy(into.data(), bytes_.data(), count);
    bytes_ = bytes_.subspan(count);
    return count;
  }

 private:
  std::span<const uint8_t> bytes_;
};

class FileStream final : public ByteStream {
 public:
  FileStream(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  ~FileStream() override { close(fd_); }
  FileStream(const FileStream&) = delete;
  FileStream& operator=(const FileStream&) = delete;

  Result<size_t> read(std::span<uint8_t> into) override {
    size_t done = 0;
    while (done < into.size()) {
      const ssize_t count = ::read(fd_, into.data() + done, into.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        return Error{Code::file_unreadable, name_ + ": cannot be read: " + std::strerror(errno) + "."};
      }
      if (count == 0) break;
      done += static_cast<size_t>(count);
    }
    return done;
  }

 private:
  int fd_;
  std::string name_;
};

class InflateStream final : public ByteStream {
 public:
  enum class Wrap : uint8_t { gzip, none };
  InflateStream(std::unique_ptr<ByteStream> from, Wrap wrap, std::string name)
      : from_(std::move(from)), gzip_(wrap == Wrap::gzip), name_(std::move(name)), block_(kBlockBytes) {
    // 16 + 15: gzip with the largest window; a negative number: no header at all (zlib.h).
    ready_ = inflateInit2(&state_, gzip_ ? 16 + 15 : -15) == Z_OK;
  }
  ~InflateStream() override {
    if (ready_) inflateEnd(&state_);
  }
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;

  Result<size_t> read(std::span<uint8_t> into) override {
    if (!ready_) return Error{Code::internal, name_ + ": zlib could not start"};
    size_t done = 0;
    while (done < into.size() && !ended_) {
      if (state_.avail_in == 0) TADPOLE_CHECK(refill());
      if (ended_) break;
      const size_t room = std::min<size_t>(into.size() - done, kBlockBytes);
      state_.next_out = into.data() + done;
      state_.avail_out = static_cast<uInt>(room);
      const int status = inflate(&state_, Z_NO_FLUSH);
      done += room - state_.avail_out;
      if (status == Z_STREAM_END) {
        TADPOLE_CHECK(next_member());
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        return damaged(state_.msg != nullptr ? state_.msg : "bad data");
      }
    }
    return done;
  }

 private:
  Error damaged(const std::string& why) const {
    return {Code::data_malformed, name_ + ": the compressed data are damaged near byte " +
                                      std::to_string(taken_ - state_.avail_in) + " (" + why +
                                      "). Download or copy the file again."};
  }

  Result<void> refill() {
    TADPOLE_TRY(const size_t count, from_->read(block_));
    if (count == 0) return damaged("the file ends too early");
    taken_ += count;
    state_.next_in = block_.data();
    state_.avail_in = static_cast<uInt>(count);
    return {};
  }

  // A gzip file may be several, one after the other (RFC 1952, section 2.2).
  Result<void> next_member() {
    if (gzip_ && state_.avail_in == 0) {
      TADPOLE_TRY(const size_t count, from_->read(block_));
      taken_ += count;
      state_.next_in = block_.data();
      state_.avail_in = static_cast<uInt>(count);
    }
    ended_ = !gzip_ || state_.avail_in == 0 || *state_.next_in != 0x1F;
    if (!ended_) inflateReset(&state_);
    return {};
  }

  std::unique_ptr<ByteStream> from_;
  bool gzip_;
  std::string name_;
  std::vector<uint8_t> block_;
  z_stream state_{};
  uint64_t taken_ = 0;
  bool ready_ = false, ended_ = false;
};

bool is_gzip(std::span<const uint8_t> start) {
  return start.size() >= 2 && start[0] == 0x1F && start[1] == 0x8B;
}

}  // namespace

Result<std::unique_ptr<ByteStream>> open_stream(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a named pipe must not block
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
    return Error{Code::file_not_found, path + ": no such file. Check the path for spelling."};
  }
  if (fd < 0) return Error{Code::file_unreadable, path + ": cannot be read: " + std::strerror(errno) + "."};
  struct stat status {};
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(fd);
    return Error{Code::file_unreadable, path + ": is not a file."};
  }
  uint8_t start[2] = {};
  const bool gzip = pread(fd, start, sizeof start, 0) == 2 && is_gzip(start);
  std::unique_ptr<ByteStream> file = std::make_unique<FileStream>(fd, path);
  if (gzip) file = std::make_unique<InflateStream>(std::move(file), InflateStream::Wrap::gzip, path);
  return file;
}

std::unique_ptr<ByteStream> plain_stream(std::span<const uint8_t> bytes) {
  return std::make_unique<MemoryStream>(bytes);
}

std::unique_ptr<ByteStream> memory_stream(std::span<const uint8_t> bytes, const std::string& name) {
  std::unique_ptr<ByteStream> memory = plain_stream(bytes);
  if (!is_gzip(bytes)) return memory;
  return std::make_unique<InflateStream>(std::move(memory), InflateStream::Wrap::gzip, name);
}

std::unique_ptr<ByteStream> inflate_stream(std::unique_ptr<ByteStream> from, const std::string& name) {
  return std::make_unique<InflateStream>(std::move(from), InflateStream::Wrap::none, name);
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
    return Error{Code::file_not_found, path + ": no such file. Check the path for spelling."};
  if (fd < 0) return Error{Code::file_unreadable, path + ": cannot be read: " + std::strerror(errno) + "."};
  struct stat status {};
  const bool file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  const auto size = file ? static_cast<size_t>(status.st_size) : 0;
  void* memory = size > 0 ? mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
  close(fd);
  if (!file) return Error{Code::file_unreadable, path + ": is not a file."};
  if (size == 0) return Error{Code::data_empty, path + ": the file is empty (0 bytes). Remove it."};
  if (memory == MAP_FAILED)
    return Error{Code::file_unreadable, path + ": cannot be read: " + std::strerror(errno) + "."};
  return MappedFile({static_cast<const uint8_t*>(memory), size});
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size());
}

Result<void> read_exactly(ByteStream& stream, std::span<uint8_t> into, uint64_t at, const std::string& name) {
  TADPOLE_TRY(const size_t count, stream.read(into));
  if (count == into.size()) return {};
  return Error{Code::data_malformed, name + ": ends too early, at byte " + std::to_string(at + count) + "; " +
                                         std::to_string(into.size() - count) +
                                         " more bytes are needed. Copy or download it again."};
}

}  // namespace tadpole::data
