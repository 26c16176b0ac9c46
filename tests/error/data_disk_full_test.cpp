// A disk that really is full: a one-megabyte tmpfs in a mount namespace of a child, where the system allows
// one.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "data/files.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;

enum Outcome {
  kGood = 0,
  kNotAllowed = 1,
  kWrongCode = 2,
  kOldFileHurt = 3,
  kTemporaryLeft = 4,
  kNoFolder = 5
};

void put(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY);
  if (fd >= 0 && write(fd, text.data(), text.size()) >= 0) close(fd);
}

// Runs in the child: mounts, fills the disk, looks at what is left.
Outcome write_to_a_full_disk(const std::string& folder) {
  const std::string uid = std::to_string(getuid()), gid = std::to_string(getgid());
  if (unshare(CLONE_NEWNS) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return kNotAllowed;
    put("/proc/self/setgroups", "deny");
    put("/proc/self/uid_map", "0 " + uid + " 1");
    put("/proc/self/gid_map", "0 " + gid + " 1");
  }
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kNotAllowed;
  if (mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=1m") != 0) return kNotAllowed;
  const std::string file = folder + "/model";
  if (!write_text(file, "old").ok()) return kOldFileHurt;
  const auto result = write_text(file, std::string(5'000'000, 'x'));
  if (result.ok() || result.error().code != Code::disk_full) return kWrongCode;
  const auto after = read_text(file);
  if (!after.ok() || *after != "old") return kOldFileHurt;
  if (std::distance(fs::directory_iterator(folder), fs::directory_iterator()) != 1) return kTemporaryLeft;
  return kGood;
}

TEST(DiskFull, says_so_and_keeps_the_old_file) {
  std::string folder = (fs::temp_directory_path() / "tadpole_full_XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const pid_t child = fork();
  if (child == 0) _exit(write_to_a_full_disk(folder));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  fs::remove_all(folder);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kNotAllowed) GTEST_SKIP() << "needs the right to mount a tmpfs in a namespace";
  EXPECT_EQ(WEXITSTATUS(status), kGood);
}

}  // namespace
}  // namespace tadpole::data
