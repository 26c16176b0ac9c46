#include "evaluate/groups.h"

#include <map>

namespace tadpole::evaluate {

nlohmann::json group_table(std::string_view what, std::span<const std::string> groups,
                           std::span<const double> values) {
  struct Sum {
    int64_t count = 0;
    double value = 0;
  };
  std::map<std::string, Sum> sums;
  for (size_t i = 0; i < groups.size() && i < values.size(); ++i) {
    if (groups[i].empty()) continue;
    Sum& sum = sums[groups[i]];
    ++sum.count;
    sum.value += values[i];
  }
  if (sums.size() < 2) return nullptr;
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& [group, sum] : sums)
    rows.push_back(
        {{"group", group}, {"count", sum.count}, {"value", sum.value / static_cast<double>(sum.count)}});
  return {{"figure", what}, {"rows", std::move(rows)}};
}

}  // namespace tadpole::evaluate
