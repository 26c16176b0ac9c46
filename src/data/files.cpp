// POSIX calls rather than streams: only they say which error it was and can sync.
#include "data/files.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;

Error write_error(const std::string& path, int reason) {
  const bool full = reason == ENOSPC || reason == EDQUOT;
  const std::string what = path + ": cannot be written: " + std::strerror(reason) + ". ";
  if (full) return {Code::disk_full, what + "Free some space (df -h shows how much is left) and try again."};
  return {Code::file_unwritable, what + "Check that you may write to the folder."};
}

Result<void> sync_folder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return write_error(folder, errno);
  // Some file systems cannot sync a folder (EINVAL); then there is nothing to wait for.
  const int failed = fsync(fd) != 0 && errno != EINVAL ? errno : 0;
  close(fd);
  if (failed != 0) return write_error(folder, failed);
  return {};
}

// 0, or errno. Keeps going after a short write, which is how a disk that fills up shows first.
int write_all(int fd, std::span<const std::span<const uint8_t>> pieces, Sync sync) {
  for (std::span<const uint8_t> bytes : pieces) {
    while (!bytes.empty()) {
      const ssize_t count = write(fd, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno;
      bytes = bytes.subspan(static_cast<size_t>(count));
    }
  }
  return sync == Sync::now && fsync(fd) != 0 && errno != EINVAL ? errno : 0;
}

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

Result<std::vector<uint8_t>> read_file(const std::string& path, size_t size_limit) {
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
  const auto size = static_cast<size_t>(status.st_size);
  if (size > size_limit) {
    close(fd);
    return Error{Code::file_too_large, path + ": has " + std::to_string(size) + " bytes; at most " +
                                           std::to_string(size_limit) + " are read."};
  }
  std::vector<uint8_t> bytes(size);
  size_t done = 0;
  int failed = 0;
  while (done < size) {
    const ssize_t count = read(fd, bytes.data() + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) failed = errno;
    if (count <= 0) break;
    done += static_cast<size_t>(count);
  }
  close(fd);
  if (failed != 0)
    return Error{Code::file_unreadable, path + ": cannot be read: " + std::strerror(failed) + "."};
  bytes.resize(done);  // the file may have been shortened meanwhile
  return bytes;
}

Result<std::string> read_text(const std::string& path, size_t size_limit) {
  TADPOLE_TRY(const std::vector<uint8_t> bytes, read_file(path, size_limit));
  return std::string(bytes.begin(), bytes.end());
}

Result<void> write_file(const std::string& path, std::span<const uint8_t> bytes, Sync sync) {
  return write_file(path, std::span(&bytes, 1), sync);
}

Result<void> write_file(const std::string& path, std::span<const std::span<const uint8_t>> pieces,
                        Sync sync) {
  static std::atomic<unsigned> counter{0};
  struct stat old {};
  const bool replaces = stat(path.c_str(), &old) == 0;
  if (replaces && !S_ISREG(old.st_mode)) return write_error(path, S_ISDIR(old.st_mode) ? EISDIR : EINVAL);
  const std::string temporary =
      path + ".tmp" + std::to_string(getpid()) + "_" + std::to_string(counter.fetch_add(1));
  const mode_t mode = replaces ? old.st_mode & 07777 : 0644;
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return write_error(path, errno);
  int failed = write_all(fd, pieces, sync);
  if (close(fd) != 0 && failed == 0) failed = errno;
  if (failed == 0 && rename(temporary.c_str(), path.c_str()) != 0) failed = errno;
  if (failed != 0) {
    unlink(temporary.c_str());
    return write_error(path, failed);
  }
  return sync == Sync::now ? sync_folder(folder_of(path)) : Result<void>();
}

Result<void> write_text(const std::string& path, std::string_view text) {
  return write_file(path, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

Result<void> append_text(const std::string& path, std::string_view text) {
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return write_error(path, errno);
  const std::span bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  int failed = write_all(fd, std::span(&bytes, 1), Sync::later);
  if (close(fd) != 0 && failed == 0) failed = errno;
  if (failed != 0) return write_error(path, failed);
  return {};
}

Result<void> make_folders(const std::string& path) {
  std::error_code failed;
  fs::create_directories(path, failed);
  if (!failed && !fs::is_directory(path, failed)) failed = std::make_error_code(std::errc::not_a_directory);
  if (failed) return write_error(path, failed.value());
  return {};
}

Result<void> publish_folder(const std::string& from, const std::string& to) {
  // One sync of the file system instead of one for each of hundreds of files.
  const int fd = open(from.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return write_error(from, errno);
  const int unsynced = syncfs(fd) != 0 ? errno : 0;
  close(fd);
  if (unsynced != 0) return write_error(from, unsynced);
  std::error_code failed;
  if (fs::exists(fs::symlink_status(to, failed))) return write_error(to, EEXIST);
  if (rename(from.c_str(), to.c_str()) != 0) return write_error(to, errno);
  return sync_folder(folder_of(to));
}

std::string sha256_hex(std::span<const uint8_t> bytes) {
  [[maybe_unused]] const int ready = sodium_init();  // picks the fastest code; hashing works without, too
  unsigned char hash[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(hash, bytes.data(), bytes.size());
  char text[2 * sizeof hash + 1];
  return sodium_bin2hex(text, sizeof text, hash, sizeof hash);
}

}  // namespace tadpole::data
