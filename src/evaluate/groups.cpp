#include "evaluate/groups.h"

#include <cmath>
#include <map>

#include "metrics/classification.h"

namespace tadpole::evaluate {

nlohmann::json group_table(std::string_view what, std::span<const std::string> groups,
                           std::span<const double> values, GroupFigure figure) {
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
  std::string worst;
  double worst_rank = 0;
  for (const auto& [group, sum] : sums) {
    const double mean = sum.value / static_cast<double>(sum.count);
    nlohmann::json row = {{"group", group}, {"count", sum.count}, {"value", mean}};
    double rank = -mean;
    if (figure == GroupFigure::share) {
      const metrics::Interval likely = metrics::wilson_interval(std::llround(sum.value), sum.count);
      row["low"] = likely.low;
      row["high"] = likely.high;
      rank = likely.high;
    }
    if (worst.empty() || rank < worst_rank) worst = group, worst_rank = rank;
    rows.push_back(std::move(row));
  }
  return {{"figure", what}, {"rows", std::move(rows)}, {"worst", worst}};
}

}  // namespace tadpole::evaluate
