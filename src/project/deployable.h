// The newest int8 model of a project together with what surrounds it on a board. Private to this room.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "features/feature_block.h"
#include "ir/graph.h"
#include "project/application.h"
#include "project/project.h"

namespace tadpole::project {

struct Deployable {
  Project project;  ///< as of the run
  std::string run, path;
  std::vector<uint8_t> bytes;  ///< of the model file
  ir::Graph graph;
  std::unique_ptr<const features::FeatureBlock> block;  ///< application points into it
  std::vector<std::string> labels;                      ///< empty where outputs are not classes
  std::unique_ptr<const ModelGate> gate;                ///< null: none; application points into it
  Application application;
  RunReport report;
};

/// Fails: run_missing, features_bad_setting, input_size or type_unsupported for a model that was replaced,
/// file_unreadable, and as read_gate.
Result<Deployable> read_deployable(const Project& current);

}  // namespace tadpole::project
