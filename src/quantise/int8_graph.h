// The int8 graph of a float graph and its ranges. Inside this room only.
#pragma once

#include <string>
#include <vector>

#include "quantise/quantise.h"
#include "quantise/range.h"

namespace tadpole::quantise {

/// Layers that take constants as they take activations.
bool takes_constants(ir::Op op);

/// What int8_graph relies on: one float input, float throughout, weights that are constants, and no layer
/// that only exists while training. Fails as quantise_int8.
Result<void> check_input(const ir::Graph& folded, const CalibrationSet& calibration);

/// Fails: unknown_layer (one that has no weights, or that there is not).
Result<void> check_int4_layers(const ir::Graph& folded, const std::vector<std::string>& wanted);

/// As quantise_int8 makes it; tensors keep their indices. The weights of `int4_layers` are int4. `wide`: with
/// int16 activations. Fails: quantise_bad_range (names the tensor), op_unsupported (a layer without a wide
/// form).
Result<ir::Graph> int8_graph(const ir::Graph& folded, const std::vector<Range>& ranges,
                             const std::vector<std::string>& int4_layers = {}, bool wide = false);

}  // namespace tadpole::quantise
