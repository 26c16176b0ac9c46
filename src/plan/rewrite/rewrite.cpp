// The passes in order, until none finds anything.
#include "plan/rewrite/rewrite.h"

#include "plan/rewrite/dead_channels.h"
#include "plan/rewrite/fusion.h"

namespace tadpole::plan {

namespace {

bool simplify(ir::Graph& graph, const RewriteOptions& options) {
  using namespace rewriting;
  for (const auto pass : {&simplify_moves, &fold_constants, &fold_batch_norms, &fuse_pads,
                          &fuse_requantisations, &fuse_activations}) {
    if (!pass(graph)) continue;
    sweep(graph);
    return true;
  }
  return remove_dead_channels(graph, options.channel_multiple);
}

}  // namespace

Result<ir::Graph> rewrite(const ir::Graph& graph, const RewriteOptions& options) {
  ir::Graph rewritten = graph;
  rewriting::sweep(rewritten);
  const size_t most_rounds = 20 + 10 * graph.nodes.size();  // a round takes away a node or a channel
  for (size_t i = 0; i < most_rounds && simplify(rewritten, options); ++i) {
  }
  TADPOLE_CHECK(ir::check_graph(rewritten));
  return rewritten;
}

}  // namespace tadpole::plan
