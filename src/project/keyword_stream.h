// The long recording that a keyword model is tested on: float and int8 on this computer, and on the board.
// Private to this room.
#pragma once

#include <nlohmann/json.hpp>

#include "board/virtual_board.h"
#include "project/prepare.h"

namespace tadpole::project {

/// The models of a run on this computer.
struct HostModels {
  ir::Graph graph, float_graph;
  plan::Plan plan, float_plan;
  Prepared prepared;
};

struct StreamTest {
  nlohmann::json section;  ///< "stream" of report.json
  bool equals_host = false;
};

/// Makes a minute of test words in noise and lets all three listen to it. Fails: evaluate_no_words,
/// cancelled, and as VirtualBoard::stream.
Result<StreamTest> test_stream(const HostModels& host, const ProjectConfig& config,
                               board::VirtualBoard& machine, Tools tools);

}  // namespace tadpole::project
