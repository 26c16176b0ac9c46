// Inside the folder: channels that carry nothing are taken out of int8 graphs, exactly.
#pragma once

#include "plan/rewrite/graph_edit.h"

namespace tadpole::plan::rewriting {

/// A channel is dead when its value is the same for every input and at every position (a filter of zeros, or
/// one that saturates), or when nobody has a weight for it. Readers add constant * weight to their biases
/// where that is the same at every position: a padded border holds the zero point, not the constant. A tensor
/// that is constant as a whole becomes one. Dead channels that fill a count up to a multiple of
/// `channel_multiple` may stay. Returns whether anything changed; call it until nothing does.
bool remove_dead_channels(ir::Graph& graph, int channel_multiple);

}  // namespace tadpole::plan::rewriting
