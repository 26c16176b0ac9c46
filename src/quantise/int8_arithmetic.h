// The int8 graph as the arithmetic of a network in training. Inside this room only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "quantise/range.h"
#include "train/arithmetic.h"

namespace tadpole::quantise {

/// Weights become those of int8_graph(folded with these weights, ranges, int4_layers) at each load(), with
/// scales of their own; activations are what the integer plan of that graph computes, kernels of this
/// computer. Float and integers thus cannot disagree. `folded` is one that check_input accepts. load() fails:
/// quantise_bad_range, or as plan::lower. Cost of load(): O(weights), and the lowering.
std::shared_ptr<train::Arithmetic> make_int8_arithmetic(const ir::Graph& folded, std::vector<Range> ranges,
                                                        std::vector<std::string> int4_layers = {});

}  // namespace tadpole::quantise
