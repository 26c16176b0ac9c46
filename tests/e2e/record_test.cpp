// tadpole data record: from a file that stands for a sensor to a data folder.
#include "tests/e2e/tadpole_program.h"

namespace tadpole {
namespace {

TEST(DataRecord, adds_recordings_with_their_rate_and_group) {
  const Folder folder;
  folder.write("log.txt", [] {
    std::string rows = "ax,ay\n";
    for (int i = 0; i < 100; ++i) rows += std::to_string(i) + "," + std::to_string(i % 7) + "\n";
    return rows;
  }());
  for (const char* label : {"up", "down"}) {
    const Printed printed =
        folder.tadpole({"data", "record", "--from", "file:log.txt", "--rate", "50", "--label", label,
                        "--seconds", "0.4", "--count", "5", "--pause", "0", "--group", "bench", "--json"});
    ASSERT_EQ(printed.exit_code, 0) << printed.err;
    EXPECT_EQ(printed.json()["files"].size(), 5u);
    EXPECT_EQ(printed.json()["rate_hz"], 50);
  }
  EXPECT_EQ(folder.read("data/up/0002.csv").substr(0, 20), "time_s,ax,ay\n0,20,6\n");
  EXPECT_NE(folder.read("data/groups.csv").find("down/0005.csv,bench\n"), std::string::npos);
}

TEST(DataRecord, says_what_is_missing) {
  const Folder folder;
  expect_error(
      folder.tadpole({"data", "record", "--from", "camera:" + folder.path("video7"), "--label", "cup"}),
      "E0010", {"there is no camera", "ls /dev/video*"});
  expect_error(folder.tadpole({"data", "record", "--from", "microphone:none", "--label", "yes"}), "E0010");
  expect_error(folder.tadpole({"data", "record", "--from", "serial:" + folder.path("tty"), "--label", "yes"}),
               "E0010", {"Plug it in"});
  EXPECT_EQ(folder.tadpole({"data", "record", "--label", "yes"}).exit_code, 2);
  EXPECT_FALSE(folder.has("data"));
}

}  // namespace
}  // namespace tadpole
