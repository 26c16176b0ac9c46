// One small project with a trained, quantised and deployed network, made once for all tests that damage a
// copy of it.
#pragma once

#include <filesystem>
#include <string>

#include "tests/e2e/tone_words.h"

namespace tadpole {

/// Holds "words" and the finished project "p". Not to be changed: take a copy.
inline const Folder& trained_project() {
  static const Folder folder;
  static const bool made = [] {
    make_words(folder);
    for (const std::vector<std::string>& command :
         std::vector<std::vector<std::string>>{{"new", "p", "--data", "words", "--words", "rise,fall"},
                                               {"train", "--project", "p", "--updates", "30"},
                                               {"quantise", "--project", "p"},
                                               {"deploy", "--project", "p"}}) {
      const Printed printed = folder.tadpole(command);
      EXPECT_EQ(printed.exit_code, 0) << command[0] << "\n" << printed.err;
    }
    return true;
  }();
  EXPECT_TRUE(made);
  return folder;
}

/// A folder whose "p" is a copy of the trained project.
class TrainedCopy : public Folder {
 public:
  TrainedCopy() {
    namespace fs = std::filesystem;
    std::error_code failed;
    fs::copy(trained_project().path("p"), path("p"),
             fs::copy_options::recursive | fs::copy_options::copy_symlinks, failed);
    EXPECT_FALSE(failed) << failed.message();
  }
};

inline constexpr const char* kRun = "p/runs/0001/";

}  // namespace tadpole
