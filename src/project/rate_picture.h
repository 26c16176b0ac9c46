// The range test for the learning rate, with its picture.
#pragma once

#include <string>

#include "base/result.h"
#include "project/pipeline.h"
#include "train/rate_finder.h"

namespace tadpole::project {

/// Makes the test and draws it into `folder`/learning_rate.svg. Fails: as train::find_rate; disk_full.
Result<RateSummary> test_rates(const ir::Graph& graph, const train::Examples& training,
                               const train::TrainOptions& options, const std::string& folder, Tools tools);

/// Smooth loss over the logarithm of the rate, as an SVG file, with the proposal marked.
std::string draw_rates(const train::RateFound& found);

}  // namespace tadpole::project
