// Few different weights: a file that a compressor makes small. In: a float or int8 graph. Out: the same graph
// with weights moved to the nearest of a few levels.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"

namespace tadpole::quantise {

/// At most `levels` numbers near which the values lie: k-means in one dimension (Lloyd's algorithm), begun
/// with levels evenly spread between the extremes, until nothing moves or 100 rounds. Sorted, without
/// repetitions; the same values give the same bits. Cost: O(values log values + levels * rounds).
std::vector<double> levels_of(std::span<const double> values, int levels);

/// Moves the weights of every convolution and dense layer to the nearest of `levels` numbers of its own,
/// which of int8 weights are whole. Layers with fewer weights than four times the levels stay. RAM, code and
/// time on a chip stay as they are. Fails: train_bad_setting unless 2 <= levels <= 256. Source: Han, Mao and
/// Dally 2016, "Deep compression" (whose evenly spread start was the best of three).
Result<ir::Graph> cluster_weights(const ir::Graph& graph, int levels);

}  // namespace tadpole::quantise
