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
#include "samples/dataset.h"
#include "train/trainer.h"

namespace tadpole::project {

/// [data]
struct DataConfig {
  std::string path = "data";         ///< relative to the project's folder
  std::vector<std::string> classes;  ///< the words to tell apart; empty = every folder
  std::string split_by = "group";
  samples::SplitOptions split;
  bool skip_bad = false;
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
};

/// All sections. Member defaults are the defaults of the file.
struct ProjectConfig {
  int format = 1;
  std::string name = "my-project";
  std::string task = "keyword";
  DataConfig data;
  /// Up to 7600 Hz: the hiss of "yes" and "stop" lies above 4 kHz (docs/results.md).
  features::FeatureConfig features{.high_hz = 7600};
  samples::AugmentOptions augment;
  samples::MaskOptions masks;
  std::string architecture = "ds_cnn_s";
  train::TrainOptions train;
  std::string teacher;  ///< "" or a .tflite or a run's folder, relative to the project's
  int threads = 0;      ///< 0: as many as there are processors
  std::string scheme = "int8";
  int calibration_samples = 200;
  DeployConfig deploy;
};

/// Reads the text of `file_name` (used in messages). Every key is checked: an unknown one is refused with its
/// line and the nearest known key, a wrong type or a value outside its range with what was found and what is
/// needed. Fails: config_syntax, config_unknown_key, config_wrong_type, config_bad_value, config_version.
Result<ProjectConfig> parse_config(std::string_view text, const std::string& file_name);

/// The commented file for `config`. parse_config of it gives `config` again.
std::string config_text(const ProjectConfig& config);

}  // namespace tadpole::project
