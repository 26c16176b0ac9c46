// Writes a generated library to a folder of the build, compiles it with a small driver and runs it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "codegen/library.h"

namespace tadpole::conformance {

inline const char* const kStrictFlags =
    "-std=c++14 -Wall -Wextra -Wpedantic -Werror -ffp-contract=off -fno-exceptions -fno-rtti";

/// Runs all cases of a file of concatenated inputs; prints the raw outputs one after the other.
inline const char* const kDriver = R"(#include <stdio.h>
#include "model.h"
static uint8_t in[model::kInputBytes], out[model::kOutputBytes];
int main() {
  while (fread(in, 1, model::kInputBytes, stdin) == model::kInputBytes) {
    model::write_input(0, in, model::kInputBytes);
    model::invoke();
    model::read_output(0, out, model::kOutputBytes);
    fwrite(out, 1, model::kOutputBytes, stdout);
  }
  return 0;
}
)";

class GeneratedLibrary {
 public:
  GeneratedLibrary(const std::string& name, const std::vector<codegen::File>& files)
      : folder_(std::filesystem::path(TADPOLE_BUILD_DIR) / "generated_tests" / name) {
    std::filesystem::remove_all(folder_);
    for (const codegen::File& file : files) write(file.path, file.text);
  }

  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path, std::ios::binary) << text;
  }

  /// All sources of the library with main `main_path`; returns the compiler's words, "" for none.
  std::string compile(const std::string& compiler, const std::string& main_path) {
    std::string sources = " " + main_path;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      const std::string path = std::filesystem::relative(entry.path(), folder_).string();
      if (path.ends_with(".cc") && !path.starts_with("examples/") && path != main_path) sources += " " + path;
    }
    return shell(compiler + " " + kStrictFlags + " -O1 -I." + sources + " -o program");
  }

  /// Every source alone to an object, for compilers without an operating system behind them.
  std::string compile_objects(const std::string& compiler) {
    std::string said;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      const std::string path = std::filesystem::relative(entry.path(), folder_).string();
      if (!path.ends_with(".cc") || path.starts_with("examples/")) continue;
      said += shell(compiler + " " + kStrictFlags + " -O1 -I. -c " + path + " -o object.o");
    }
    return said;
  }

  std::vector<uint8_t> run(const std::vector<uint8_t>& in) {
    write("in.bin", {in.begin(), in.end()});
    const std::string said = shell("./program < in.bin > out.bin");
    EXPECT_EQ(said, "");
    std::ifstream file(folder_ / "out.bin", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  static bool has(const std::string& program) {
    return std::system(("command -v " + program + " > /dev/null").c_str()) == 0;
  }

 private:
  /// What the command said on standard error, or that it failed without a word.
  std::string shell(const std::string& command) {
    const int status =
        std::system(("cd '" + folder_.string() + "' && (" + command + ") 2> said.txt").c_str());
    std::ifstream file(folder_ / "said.txt");
    std::string said((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (status != 0 && said.empty()) said = command + ": failed";
    return said;
  }

  std::filesystem::path folder_;
};

}  // namespace tadpole::conformance
