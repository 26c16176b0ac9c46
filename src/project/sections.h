// The sections of report.json (docs/formats/report.md), each made from what one step knows. Private to this
// room.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "project/prepare.h"
#include "train/trainer.h"

namespace tadpole::project {

/// format, project, synthetic, data, features and model: what is known before training.
nlohmann::json base_sections(const Project& project, const Prepared& prepared, const ir::Graph& graph);

/// The threshold that the run's int8 model chose when it was judged; 0 without.
float threshold_in(const RunReport& report);

/// One line of metrics.jsonl.
nlohmann::json epoch_json(const train::EpochMetrics& metrics);

nlohmann::json train_section(const train::TrainResult& result, const ProjectConfig& config, int threads);

/// One test clip of each class with what the model answers.
Result<nlohmann::json> spectrogram_section(const Prepared& prepared, const ir::Graph& graph,
                                           const plan::Plan& plan);

/// The classes of the run's model, in the order of its outputs. Fails: file_unreadable when the report has
/// none.
Result<std::vector<std::string>> labels_of(const RunReport& report, const std::string& run);

}  // namespace tadpole::project
