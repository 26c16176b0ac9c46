// Where boxes and arrows of a layered picture go. Knows nothing of networks. Private to this room.
// Source of the method: Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System
// Structures" (1981): ranks, order within a rank by barycentres, then positions.
#pragma once

#include <utility>
#include <vector>

namespace tadpole::project {

struct PictureBox {
  double width = 0, height = 0;  ///< in
  double x = 0, y = 0;           ///< out: of the upper left corner
};

/// An arrow from the bottom of one box to the top of another, by way of `bends` (downwards).
struct PictureArrow {
  int from = 0, to = 0;
  std::vector<std::pair<double, double>> bends = {};  ///< out
  bool next_column = false;  ///< out: goes on at the top of the next column; the way there is at `gutter_x`
  double gutter_x = 0;
};

struct PictureSize {
  double width = 0, height = 0;
};

/// Places the boxes from (0, 0) on. Every arrow must lead from an earlier box to a later one.
PictureSize lay_out_picture(std::vector<PictureBox>& boxes, std::vector<PictureArrow>& arrows);

}  // namespace tadpole::project
