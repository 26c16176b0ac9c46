// Recurrent layers that TFLite has no operator for, written as the operators that they are made of. Inside
// this room only.
#pragma once

#include "ir/graph.h"

namespace tadpole::quantise {

/// The same function with every GRU that begins with zeros as dense layers, sums, products, logistic and
/// tanh, step by step; the steps share their weights. A GRU that keeps its state stays. Exact up to float
/// rounding.
ir::Graph unroll_gru(const ir::Graph& graph);

}  // namespace tadpole::quantise
