// Networks that answer with numbers rather than with probabilities. Private to this room.
#pragma once

#include <span>

#include "base/result.h"
#include "ir/graph.h"
#include "project/config.h"

namespace tadpole::project {

/// A float graph whose output i is that of `graph` times scale[i] plus offset[i], by changing its last layer.
/// Fails: op_unsupported, unless the output comes from a dense layer without activation (reshapes behind it
/// are fine). Cost: O(weights of that layer).
Result<ir::Graph> scale_outputs(ir::Graph graph, std::span<const float> scale, std::span<const float> offset);

}  // namespace tadpole::project
