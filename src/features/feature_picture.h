// Features as pictures that a person can judge: SVG for files and pages, characters for a terminal.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "features/feature_block.h"

namespace tadpole::features {

/// A drawing of features, [height, width, channels] of `block`: sound with time to the right and low
/// frequencies below, pictures and strokes as pictures, everything else as a map with a row for each column
/// of the block. Colours reach from the least to the greatest value of all, for coefficients and
/// axes of each row; the legend names the least and the greatest of all. An SVG document.
std::string feature_svg(const FeatureBlock& block, std::span<const int16_t> features,
                        const std::string& title);

/// Several drawings beside each other, `columns` in a row, each with its title. An SVG document.
struct TitledFeatures {
  std::string title;
  std::vector<int16_t> features;
};
std::string feature_sheet_svg(const FeatureBlock& block, std::span<const TitledFeatures> drawings,
                              int columns);

/// The same in at most `columns` x `rows` characters, from blank (least) to @ (greatest), a newline after
/// each row. Cells of several values show their mean.
std::string feature_text(const FeatureBlock& block, std::span<const int16_t> features, int columns, int rows);

}  // namespace tadpole::features
