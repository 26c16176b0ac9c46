// The steps of the main job, each of which can be run alone: data, train, quantise, deploy, test on the
// board, answer for one recording. Every step reads what the step before left in the run's folder and adds
// its section to report.json and report.html.
#pragma once

#include <optional>
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

/// Reads the samples and divides them. Fails: as data::read_speech_folder and data::read_folder.
Result<data::Import> read_data(const Project& project, Tools tools);

struct TrainSummary {
  std::string run;    ///< the new run's folder
  std::string model;  ///< runs/N/model_float.tflite
  std::string report;
  std::string headline_name;  ///< what the next two are: "accuracy" (silence not counted), "r_squared", "auc"
  std::optional<double> validation, tested;
  double seconds = 0, samples_per_second = 0;  ///< training only
  int epochs = 0;
  nlohmann::json test;  ///< as evaluation.float of report.json
};

/// Features, training and evaluation in a new run: config.toml, metrics.jsonl, model_float.tflite, report.
/// `resume` goes on with the newest run that was interrupted. Fails: as read_data, train::train; disk_full.
Result<TrainSummary> train_project(const Project& project, bool resume, Tools tools);

struct RateSummary {
  double proposal = 0, largest = 0;  ///< learning rates: to use, and beyond which the loss grows
  std::string words, picture;        ///< what to do; runs/N/learning_rate.svg
};

/// The range test for the learning rate in a new run's folder; nothing is trained. Fails: as train_project,
/// train::find_rate.
Result<RateSummary> find_learning_rate(const Project& project, Tools tools);

/// What a model file (.tflite or ONNX, float or int8) answers on the test side: as evaluation.float of
/// report.json. Its outputs are taken as the project's classes in their order. Nothing is written. Fails: as
/// read_data; file_not_found, tflite_damaged ..., input_size (takes other features or gives other answers).
Result<nlohmann::json> test_model(const Project& project, const std::string& path, Tools tools);

struct QuantiseSummary {
  std::string run, model, report;
  std::string scheme;  ///< of [quantise]
  int64_t tflite_bytes = 0, float_bytes = 0;
  std::string headline_name;  ///< as in TrainSummary
  std::optional<double> in_float, in_int8;
  int same_answers = 0, count = 0;  ///< test samples that float and int8 answer alike
  nlohmann::json layers;            ///< signal-to-noise of each layer
};

/// The newest trained model to int8: runs/N/model.tflite. With scheme "int8_qat" it is trained on as int8
/// first. Fails: run_missing, config_bad_value (a scheme that does not suit the task), as train::train,
/// quantise_bad_range, cancelled.
Result<QuantiseSummary> quantise_project(const Project& project, Tools tools);

struct ThresholdOptions {
  bool write = true;  ///< into tadpole.toml and the report; false: only look
  uint64_t seed = 1;  ///< keyword: of the recordings
};
struct ThresholdSummary {
  std::string run, report;
  /// In which settings the choice lies, as they stand in the file.
  std::vector<SettingChange> settings;
  nlohmann::json section;  ///< "threshold" of report.json
};

/// Chooses from the validation side when to answer, by the costs in [threshold], and writes it to
/// tadpole.toml for the next firmware; then measures on the test side what that does. Keyword: average and
/// threshold of the spotter, on a long recording of words in noise. Anomaly: the margin of the threshold.
/// Fails: run_missing, config_bad_value for other tasks, evaluate_no_words, evaluate_bad_scores when the
/// validation side cannot tell or never to answer would be cheapest, cancelled.
Result<ThresholdSummary> choose_threshold(Project& project, const ThresholdOptions& options, Tools tools);

struct DeploySummary {
  std::string run, library, firmware, report;
  int64_t ram_bytes = 0, ram_limit = 0, flash_bytes = 0, flash_limit = 0, arena_bytes = 0,
          arena_lower_bound_bytes = 0;
  int64_t instructions = 0, feature_instructions = 0;  ///< of one inference; of the features of one stride
  double milliseconds_estimated = 0, microjoules_estimated = 0, real_time_factor = 0;
  nlohmann::json layers;
  nlohmann::json duty;  ///< of a firmware that sleeps: as board.duty of report.json; else null
};

/// The newest int8 model to a C++ library and a firmware, built, booted and measured on the board.
/// Fails: run_missing, unknown_board, does_not_fit, too_slow, program_missing, compile_failed, board_fault,
/// board_silent, cancelled.
Result<DeploySummary> deploy_project(const Project& project, const std::string& board, Tools tools);

struct BoardTestSummary {
  std::string run, report;
  int count = 0, same_answers = 0, same_bytes = 0;  ///< compared with the host
  std::string headline_name;                        ///< as in TrainSummary
  std::optional<double> on_board;
  double seconds = 0;
  nlohmann::json stream;  ///< of the long recording; empty where nothing listens
};

/// Streams the test side to the firmware of the newest deployed run and compares each answer with the host's;
/// then the long recording. Fails: as deploy_project.
Result<BoardTestSummary> test_on_board(const Project& project, const std::string& board, Tools tools);

/// What is said of one sample. Classes: `label` and its score, and the scores of all; behind a gate the label
/// may be "not seen before", with scores of 0. Numbers: `classes` are
/// their names and `scores` their values. Anomalies: `label` is "normal" or "anomaly", with score and
/// threshold.
struct Answer {
  std::string label;
  double score = 0;
  std::optional<double> threshold;
  std::vector<std::string> classes;
  std::vector<double> scores;
  std::vector<std::string> conversions;  ///< what was done to the file to make it fit
};

/// What the newest int8 model answers for one file: sound, a picture, or CSV of a series, a row or a line.
/// Fails: run_missing, and what the readers of such files and FeatureBlock::accepts say.
Result<Answer> answer_file(const Project& project, const std::string& path);

}  // namespace tadpole::project
