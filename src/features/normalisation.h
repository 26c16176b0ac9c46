// Measures what [features] centre and spread leave open.
#pragma once

#include <span>

#include "base/result.h"
#include "features/feature_config.h"

namespace tadpole::features {

/// Fills config.centre and config.spread with mean and standard deviation of each column of the features over
/// all rows of `signals` (a column that never changes gets a spread of 1), when normalise is "data" and both
/// are empty; else does nothing. Fails: as FeatureBlock::create and accepts. Cost: one float pass over the
/// signals.
Result<void> fit_normalisation(FeatureConfig& config, std::span<const samples::Signal* const> signals);

}  // namespace tadpole::features
