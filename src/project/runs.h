// The runs of a project side by side: what was set differently, what came out, how they learnt.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "project/project.h"
#include "train/trainer.h"

namespace tadpole::project {

struct RunRow {
  std::string name;  ///< "0003"
  /// Settings in which the runs differ, section and key; in the order of Runs::settings. "" where this run's
  /// settings cannot be read.
  std::vector<std::string> settings;
  std::vector<train::EpochMetrics> epochs;                              ///< of metrics.jsonl
  bool finished = false;                                                ///< has a trained model
  std::optional<double> float_accuracy, int8_accuracy, board_accuracy;  ///< on the test side
  std::optional<int64_t> parameters, tflite_bytes, ram_bytes, flash_bytes;
};

struct Runs {
  std::vector<std::string> settings;  ///< names such as "train.learning_rate"
  std::vector<RunRow> rows;           ///< oldest first
};

/// Reads what the runs left behind; what is damaged is left out. Fails: run_missing when there are none.
Result<Runs> read_runs(const Project& project);

/// The lines of metrics.jsonl. A last line that was cut off by a kill, and lines that are no metrics, are
/// left out.
std::vector<train::EpochMetrics> parse_metrics(const std::string& text);

nlohmann::json to_json(const Runs& runs);
/// One line a run: name, finished, accuracies, sizes, then the settings that differ. RFC 4180.
std::string to_csv(const Runs& runs);
/// The table for people.
std::string to_text(const Runs& runs);
/// The losses of all runs over the updates, as an SVG file; training dashed. "" without metrics.
std::string learning_curves(const Runs& runs);

}  // namespace tadpole::project
