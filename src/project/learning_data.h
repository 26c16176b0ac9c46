// What networks are calibrated on. Private to this room.
#pragma once

#include "project/examples.h"
#include "project/prepare.h"
#include "quantise/quantise.h"

namespace tadpole::project {

/// At most `wanted` training samples, evenly spread over the side. Looks at `prepared`.
quantise::CalibrationSet calibration_of(const Prepared& prepared, int wanted);

}  // namespace tadpole::project
