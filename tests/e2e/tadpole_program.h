// A folder of its own for a test, and the program run in it.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/audio_file.h"
#include "data/files.h"
#include "data/process.h"

namespace tadpole {

inline constexpr const char* kTadpole = TADPOLE_BUILD_DIR "/tadpole";

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

/// Exit code 1, a message with the code "E0123" and each of the phrases.
inline void expect_error(const Printed& printed, const std::string& code,
                         const std::vector<std::string>& phrases = {}) {
  EXPECT_EQ(printed.exit_code, 1) << printed.err;
  EXPECT_NE(printed.err.find("[" + code + "]"), std::string::npos) << printed.err;
  for (const std::string& phrase : phrases)
    EXPECT_NE(printed.err.find(phrase), std::string::npos) << "no \"" << phrase << "\" in:\n" << printed.err;
}

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

  std::string read(const std::string& below) const {
    auto text = data::read_text(path(below));
    EXPECT_TRUE(text.ok()) << below;
    return text.ok() ? *text : "";
  }
  void write(const std::string& below, const std::string& text) const {
    std::filesystem::create_directories((path_ / below).parent_path());
    ASSERT_TRUE(data::write_text(path(below), text).ok()) << below;
  }
  /// Replaces the first `old` in a text file.
  void edit(const std::string& below, const std::string& old, const std::string& changed) const {
    std::string text = read(below);
    const size_t at = text.find(old);
    ASSERT_NE(at, std::string::npos) << "no \"" << old << "\" in " << below;
    write(below, text.replace(at, old.size(), changed));
  }

  /// Paths below this folder with the contents of the files, to see that nothing has changed.
  std::map<std::string, std::string> snapshot(const std::string& below = "") const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_ / below)) {
      const std::string name = entry.path().lexically_relative(path_ / below).string();
      files[name] = entry.is_regular_file() ? *data::read_text(entry.path().string()) : "folder";
    }
    return files;
  }

  /// One second of digital silence.
  void write_silence(const std::string& below) const {
    std::filesystem::create_directories((path_ / below).parent_path());
    ASSERT_TRUE(data::write_wav(path(below), {16000, std::vector<int16_t>(16000)}).ok());
  }

  Printed tadpole(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), kTadpole);
    return run(arguments);
  }

  /// The program with changed environment variables: {"PATH=/bin"}.
  Printed tadpole_with(std::vector<std::string> variables, const std::vector<std::string>& arguments) const {
    variables.insert(variables.begin(), "/usr/bin/env");
    variables.push_back(kTadpole);
    variables.insert(variables.end(), arguments.begin(), arguments.end());
    return run(variables);
  }

  /// The program, and Ctrl-C for it as soon as the shell command `moment` succeeds (in this folder; it may
  /// look at the program's error stream in err.txt).
  Printed tadpole_interrupted(const std::string& moment, const std::vector<std::string>& arguments) const {
    const std::string script =
        "moment=$1; shift; \"$@\" 2> err.txt & pid=$!\n"
        "while kill -0 $pid 2> /dev/null && ! eval \"$moment\" > /dev/null 2>&1; do "
        "sleep 0.01; done\n"
        "kill -INT $pid; wait $pid; code=$?; cat err.txt >&2; rm err.txt; exit $code";
    std::vector<std::string> command = {"/bin/sh", "-c", script, "sh", moment, kTadpole};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(command);
  }

  /// Any program, in this folder. TADPOLE_E2E_SHOW=1 shows what it says.
  Printed run(const std::vector<std::string>& command) const {
    data::ProcessOptions options;
    options.folder = path_.string();
    options.timeout = std::chrono::minutes(10);
    const auto result = data::run_process(command, options);
    EXPECT_TRUE(result.ok()) << result.error().message();
    if (!result.ok()) return {};
    EXPECT_FALSE(result->timed_out);
    if (std::getenv("TADPOLE_E2E_SHOW") != nullptr)
      std::printf("exit code %d\n%s%s", result->exit_code, result->out.c_str(), result->err.c_str());
    return {result->exit_code, result->out, result->err};
  }

 private:
  std::filesystem::path path_;
};

}  // namespace tadpole
