// A line chart as a file of its own.
#pragma once

#include <span>
#include <string>

#include "evaluate/charts.h"

namespace tadpole::evaluate {

/// A whole SVG file that needs nothing else, for light and dark backgrounds, with the legend below the chart
/// and `description` as its heading. "" when the chart has no points.
std::string draw_file(const LineChart& chart);

/// Several charts in one file, one below the other. Charts without points are left out.
std::string draw_file(std::span<const LineChart> charts);

}  // namespace tadpole::evaluate
