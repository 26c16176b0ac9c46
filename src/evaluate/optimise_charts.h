// The models of tadpole optimise as pictures: what each answers against what it costs.
#pragma once

#include <vector>

#include "evaluate/charts.h"
#include "evaluate/json_view.h"

namespace tadpole::evaluate {

/// Up to three charts of the section "optimise" of report.json: the headline against flash, RAM and time,
/// each model a named dot, with a line along those that no other beats. Charts without figures are left out.
std::vector<LineChart> optimise_charts(View optimise);

}  // namespace tadpole::evaluate
