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
    if (path.ends_with(".h")) open.push_back(path.substr(0, path.size() - 1) + "cc");
  }
  std::vector<DeviceSource> files;
  for (const auto& [path, source] : found) files.push_back(source);
  return files;
}

}  // namespace tadpole::codegen
