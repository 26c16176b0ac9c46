// How steps are named that compute only some rows of a layer.
#pragma once

#include <string_view>

namespace tadpole::plan {

/// Between the name of a layer and its rows: "conv_1 rows 0 to 11".
inline constexpr std::string_view kRowsOfBand = " rows ";

}  // namespace tadpole::plan
