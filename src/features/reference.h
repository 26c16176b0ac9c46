// The formula of docs/formats/features.md in double precision with a plain DFT: the judge of device/dsp, slow
// on purpose.
#pragma once

#include <vector>

#include "features/feature_config.h"

namespace tadpole::features {

/// Features of `clip` (PCM values, clip_samples of them), row-major [frames, values_per_frame], real values.
/// Shares with the device only the definitions (mel scale, window, sizes), no table and no rounding. Cost
/// O(frames * lines * window).
std::vector<float> reference_features(const FeatureConfig& config, const std::vector<double>& clip);

}  // namespace tadpole::features
