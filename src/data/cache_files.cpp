#include "data/cache_files.h"

#include <algorithm>
#include <bit>
#include <filesystem>

#include "data/files.h"

namespace tadpole::data {

namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "features are stored as they lie in memory");

constexpr size_t kFilesKept = 8;

// Caches are made anew, so trouble is ignored.
void remove_old(const fs::path& folder, const fs::path& extension) {
  std::error_code ignored;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  for (fs::directory_iterator entry(folder, ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    if (entry->path().extension() == extension)
      files.emplace_back(entry->last_write_time(ignored), entry->path());
  }
  std::sort(files.rbegin(), files.rend());
  for (size_t i = kFilesKept; i < files.size(); ++i) fs::remove(files[i].second, ignored);
}

}  // namespace

std::string cache_path(const std::string& folder, const std::string& key, const std::string& extension) {
  return folder + "/" + key.substr(0, 24) + extension;
}

Result<void> write_cache(const std::string& path, std::span<const std::span<const uint8_t>> pieces) {
  const fs::path file(path);
  TADPOLE_CHECK(make_folders(file.parent_path().string()));
  const Result<void> written = write_file(path, pieces);
  remove_old(file.parent_path(), file.extension());
  return written;
}

Error cache_damage(const std::string& what) {
  return {Code::cache_damaged, "the feature cache is damaged: " + what};
}

}  // namespace tadpole::data
