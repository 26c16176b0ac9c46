// Inside the room: chains of windowed layers band by band, so that the tensors between them are never whole.
#pragma once

#include <functional>

#include "plan/plan.h"

namespace tadpole::plan {

/// The graph with nodes[first] ... nodes[last] computed in `bands` bands of rows of the last one's output;
/// rows that neighbouring bands both need are computed twice. The nodes must form a chain of conv_2d,
/// depthwise_conv_2d and pools of batch 1 with nobody else reading in between. Fails: op_unsupported when
/// they do not. The bits of the result are the same.
Result<ir::Graph> split_into_bands(const ir::Graph& graph, int first, int last, int bands);

/// Splits chains around the peak until the arena is within the limit; of those that are, the one with the
/// fewest multiply-accumulates. Where none is, the plan with the least arena. Cost: some dozen lowerings.
Result<Plan> lower_in_bands(const ir::Graph& graph, const Plan& whole, int64_t ram_limit_bytes,
                            const std::function<Result<Plan>(const ir::Graph&)>& lower);

}  // namespace tadpole::plan
