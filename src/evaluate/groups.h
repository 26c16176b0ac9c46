// One figure for each group (speaker, language, device) of the test side: whom does the model serve worse?
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

namespace tadpole::evaluate {

/// What the values of a table are.
enum class GroupFigure {
  share,  ///< each 0 or 1; the mean is a share, higher is better
  error   ///< the mean is an error, lower is better
};

/// {"figure": what, "rows": [{"group", "count", "value"}], "worst"}: the mean of `values` over the samples of
/// each group, in the order of the groups' names. Rows of shares have "low" and "high" too, the 95 % Wilson
/// interval. "worst" names the group whose interval ends lowest, that is which is surely bad rather than
/// small; of errors the one with the highest. Samples without a group are left out; fewer than two groups
/// give null. groups, values: one a sample.
nlohmann::json group_table(std::string_view what, std::span<const std::string> groups,
                           std::span<const double> values, GroupFigure figure = GroupFigure::share);

}  // namespace tadpole::evaluate
