// Float and int8 runs over the calibration inputs. Inside this room only.
#pragma once

#include "quantise/quantise.h"
#include "quantise/range.h"

namespace tadpole::quantise {

/// The calibrated range of every tensor that a node reads or writes and that is not constant; others keep
/// 0..0. Fails: quantise_bad_range (names the tensor that is not finite first in the order of the nodes),
/// input_size, cancelled.
Result<std::vector<Range>> calibrate(const ir::Graph& folded, const CalibrationSet& calibration,
                                     const QuantiseOptions& options, Workers& workers, Progress& progress);

/// The bytes of an int8 input.
std::vector<uint8_t> quantised_input(const ir::Tensor& input, std::span<const float> values);

/// One row a node: float against int8 over options.error_samples inputs. Both graphs have the same nodes and
/// tensor indices.
Result<std::vector<LayerError>> measure_error(const ir::Graph& folded, const ir::Graph& int8,
                                              const CalibrationSet& calibration,
                                              const QuantiseOptions& options, Workers& workers,
                                              Progress& progress);

}  // namespace tadpole::quantise
