// Which device files belong together: follows #include "device/..." and pairs x.h with x.cc.
#include "codegen/device_sources.h"

#include <map>

namespace tadpole::codegen {

namespace {

constexpr std::string_view kInclude = "#include \"";

/// Calls visit(path) for each quoted include that starts a line.
template <class Visit>
void for_each_include(std::string_view text, Visit visit) {
  for (size_t at = text.find(kInclude); at != std::string_view::npos; at = text.find(kInclude, at + 1)) {
    if (at != 0 && text[at - 1] != '\n') continue;
    const size_t begin = at + kInclude.size();
    const size_t end = text.find('"', begin);
    if (end != std::string_view::npos) visit(text.substr(begin, end - begin));
  }
}

std::string_view folder_of(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

/// A .cc belongs to the header that it includes first, when both are in one folder.
bool implements(const DeviceSource& source, std::string_view header) {
  if (!source.path.ends_with(".cc") || folder_of(source.path) != folder_of(header)) return false;
  std::string_view first;
  for_each_include(source.text, [&](std::string_view include) { first = first.empty() ? include : first; });
  return first == header;
}

}  // namespace

std::optional<DeviceSource> find_device_source(std::string_view path) {
  for (const DeviceSource& source : device_sources()) {
    if (source.path == path) return source;
  }
  return std::nullopt;
}

std::vector<DeviceSource> device_source_closure(std::span<const std::string> roots) {
  std::map<std::string_view, DeviceSource> found;
  std::vector<std::string> open(roots.begin(), roots.end());
  while (!open.empty()) {
    const std::string path = std::move(open.back());
    open.pop_back();
    const auto source = find_device_source(path);
    if (!source || !found.emplace(source->path, *source).second) continue;
    for_each_include(source->text, [&](std::string_view include) { open.emplace_back(include); });
    for (const DeviceSource& other : device_sources()) {
      if (implements(other, source->path)) open.emplace_back(other.path);
    }
  }
  std::vector<DeviceSource> files;
  for (const auto& [path, source] : found) files.push_back(source);
  return files;
}

}  // namespace tadpole::codegen
