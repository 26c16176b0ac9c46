// Exact rewrites of a graph before its nodes become kernels: what can be known without an input is done once.
// In: a checked graph. Out: a checked graph that gives the same output bytes for every input.
#pragma once

#include "ir/graph.h"

namespace tadpole::plan {

struct RewriteOptions {
  /// Dead channels stay where they fill a tensor's count up to a multiple of this: some kernels are faster
  /// so.
  int channel_multiple = 1;
};

/// Inputs and outputs keep their order, names, types, shapes and scales. A tensor that keeps its name and
/// shape keeps its values. Fails only when a rewritten graph fails ir::check_graph, which is our own bug.
Result<ir::Graph> rewrite(const ir::Graph& graph, const RewriteOptions& options = {});

}  // namespace tadpole::plan
