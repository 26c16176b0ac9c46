#include "samples/dataset.h"

namespace tadpole::samples {

std::string_view side_name(Side side) {
  switch (side) {
    case Side::train:
      return "train";
    case Side::validation:
      return "validation";
    case Side::test:
      return "test";
  }
  return "?";
}

int Dataset::class_index(std::string_view name) const {
  for (size_t i = 0; i < classes.size(); ++i) {
    if (classes[i] == name) return static_cast<int>(i);
  }
  return -1;
}

const std::string& Dataset::more_group(const std::string& kind, int index) const {
  static const std::string kNothing;
  const auto values = more_groups.find(kind);
  if (values == more_groups.end()) return kNothing;
  const std::string& id = samples[static_cast<size_t>(index)].id;
  auto value = values->second.find(id);
  if (value == values->second.end()) value = values->second.find(id.substr(0, id.rfind('@')));
  return value == values->second.end() ? kNothing : value->second;
}

std::vector<int> Dataset::indices(Side wanted) const {
  std::vector<int> found;
  for (size_t i = 0; i < side.size(); ++i) {
    if (side[i] == wanted) found.push_back(static_cast<int>(i));
  }
  return found;
}

}  // namespace tadpole::samples
