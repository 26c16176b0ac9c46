// A file is there whole or not at all, whatever goes wrong while it is written.
#include "data/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "scratch.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;

int entries(const std::string& folder) {
  return static_cast<int>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(Files, what_is_written_is_read_back) {
  const Scratch scratch;
  const std::string text("a\0b\nc", 5);
  ASSERT_TRUE(write_text(scratch / "file", text).ok());
  EXPECT_EQ(*read_text(scratch / "file"), text);
  ASSERT_TRUE(write_text(scratch / "file", "").ok());
  EXPECT_EQ(*read_text(scratch / "file"), "");
  EXPECT_EQ(entries(scratch.path()), 1);
}

TEST(Files, a_missing_file_a_folder_and_a_large_file_each_have_their_own_code) {
  const Scratch scratch;
  EXPECT_EQ(read_file(scratch / "nothing").error().code, Code::file_not_found);
  EXPECT_EQ(read_file(scratch.path()).error().code, Code::file_unreadable);
  ASSERT_TRUE(write_text(scratch / "file", "12345").ok());
  EXPECT_EQ(read_file(scratch / "file", 4).error().code, Code::file_too_large);
  EXPECT_TRUE(read_file(scratch / "file", 5).ok());
}

TEST(Files, a_replaced_file_keeps_its_mode) {
  const Scratch scratch;
  ASSERT_TRUE(write_text(scratch / "file", "old").ok());
  ASSERT_EQ(chmod((scratch / "file").c_str(), 0600), 0);
  ASSERT_TRUE(write_text(scratch / "file", "new").ok());
  struct stat status {};
  ASSERT_EQ(stat((scratch / "file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST(Files, writing_over_a_folder_or_into_no_folder_fails_and_leaves_nothing) {
  const Scratch scratch;
  ASSERT_TRUE(make_folders(scratch / "a/b").ok());
  EXPECT_EQ(write_text(scratch / "a", "x").error().code, Code::file_unwritable);
  EXPECT_EQ(write_text(scratch / "none/file", "x").error().code, Code::file_unwritable);
  EXPECT_EQ(entries(scratch.path()), 1);
  ASSERT_TRUE(write_text(scratch / "file", "x").ok());
  EXPECT_EQ(make_folders(scratch / "file/c").error().code, Code::file_unwritable);
}

// A limit on the size of files makes write() fail half-way, as a quota does; the child keeps it from the
// other tests.
TEST(Files, a_write_that_fails_half_way_leaves_the_old_file_and_no_temporary) {
  const Scratch scratch;
  ASSERT_TRUE(write_text(scratch / "file", "old").ok());
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{10'000, 10'000};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
    const auto result = write_text(scratch / "file", std::string(1'000'000, 'x'));
    _exit(!result.ok() && result.error().code == Code::file_unwritable ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(*read_text(scratch / "file"), "old");
  EXPECT_EQ(entries(scratch.path()), 1);
}

TEST(Files, a_published_folder_has_its_new_name_and_never_replaces_another) {
  const Scratch scratch;
  ASSERT_TRUE(make_folders(scratch / "from/sub").ok());
  ASSERT_TRUE(write_text(scratch / "from/sub/file", "x").ok());
  ASSERT_TRUE(publish_folder(scratch / "from", scratch / "to").ok());
  EXPECT_EQ(*read_text(scratch / "to/sub/file"), "x");
  ASSERT_TRUE(make_folders(scratch / "from").ok());
  EXPECT_EQ(publish_folder(scratch / "from", scratch / "to").error().code, Code::file_unwritable);
  EXPECT_EQ(*read_text(scratch / "to/sub/file"), "x");
}

TEST(Files, sha256_equals_the_published_examples) {
  // FIPS 180-4 examples: the empty message and "abc".
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const uint8_t abc[] = {'a', 'b', 'c'};
  EXPECT_EQ(sha256_hex(abc), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace tadpole::data
