// What surrounds a model on a board, by the project's task and signal. Private to this room.
#pragma once

#include <optional>

#include "board/virtual_board.h"
#include "codegen/library.h"
#include "features/feature_block.h"
#include "project/config.h"
#include "project/gate.h"

namespace tadpole::project {

/// One of the two: speech for keywords, signal for all else.
struct Application {
  std::optional<codegen::SpeechApplication> speech;
  std::optional<codegen::SignalApplication> signal;
};

/// `graph`: the int8 model. `labels`: of its outputs, empty where they are not classes. `threshold`: of
/// anomalies. `block` and `gate` (null: none) must outlive the result. Fails: type_unsupported for a float
/// model.
Result<Application> make_application(const ProjectConfig& config, const features::FeatureBlock& block,
                                     const ir::Graph& graph, const std::vector<std::string>& labels,
                                     float threshold, const ModelGate* gate = nullptr);

/// Sends what a sensor gives for `signal` and returns the answer. Fails: as VirtualBoard::answer.
Result<std::vector<uint8_t>> answer_on_board(board::VirtualBoard& machine,
                                             const features::FeatureBlock& block,
                                             const samples::Signal& signal);

}  // namespace tadpole::project
