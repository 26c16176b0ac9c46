// Inside the room: tensors that are rows of another tensor, so that cutting and joining them moves nothing.
#pragma once

#include <vector>

#include "ir/graph.h"

namespace tadpole::plan {

/// Where a tensor's bytes lie: from `offset` on in those of `base`. A tensor by itself is its own base.
struct View {
  int base = -1;
  int64_t offset = 0;
};

/// One entry a tensor. The output of a slice is a view of its input where its bytes follow one another; the
/// inputs of a concatenation are views of its output where they lie in it one after the other and nobody else
/// reads or writes them. Offsets are multiples of 4. A node whose tensors are views needs no step.
std::vector<View> find_views(const ir::Graph& graph);

/// Whether the views leave nothing to do for the node.
bool is_done_by_views(const ir::Node& node, const std::vector<View>& views);

}  // namespace tadpole::plan
