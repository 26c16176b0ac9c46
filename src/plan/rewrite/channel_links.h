// Inside the folder: which channels of an int8 graph can be taken out.
#pragma once

#include <optional>
#include <vector>

#include "plan/rewrite/channel_ranges.h"

namespace tadpole::plan::rewriting {

/// What channel `channel` of the input adds to the accumulator of `output`, when that is one number at every
/// position and for every input; nothing otherwise. Not for depthwise layers.
std::optional<int64_t> contribution(const Filters& filters, int output, int channel, const Ranges& in);

/// For every tensor and channel of it (last dimension): false where it can go. Channels tied to one another
/// by an operator go together; every tensor keeps at least one. Of a tensor that loses some, dead ones are
/// kept until their count is a multiple of `multiple` where that is possible. Tensors that are not looked
/// into keep all.
std::vector<std::vector<bool>> find_kept_channels(const ir::Graph& graph, const std::vector<Ranges>& ranges,
                                                  int multiple);

}  // namespace tadpole::plan::rewriting
