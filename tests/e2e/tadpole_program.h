// A folder of its own for a test, and the program run in it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/audio_file.h"
#include "data/process.h"

namespace tadpole {

struct Printed {
  int exit_code = -1;
  std::string out, err;

  /// The object on the last line of standard output.
  nlohmann::json json() const {
    const size_t end = out.find_last_not_of('\n');
    const size_t start = out.find_last_of('\n', end);
    return nlohmann::json::parse(out.substr(start == std::string::npos ? 0 : start + 1), nullptr, false);
  }
};

/// Removed at the end of the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tadpole-e2e-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path(const std::string& below = "") const { return (path_ / below).string(); }
  bool has(const std::string& below) const { return std::filesystem::exists(path_ / below); }
  void make(const std::string& below) const { std::filesystem::create_directories(path_ / below); }

  /// One second of digital silence.
  void write_silence(const std::string& below) const {
    std::filesystem::create_directories((path_ / below).parent_path());
    ASSERT_TRUE(data::write_wav(path(below), {16000, std::vector<int16_t>(16000)}).ok());
  }

  Printed tadpole(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), TADPOLE_BUILD_DIR "/tadpole");
    data::ProcessOptions options;
    options.folder = path_.string();
    options.timeout = std::chrono::minutes(10);
    const auto result = data::run_process(arguments, options);
    EXPECT_TRUE(result.ok()) << result.error().message();
    if (!result.ok()) return {};
    EXPECT_FALSE(result->timed_out);
    return {result->exit_code, result->out, result->err};
  }

 private:
  std::filesystem::path path_;
};

}  // namespace tadpole
