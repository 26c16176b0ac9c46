// Sound as a picture: the log-mel matrix, for reports and the studio.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "features/feature_block.h"

namespace tadpole::features {

/// A matrix to draw: rows are frames (time), columns are mel bands (low to high). Values in natural-log
/// units, >= 0; silence is 0, the loudest possible sound stays below 30.
struct Spectrogram {
  int rows = 0, cols = 0;
  std::vector<float> values;  ///< row-major
};

/// The log-mel energies of a clip with the window, stride and bands of `block`, whichever kind it is: for an
/// MFCC what it hears before its cosine transform. Padded and cut as FeatureBlock::extract does.
Spectrogram log_mel_picture(const FeatureBlock& block, std::span<const int16_t> pcm);

}  // namespace tadpole::features
