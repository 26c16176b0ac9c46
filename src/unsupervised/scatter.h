// Points on a plane as a picture: one colour and one shape for each class.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace tadpole::unsupervised {

struct ScatterPicture {
  std::string title = {};
  std::string x_label = {}, y_label = {};  ///< "" for axes without a meaning (t-SNE)
  std::vector<float> positions = {};       ///< [count, 2], finite
  std::vector<int> labels = {};            ///< one a point: its class, or -1 for none; empty: all -1
  std::vector<std::string> classes = {};   ///< names
  std::vector<std::string> names = {};     ///< of the points, shown when one is pointed at; may be empty
};

/// A whole SVG file that needs nothing else, for light and dark backgrounds. Classes differ by shape as well
/// as colour; the text that stands for the picture says how many points each has. Fails: points_unusable when
/// the sizes do not fit or a position is not finite.
Result<std::string> draw_scatter(const ScatterPicture& picture);

}  // namespace tadpole::unsupervised
