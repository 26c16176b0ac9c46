// tadpole.toml: everything that was decided about a project. Text in, checked settings out, and the other way
// round.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "features/feature_block.h"
#include "samples/augment.h"
#include "samples/augment_image.h"
#include "samples/augment_motion.h"
#include "samples/dataset.h"
#include "train/trainer.h"
#include "train/transfer.h"
#include "zoo/custom.h"

namespace tadpole::project {

/// [data]
struct DataConfig {
  std::string path = "data";         ///< relative to the project's folder
  std::vector<std::string> classes;  ///< to tell apart; empty = every folder. Task anomaly: what is normal
  std::string label;                 ///< table: the column of classes; "" = the last one
  std::vector<std::string> targets;  ///< regression: the columns of numbers to predict
  std::vector<std::string> ignore;   ///< table, regression: columns to leave out
  int window_ms = 0;                 ///< series: recordings are cut into windows of this length; 0 = not
  int stride_ms = 0;                 ///< series: from one window to the next; 0 = as long as a window
  std::string split_by = "group";
  samples::SplitOptions split;
  bool skip_bad = false;
};

/// [anomaly]: how the threshold is chosen from the scores of normal samples that training has not seen.
struct AnomalyConfig {
  float percentile = 99;  ///< so many percent of them lie below it ...
  float margin = 1.2f;    ///< ... before it is multiplied by this
};

/// [gate]: what a classifier is not asked about, because it resembles nothing that was learnt.
struct GateConfig {
  std::string method = "none";  ///< k_means, mahalanobis
  float false_refusals = 1;     ///< percent of the validation side that may be kept out
  int centres = 16;             ///< k_means
};

/// [threshold]: what mistakes cost, by which tadpole threshold chooses when to answer. Any unit will do: only
/// how the costs compare counts.
struct ThresholdConfig {
  float miss_cost = 1;          ///< of a word that was not heard, an anomaly that was not noticed
  float false_accept_cost = 1;  ///< of an answer to nothing
  float events_per_hour = 0;    ///< words or anomalies that really come; 0 = as many as in the samples
  int minutes = 20;             ///< keyword: length of the recordings that it listens to
};

/// [deploy]
struct DeployConfig {
  std::string board = "virtual-nano33ble";
  float threshold = 0.6f;         ///< averaged score from which a word counts as heard
  int average_window_ms = 500;    ///< scores are averaged over so long
  int minimum_count = 3;          ///< inferences that the average must hold
  int minimum_span_ms = 200;      ///< and the time that they must span
  int suppression_ms = 1500;      ///< the same word is not reported again so soon
  int inference_stride_ms = 100;  ///< time from one inference to the next
  int ram_limit = 0;              ///< bytes, as plan::Target::ram_limit_bytes
  int flash_limit = 0;            ///< bytes, as plan::Target::flash_limit_bytes
  int wake_every_ms = 0;          ///< series: one window so often, asleep in between; 0 = always awake
  float sleep_microamps = 0;      ///< that the whole device draws asleep; 0 = not known
  float supply_volts = 3;
  float battery_mah = 0;  ///< milliampere hours; 0 = not known
};

/// [model] arch of a network that [[model.layers]] describe.
inline constexpr std::string_view kCustomArchitecture = "custom";

/// All sections. Member defaults are the defaults of the file.
struct ProjectConfig {
  int format = 1;
  std::string name = "my-project";
  std::string task = "keyword";
  DataConfig data;
  /// Up to 7600 Hz: the hiss of "yes" and "stop" lies above 4 kHz (docs/results.md).
  features::FeatureConfig features{.high_hz = 7600};
  samples::AugmentOptions augment;
  samples::ImageAugment augment_image;
  samples::SeriesAugment augment_series;
  samples::StrokeAugment augment_stroke;
  samples::MaskOptions masks;
  std::string architecture = "ds_cnn_s";
  std::vector<zoo::LayerSpec> layers;  ///< of the architecture "custom"
  train::TrainOptions train;
  std::string transfer_model;  ///< "" or a float .tflite or ONNX file, relative to the project's folder
  train::TransferOptions transfer;
  std::string teacher;  ///< "" or a .tflite or a run's folder, relative to the project's
  int threads = 0;      ///< 0: as many as there are processors
  std::string scheme = "int8";
  int qat_updates = 300;  ///< scheme int8_qat: of the fine-tuning
  float qat_learning_rate = 3e-4f;
  int calibration_samples = 200;
  AnomalyConfig anomaly;
  GateConfig gate;
  ThresholdConfig threshold;
  DeployConfig deploy;
};

/// Reads the text of `file_name` (used in messages). Every key is checked: an unknown one is refused with its
/// line and the nearest known key, a wrong type or a value outside its range with what was found and what is
/// needed. Fails: config_syntax, config_unknown_key, config_wrong_type, config_bad_value, config_version.
Result<ProjectConfig> parse_config(std::string_view text, const std::string& file_name);

/// The commented file for `config`. parse_config of it gives `config` again.
std::string config_text(const ProjectConfig& config);

}  // namespace tadpole::project
