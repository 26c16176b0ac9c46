// Which int8 scale each activation gets. Inside this room only.
#pragma once

#include <optional>
#include <vector>

#include "quantise/range.h"

namespace tadpole::quantise {

/// The input that a layer computes on: not the axis of a split or the shape of a transposed convolution.
int data_position(ir::Op op);

/// A scale and zero point for every graph input and node output, by the TFLite int8 specification: softmax
/// and logistic 1/256 from -128, tanh 1/128; layers that move or compare values keep the scale of their
/// input, and those that join several values one scale for all, which spans all their ranges; any other layer
/// its own range. `wide`: the int16 scales instead, all with zero point 0, softmax, logistic and tanh
/// 1/32768. Fails: quantise_bad_range (a join of values whose scales are fixed and differ; names the layer).
Result<std::vector<std::optional<ir::Quantisation>>> activation_scales(const ir::Graph& folded,
                                                                       const std::vector<Range>& ranges,
                                                                       bool wide = false);

}  // namespace tadpole::quantise
