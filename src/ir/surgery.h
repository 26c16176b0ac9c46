// Graphs taken apart and put together: a network trained elsewhere is cut at a layer and gets a new head.
#pragma once

#include <string_view>

#include "base/result.h"
#include "ir/graph.h"

namespace tadpole::ir {

/// What the first output of layer `layer` needs, and nothing else: its nodes in their order, the inputs that
/// they use, that output. Constants are shared. Fails: unknown_layer (with the nearest name).
Result<Graph> part_up_to(const Graph& graph, std::string_view layer);

/// What comes after the first output of layer `layer`: that output is the one input, the outputs are the
/// graph's. Fails: unknown_layer; bad_shape when a later layer also needs another value from before the cut
/// (names both: a connection runs past it), or when nothing comes after.
Result<Graph> part_after(const Graph& graph, std::string_view layer);

/// `second` behind `first`: its one input becomes the one output of `first`. Names of `second` that `first`
/// has already get an ending. Fails: bad_shape when there are several, or type or shape differ (says both).
Result<Graph> join(const Graph& first, const Graph& second);

/// The layer whose output the last layer with weights reads: where a classifier's head is taken off. "" when
/// there is none.
std::string_view layer_before_head(const Graph& graph);

}  // namespace tadpole::ir
