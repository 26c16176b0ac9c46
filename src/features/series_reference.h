// The formulas of the series blocks in double precision, with a plain DFT: the judge of device/dsp.
#pragma once

#include <vector>

#include "features/feature_config.h"

namespace tadpole::features {

/// Features of a window, [count, axes] values, as SeriesExtractor::extract orders them, before rounding.
/// band_edges: as the device's. Cost O(axes * bands * lines * steps) for spectral.
std::vector<float> series_reference(const FeatureConfig& config, const std::vector<float>& window,
                                    const std::vector<uint16_t>& band_edges, int fft_size);

}  // namespace tadpole::features
