// Batch norms put back behind the convolutions of a folded graph, so that it trains on as well as it once
// learnt.
#pragma once

#include "quantise/quantise.h"

namespace tadpole::quantise {

/// The same function with a batch norm between each convolution (depthwise ones too) and its activation. Its
/// statistics are those of the calibration inputs, its gain and shift what keeps the function; the bias goes
/// into the shift. Layers keep their names. A convolution with an activation other than relu and relu6, or
/// whose weights or bias are no float constants, stays as it is. fold_for_inference is the way back, up to
/// float rounding. Fails: input_size, cancelled, and as plan::lower. Cost: a float pass over the inputs.
Result<ir::Graph> unfold_batch_norms(const ir::Graph& folded, const CalibrationSet& calibration,
                                     Workers& workers, Progress& progress);

}  // namespace tadpole::quantise
