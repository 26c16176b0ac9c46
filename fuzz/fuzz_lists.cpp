// Any text as groups.csv, as a published list and as a file name: an error or entries below the data folder.
#include <cstdlib>
#include <string_view>

#include "data/lists.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto groups = tadpole::data::parse_groups(text, "groups.csv");
  if (groups.ok()) {
    for (const auto& [path, entry] : *groups) {
      if (path.starts_with("/") || path.starts_with("../") || entry.group.empty()) abort();
    }
  }
  for (const auto& path : tadpole::data::parse_list(text)) {
    if (path.empty() || path.find('\n') != std::string::npos) abort();
  }
  static_cast<void>(tadpole::data::speaker_of(text));
  return 0;
}
