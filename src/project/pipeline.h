// The steps of the main job, each of which can be run alone: data, train, quantise, deploy, test on the
// board, answer for one recording. Every step reads what the step before left in the run's folder and adds
// its section to report.json and report.html.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "base/workers.h"
#include "data/speech_folder.h"
#include "project/project.h"

namespace tadpole::project {

/// What a step needs besides the project.
struct Tools {
  Workers& workers;
  Progress& progress;
};

/// Reads the recordings and divides them. Fails: as data::read_speech_folder.
Result<data::Import> read_data(const Project& project, Tools tools);

struct TrainSummary {
  std::string run;    ///< the new run's folder
  std::string model;  ///< runs/N/model_float.tflite
  std::string report;
  double validation_accuracy = 0, test_accuracy = 0;  ///< silence not counted
  double seconds = 0, samples_per_second = 0;         ///< training only
  int epochs = 0;
  nlohmann::json test;  ///< evaluate::ClassificationResult
};

/// Features, training and evaluation in a new run: config.toml, metrics.jsonl, model_float.tflite, report.
/// `resume` goes on with the newest run that was interrupted. Fails: as read_data, train::train; disk_full.
Result<TrainSummary> train_project(const Project& project, bool resume, Tools tools);

struct QuantiseSummary {
  std::string run, model, report;
  int64_t tflite_bytes = 0, float_bytes = 0;
  double float_accuracy = 0, int8_accuracy = 0;
  int same_answers = 0, count = 0;  ///< test recordings that float and int8 answer alike
  nlohmann::json layers;            ///< signal-to-noise of each layer
};

/// The newest trained model to int8: runs/N/model.tflite. Fails: run_missing, quantise_bad_range, cancelled.
Result<QuantiseSummary> quantise_project(const Project& project, Tools tools);

struct DeploySummary {
  std::string run, library, firmware, report;
  int64_t ram_bytes = 0, ram_limit = 0, flash_bytes = 0, flash_limit = 0, arena_bytes = 0,
          arena_lower_bound_bytes = 0;
  int64_t instructions = 0, feature_instructions = 0;  ///< of one inference; of the features of one stride
  double milliseconds_estimated = 0, microjoules_estimated = 0, real_time_factor = 0;
  nlohmann::json layers;
};

/// The newest int8 model to a C++ library and a firmware, built, booted and measured on the board.
/// Fails: run_missing, unknown_board, does_not_fit, too_slow, program_missing, compile_failed, board_fault,
/// board_silent, cancelled.
Result<DeploySummary> deploy_project(const Project& project, const std::string& board, Tools tools);

struct BoardTestSummary {
  std::string run, report;
  int count = 0, same_answers = 0, same_bytes = 0;  ///< compared with the host
  double accuracy = 0, seconds = 0;
  nlohmann::json stream;  ///< of the long recording
};

/// Streams the test side to the firmware of the newest deployed run and compares each answer with the host's;
/// then the long recording. Fails: as deploy_project.
Result<BoardTestSummary> test_on_board(const Project& project, const std::string& board, Tools tools);

struct Answer {
  std::string label;
  double score = 0;
  std::vector<std::string> classes;
  std::vector<double> scores;
  std::vector<std::string> conversions;  ///< what was done to the recording to make it fit
};

/// What the newest int8 model hears in one recording.
Result<Answer> answer_recording(const Project& project, const std::string& path);

}  // namespace tadpole::project
