// The embedded copy of device/ against the tree it was made from.
#include "codegen/device_sources.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace tadpole::codegen {
namespace {

TEST(DeviceSources, are_the_files_of_the_tree_byte_for_byte) {
  const std::filesystem::path root = TADPOLE_SOURCE_DIR;
  ASSERT_FALSE(device_sources().empty());
  for (const DeviceSource& source : device_sources()) {
    std::ifstream file(root / source.path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    EXPECT_EQ(text, source.text) << source.path;
  }
}

TEST(DeviceSources, are_sorted_by_path) {
  const auto sources = device_sources();
  EXPECT_TRUE(std::is_sorted(sources.begin(), sources.end(),
                             [](const auto& a, const auto& b) { return a.path < b.path; }));
}

TEST(DeviceSources, closure_holds_every_include_of_its_files) {
  const std::vector<std::string> roots = {"device/dsp/mel_features.h"};
  const auto files = device_source_closure(roots);
  ASSERT_FALSE(files.empty());
  for (const DeviceSource& file : files) {
    size_t at = 0;
    while ((at = file.text.find("#include \"device/", at)) != std::string_view::npos) {
      const size_t begin = at + 10, end = file.text.find('"', begin);
      const auto include = file.text.substr(begin, end - begin);
      EXPECT_TRUE(std::any_of(files.begin(), files.end(), [&](const auto& f) { return f.path == include; }))
          << file.path << " includes " << include;
      at = end;
    }
  }
}

TEST(DeviceSources, a_path_that_is_not_there_is_not_found) {
  EXPECT_FALSE(find_device_source("device/nothing.h").has_value());
}

}  // namespace
}  // namespace tadpole::codegen
