// docs/errors/ has one page for each row of src/base/errors.def. ./dev golden --update makes them anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"

namespace tadpole::base {
namespace {

const std::filesystem::path kFolder = TADPOLE_SOURCE_DIR "/docs/errors";

std::string page_of(const CodeInfo& row) {
  std::string summary(row.summary);
  summary[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(summary[0])));
  return "# " + code_text(row.code) + ": " + std::string(row.name) + "\n\n" + summary +
         ".\n\n**What to do.** " + std::string(row.advice) + "\n";
}

std::string index_page() {
  std::string text =
      "# Errors\n\nEvery message of Tadpole ends with a code. Each code has a page.\n\n| code | what "
      "happened |\n| --- | --- |\n";
  for (const CodeInfo& row : all_codes()) {
    text += "| [" + code_text(row.code) + "](" + code_text(row.code) + ".md) | " + std::string(row.summary) +
            " |\n";
  }
  return text;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(ErrorPages, are_what_the_table_of_errors_says) {
  if (std::getenv("TADPOLE_UPDATE_GOLDEN") != nullptr) {
    for (const auto& entry : std::filesystem::directory_iterator(kFolder)) std::filesystem::remove(entry);
    for (const CodeInfo& row : all_codes())
      std::ofstream(kFolder / (code_text(row.code) + ".md")) << page_of(row);
    std::ofstream(kFolder / "README.md") << index_page();
  }
  size_t pages = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) pages += entry.is_regular_file();
  EXPECT_EQ(pages, all_codes().size() + 1) << "run ./dev golden --update";
  for (const CodeInfo& row : all_codes()) {
    EXPECT_EQ(read(kFolder / (code_text(row.code) + ".md")), page_of(row)) << "run ./dev golden --update";
  }
  EXPECT_EQ(read(kFolder / "README.md"), index_page()) << "run ./dev golden --update";
}

}  // namespace
}  // namespace tadpole::base
