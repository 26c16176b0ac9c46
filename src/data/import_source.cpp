#include "data/import_source.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "data/files.h"
#include "data/folder_files.h"
#include "data/lists.h"
#include "data/text_lines.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using samples::Side;

constexpr size_t kMostFiles = 2'000'000;

std::string without_gz(const std::string& file) {
  return file.ends_with(".gz") ? file.substr(0, file.size() - 3) : file;
}

int column_of(const std::vector<std::string>& header, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    for (size_t i = 0; i < header.size(); ++i) {
      if (lower_case(header[i]) == name) return static_cast<int>(i);
    }
  }
  return -1;
}

// Paths in the first column of a CSV file, or lines of a list.
Result<std::vector<std::string>> paths_in(const Source& source, std::initializer_list<const char*> names) {
  std::error_code ignored;
  for (const char* name : names) {
    const std::string path = source.path(name);
    if (source.single || !fs::exists(path, ignored)) continue;
    TADPOLE_TRY(const std::string text, read_text(path));
    std::vector<std::string> paths = parse_list(text), fields;
    for (std::string& line : paths) {
      if (split_fields(line, ',', fields).empty() && !fields.empty()) line = fields[0];
    }
    return paths;
  }
  return std::vector<std::string>{};
}

}  // namespace

std::vector<std::string> Source::with(std::initializer_list<std::string_view> extensions) const {
  std::vector<std::string> found;
  for (const std::string& file : files) {
    const std::string extension = extension_of(file);
    if (std::find(extensions.begin(), extensions.end(), extension) != extensions.end()) found.push_back(file);
  }
  return found;
}

Result<Source> open_source(const std::string& path) {
  Source source;
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (!fs::exists(status))
    return Error{Code::file_not_found, path + ": no such file or folder. Check the path for spelling."};
  if (!fs::is_directory(status)) {
    source.single = true;
    source.root = fs::path(path).parent_path().string();
    if (source.root.empty()) source.root = ".";
    source.files = {fs::path(path).filename().string()};
    return source;
  }
  source.root = path;
  while (source.root.size() > 1 && source.root.ends_with('/')) source.root.pop_back();
  fs::recursive_directory_iterator entry(source.root, fs::directory_options::skip_permission_denied, failed),
      end;
  for (; !failed && entry != end; entry.increment(failed)) {
    if (entry->path().filename().string().starts_with(".")) {
      entry.disable_recursion_pending();
      continue;
    }
    std::error_code ignored;
    if (!fs::is_regular_file(entry->path(), ignored)) continue;
    source.files.push_back(entry->path().lexically_relative(source.root).generic_string());
    if (source.files.size() > kMostFiles)
      return Error{Code::data_bad_option,
                   path + ": holds more than 2,000,000 files. Name a folder below it."};
  }
  if (failed) return Error{Code::file_unreadable, path + ": cannot be listed: " + failed.message() + "."};
  if (source.files.empty()) return Error{Code::data_empty, path + ": the folder is empty."};
  std::sort(source.files.begin(), source.files.end(), samples::natural_less);
  return source;
}

std::string start_of(const std::string& path, size_t bytes) {
  const auto stream = open_stream(path);
  if (!stream.ok()) return {};
  std::vector<uint8_t> block(bytes);
  const auto count = (*stream)->read(block);
  if (!count.ok()) return {};
  return {block.begin(), block.begin() + static_cast<long>(*count)};
}

