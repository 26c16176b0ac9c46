// Inside the folder: neighbouring nodes become one where that is proved to give the same bytes.
#pragma once

#include "plan/rewrite/graph_edit.h"

namespace tadpole::plan::rewriting {

/// Each looks at every node once and returns whether anything changed; call them until nothing does.

/// Nodes whose inputs are all constants are computed with the reference kernels.
bool fold_constants(ir::Graph& graph);
/// Squeeze, expand_dims and chains of reshapes become one reshape; a reshape to the same shape and dropout
/// go.
bool simplify_moves(ir::Graph& graph);
/// Relu, relu6 and int8 requantisation go into the layer before: always where the clamp is all that is added,
/// otherwise when both ways give the same value for every accumulator that the weights can reach.
bool fuse_activations(ir::Graph& graph);
/// Int8 to int8 chains of quantize and dequantize become one node, or none, where all 256 values agree.
bool fuse_requantisations(ir::Graph& graph);
/// Padding with the zero point (or the real 0) becomes padding of the convolutions that read it.
bool fuse_pads(ir::Graph& graph);
/// Float batch norms go into the weights of the layer before. There is no other way to run them: the rounding
/// is that of the new weights.
bool fold_batch_norms(ir::Graph& graph);

}  // namespace tadpole::plan::rewriting
