// The samples of a project, by its task, and the settings that are measured on them.
#include "project/read_data.h"

#include <algorithm>

#include "data/folder.h"
#include "features/normalisation.h"
#include "project/prepare.h"
#include "project/task.h"

namespace tadpole::project {

namespace {

/// Of pictures that the user gave no size for: more costs much on a small chip.
constexpr int kLargestSide = 96;

/// What lies in the data folder.
Result<data::DataKind> data_kind_of(const ProjectConfig& config) {
  if (config.task == "table" || config.task == "regression") return data::DataKind::table;
  TADPOLE_TRY(const features::SignalKind kind, features::kind_of_block(config.features.block));
  switch (kind) {
    case features::SignalKind::image:
      return data::DataKind::image;
    case features::SignalKind::stroke:
      return data::DataKind::stroke;
    case features::SignalKind::series:
      return data::DataKind::series;
    case features::SignalKind::audio:
      break;
  }
  return Error{Code::config_bad_value, "[features] block = \"" + config.features.block +
                                           "\" is made for sound; task \"" + config.task +
                                           "\" needs a block for pictures, series or strokes."};
}

/// The size of the pictures, at most kLargestSide: what the user left open.
void measure_pictures(const samples::Dataset& data, features::FeatureConfig& config) {
  if (config.width > 0 && config.height > 0) return;
  const samples::Image& first = data.samples[0].image();
  if (config.width == 0) config.width = std::clamp(first.width, 1, kLargestSide);
  if (config.height == 0) config.height = std::clamp(first.height, 1, kLargestSide);
}

/// Axes, rate and length of the series that most of the training side has.
void measure_series(const samples::Dataset& data, features::FeatureConfig& config) {
  std::vector<size_t> lengths;
  for (const int index : data.indices(samples::Side::train)) {
    const samples::Series& series = data.samples[static_cast<size_t>(index)].series();
    if (config.axes.empty()) config.axes = series.axes;
    if (config.rate_hz == 0) config.rate_hz = static_cast<float>(series.rate_hz);
    lengths.push_back(series.steps());
  }
  if (config.steps > 0 || lengths.empty()) return;
  std::nth_element(lengths.begin(), lengths.begin() + static_cast<ptrdiff_t>(lengths.size() / 2),
                   lengths.end());
  config.steps = std::max(1, static_cast<int>(lengths[lengths.size() / 2]));
}

}  // namespace

data::FolderOptions word_options(const Project& project) {
  const ProjectConfig& config = project.config();
  data::FolderOptions options;
  options.words = config.data.classes;
  options.sample_rate_hz = config.features.sample_rate_hz;
  options.clip_ms = config.features.clip_ms;
  options.split = config.data.split;
  options.skip_bad = config.data.skip_bad;
  return options;
}

Result<data::Import> read_data(const Project& project, Tools tools) {
  const ProjectConfig& config = project.config();
  const Task& task = task_of(config);
  if (task.listens) {
    return data::read_speech_folder(project.data_folder(), word_options(project), tools.workers,
                                    tools.progress);
  }
  data::ReadOptions options;
  TADPOLE_TRY(options.kind, data_kind_of(config));
  (task.goal == GoalKind::anomalies ? options.normal : options.classes) = config.data.classes;
  if (task.goal == GoalKind::anomalies && options.normal.empty()) options.normal = {std::string(kNormalName)};
  options.split = config.data.split;
  options.split_by_time = config.data.split_by == "time";
  options.skip_bad = config.data.skip_bad;
  options.rate_hz = static_cast<double>(config.features.rate_hz);
  options.window_ms = config.data.window_ms;
  options.stride_ms = config.data.stride_ms;
  options.label = config.data.label;
  if (task.goal == GoalKind::numbers) options.targets = config.data.targets;
  options.ignore = config.data.ignore;
  return data::read_folder(project.data_folder(), options, tools.workers, tools.progress);
}

Result<void> measure_settings(const samples::Dataset& data, ProjectConfig& config) {
  TADPOLE_TRY(const features::SignalKind kind, features::kind_of_block(config.features.block));
  if (data.samples.empty()) return {};
  if (kind == features::SignalKind::image) measure_pictures(data, config.features);
  if (kind != features::SignalKind::series) return {};
  measure_series(data, config.features);
  const int anomaly = data.class_index(kAnomalyName);
  std::vector<const samples::Signal*> signals;
  for (const int index : data.indices(samples::Side::train)) {
    const auto place = static_cast<size_t>(index);
    if (data.target[place] != anomaly || anomaly < 0) signals.push_back(data.samples[place].signal.get());
  }
  return features::fit_normalisation(config.features, signals);
}

}  // namespace tadpole::project