Result<Manifest> read_manifest(const Source& source) {
  Manifest manifest;
  std::error_code ignored;
  for (const char* name : {"MANIFEST.csv", "manifest.csv", "metadata.csv", "groups.csv"}) {
    const std::string path = source.path(name);
    if (source.single || !fs::exists(path, ignored)) continue;
    TADPOLE_TRY(const auto stream, open_stream(path));
    LineReader lines(*stream, path);
    std::vector<std::string> fields;
    int file = -1, label = -1, group = -1;
    std::vector<std::string> kinds;
    for (;;) {
      TADPOLE_TRY(const auto line, lines.next());
      if (!line) break;
      if (const std::string wrong = split_fields(*line, ',', fields); !wrong.empty())
        return Error{Code::csv_malformed, lines.place() + wrong + "."};
      if (lines.number() == 1) {
        file = column_of(fields, {"path", "file", "filename", "file_name"});
        label = column_of(fields, {"label", "class"});
        group = column_of(fields, {"group", "speaker", "client_id", "person"});
        if (file < 0 || (label < 0 && group < 0)) break;
        for (const std::string& column : fields) kinds.push_back(kind_of_column(column));
        continue;
      }
      const auto at = [&](int column) {
        return column >= 0 && static_cast<size_t>(column) < fields.size()
                   ? fields[static_cast<size_t>(column)]
                   : "";
      };
      ManifestEntry entry{at(label), at(group), {}};
      for (size_t i = 0; i < fields.size() && i < kinds.size(); ++i) {
        if (!kinds[i].empty() && !fields[i].empty()) entry.more[kinds[i]] = fields[i];
      }
      if (lower_case(entry.group) == "unknown") entry.group.clear();
      manifest.emplace(at(file), std::move(entry));
    }
    return manifest;
  }
  return manifest;
}

Result<std::map<std::string, Side>> read_sides(const Source& source, FolderWriter& writer) {
  TADPOLE_TRY(auto validation,
              paths_in(source, {"validation_list.txt", "val.csv", "valid.csv", "validation.csv", "dev.csv"}));
  TADPOLE_TRY(auto test, paths_in(source, {"testing_list.txt", "test.csv"}));
  std::map<std::string, Side> sides;
  const bool only_validation = test.empty() && !validation.empty();
  if (only_validation) {
    writer.note(
        "There is a validation list but no test list: what it names is the test side, and validation "
        "is taken from the rest.");
  }
  for (const std::string& path : validation) sides[path] = only_validation ? Side::test : Side::validation;
  for (const std::string& path : test) sides[path] = Side::test;
  return sides;
}

Result<void> each_recording(const Source& source, const std::vector<std::string>& files, FolderWriter& writer,
                            const std::function<Result<void>(const std::string&)>& take) {
  for (size_t i = 0; i < files.size(); ++i) {
    writer.report("import recordings", static_cast<long>(i) + 1, static_cast<long>(files.size()));
    if (const auto done = take(files[i]); !done.ok())
      TADPOLE_CHECK(writer.bad(source.path(files[i]), done.error()));
  }
  return {};
}

std::string folder_of(const std::string& file) { return fs::path(file).parent_path().filename().string(); }

std::string stem_of(const std::string& file) { return fs::path(without_gz(file)).stem().string(); }

std::string extension_of(const std::string& file) {
  return lower_case(fs::path(without_gz(file)).extension().string());
}

std::string label_in_name(const std::string& file) {
  std::string name = stem_of(file);
  name = name.substr(0, name.find('.'));
  const size_t end = name.find_last_not_of("0123456789_-() ");
  return end == std::string::npos ? name : name.substr(0, end + 1);
}

std::string label_of(const Source& source, const Manifest& manifest, const std::string& file,
                     const ImportOptions& options) {
  if (const auto entry = manifest.find(file); entry != manifest.end() && !entry->second.label.empty())
    return entry->second.label;
  const std::string folder = folder_of(file);
  if (folder == "background_noise" || folder == kNoiseLabel) return kNoiseLabel;
  if (!options.label.empty()) return options.label;
  if (!folder.empty()) return folder;
  const std::string top = fs::path(source.root).filename().string();
  const std::string name = label_in_name(file);
  return name.empty() ? top : name;
}

std::string group_of(const Manifest& manifest, const std::string& file) {
  const auto entry = manifest.find(file);
  return entry == manifest.end() ? "" : entry->second.group;
}

std::map<std::string, std::string> more_of(const Manifest& manifest, const std::string& file) {
  const auto entry = manifest.find(file);
  return entry == manifest.end() ? std::map<std::string, std::string>{} : entry->second.more;
}

std::string kind_of_column(const std::string& column) {
  static constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
      {"language", "language"}, {"locale", "language"}, {"device", "device"},
      {"microphone", "device"}, {"gender", "gender"},   {"sex", "gender"},
      {"age", "age"},           {"accent", "accent"},   {"accents", "accent"}};
  const std::string name = lower_case(column);
  for (const auto& [known, kind] : kKinds) {
    if (name == known) return std::string(kind);
  }
  return "";
}

}  // namespace tadpole::data
