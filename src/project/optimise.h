// tadpole optimise: the newest trained model made smaller in several ways, and what each way costs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "project/pipeline.h"

namespace tadpole::project {

struct OptimiseOptions {
  std::string board = {};              ///< "": the project's
  double budget = 0.01;                ///< of the headline on the validation side that may be lost
  int updates = 0;                     ///< of fine-tuning; 0: a third of [train] updates
  std::vector<std::string> only = {};  ///< names of rungs; empty: all
};

/// What optimise can make: its name and what is done.
struct RungName {
  std::string_view name, words;
};
std::vector<RungName> rung_names();

/// One model of the ladder, and what it costs.
struct OptimisePoint {
  std::string name, words;
  std::string model;                         ///< runs/N/optimise/NAME.tflite
  std::optional<double> validation, tested;  ///< headlines
  int64_t parameters = 0, macs = 0;
  int64_t tflite_bytes = 0, compressed_bytes = 0;  ///< the file, and what zlib makes of it
  double zeros = 0;                                ///< share of the weights
  std::optional<int64_t> arena_bytes, ram_bytes, flash_bytes, flash_code_bytes, flash_weights_bytes,
      instructions;
  std::optional<double> milliseconds_estimated;
  int64_t flash_limit_bytes = 0;  ///< that it was built with; 0: none
  std::string not_on_board;       ///< why the board figures are missing
  bool on_front = false;  ///< no other point is as good in accuracy, RAM, flash and time and better in one
};

struct OptimiseSummary {
  std::string run, report, picture;  ///< runs/N/optimise.svg
  std::string board, headline_name;
  double budget = 0;
  int updates = 0;          ///< of fine-tuning
  std::string recommended;  ///< name of a point
  std::vector<OptimisePoint> points;
  std::vector<std::string> left_out;  ///< rungs that this network does not have, and why
};

/// Makes, judges and measures the rungs, from the newest run that was trained. Models are judged on the
/// validation side, by which one is recommended (the fewest instructions within the budget, then the least
/// flash), and on the test side. The report gets a section; optimise.svg is the picture. When it is stopped,
/// the models and figures so far stay. Fails: run_missing, config_bad_value (a rung that does not exist),
/// unknown_board, and as train_project, quantise_project and profile_model.
Result<OptimiseSummary> optimise_project(const Project& project, const OptimiseOptions& options, Tools tools);

/// As in report.json: docs/formats/report.md.
nlohmann::json to_json(const OptimiseSummary& summary);

/// A point that became the project's model.
struct UsedPoint {
  std::string name, words;
  std::string run, model, report;  ///< model: runs/N/model.tflite
  std::string replaced;            ///< the point or scheme whose model stood there; "" for none
  std::string headline_name;       ///< as in TrainSummary
  std::optional<double> tested;    ///< on the test side, judged anew
  int64_t flash_limit_bytes = 0;   ///< that [deploy] needs for its figures; 0: none
};

/// Makes a point of the newest optimise run the project's int8 model: the file replaces runs/N/model.tflite
/// at once, and the report's evaluation, agreement and quantisation become the point's, with the settings
/// that made it. Fails: run_missing (no optimise run, or a later run's model would be used instead),
/// config_bad_value (no such point: names those there are), as judge_model.
Result<UsedPoint> use_optimised(const Project& project, const std::string& name, Tools tools);

}  // namespace tadpole::project
