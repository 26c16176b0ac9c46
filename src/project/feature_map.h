// A project's samples as points on a plane: whether their features part the classes, before anything is
// trained.
#pragma once

#include <string>

#include "base/result.h"
#include "project/pipeline.h"

namespace tadpole::project {

struct MapOptions {
  std::string method = "pca";  ///< or "tsne"
  int samples = 1000;          ///< at most; evenly spread over the data
  std::string svg_file = "features.svg";
};

struct FeatureMap {
  std::string method, svg_file;
  int points = 0;
  double share = 0;             ///< pca: of the variance that the two axes hold
  double neighbours_alike = 0;  ///< share of the samples whose nearest other one is of their class
};

/// Features of each value brought to mean 0 and deviation 1, drawn in two dimensions, a colour and a shape
/// for each class. Fails: as read_data; points_unusable (fewer than 4 samples); cancelled; disk_full.
Result<FeatureMap> draw_feature_map(const Project& project, const MapOptions& options, Tools tools);

}  // namespace tadpole::project
