// A line chart as a file of its own.
#pragma once

#include <string>

#include "evaluate/charts.h"

namespace tadpole::evaluate {

/// A whole SVG file that needs nothing else, for light and dark backgrounds, with the legend below the chart
/// and `description` as its heading. "" when the chart has no points.
std::string draw_file(const LineChart& chart);

}  // namespace tadpole::evaluate
