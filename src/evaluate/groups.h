// One figure for each group (speaker, device, person) of the test side: whom does the model serve worse?
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

namespace tadpole::evaluate {

/// {"figure": what, "rows": [{"group", "count", "value"}]}: the mean of `values` over the samples of each
/// group, in the order of the groups' names. Samples without a group are left out; fewer than two groups give
/// null. groups, values: one a sample.
nlohmann::json group_table(std::string_view what, std::span<const std::string> groups,
                           std::span<const double> values);

}  // namespace tadpole::evaluate
