// A project folder: tadpole.toml, data/, runs/0001 ... The folder is the truth; nothing is kept elsewhere.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "project/change_settings.h"
#include "project/config.h"

namespace tadpole::project {

/// What tadpole new is told.
struct NewOptions {
  std::string folder;  ///< where to make the project; its last part is the name
  std::string task = "keyword";
  std::string data;                ///< folder with recordings
  std::vector<std::string> words;  ///< classes; empty: chosen from the name or the folders, see `story`. Task
                                   ///< anomaly: what is normal
  std::string label;               ///< table: as DataConfig::label
  std::vector<std::string> targets;  ///< regression: as DataConfig::targets
  bool few_shot = false;             ///< keyword: from the speech model that comes with Tadpole
  bool copy_data = false;            ///< copy the recordings instead of linking to them
};

class Project {
 public:
  /// Makes the folder with a commented tadpole.toml that suits the task and the data, and data/ as a link to
  /// the data (a copy where links cannot be made). Keywords without words: those in the project's name if
  /// each is a folder ("yes-no"), else the folders that hold at least half as many recordings as the largest;
  /// `story` says which and why. Other tasks without words: every folder; anomaly: the folder "normal".
  /// Fails: project_exists, file_not_found, data_empty, data_one_class, data_unknown_class, config_bad_value.
  static Result<Project> create(const NewOptions& options, std::string& story);

  /// Reads tadpole.toml in `folder`. Fails: project_missing, and as parse_config.
  static Result<Project> open(const std::string& folder);

  /// This project with the data, features and network settings that a run was made with; [quantise],
  /// [anomaly], [gate], [threshold] and [deploy] stay today's.
  Result<Project> as_of(const std::string& run) const;

  /// Changes settings in the file and here; comments and everything else stay. All or nothing. Fails: as
  /// change_settings; file_unwritable.
  Result<void> change(std::span<const SettingChange> changes);

  const std::string& folder() const { return folder_; }
  const ProjectConfig& config() const { return config_; }
  ProjectConfig& config() { return config_; }

  std::string data_folder() const;
  std::string cache_folder() const { return folder_ + "/.cache"; }

  /// Makes the next folder in runs/ ("runs/0001"). Fails: file_unwritable.
  Result<std::string> new_run() const;
  /// The newest run that holds `artefact` ("model_float.tflite"). Fails: run_missing; the message names
  /// `command`.
  Result<std::string> latest_run(const std::string& artefact, const std::string& command) const;
  /// All runs, oldest first.
  std::vector<std::string> runs() const;

 private:
  std::string folder_;
  ProjectConfig config_;
};

/// The sections of report.json that the steps of one run fill one after the other. Each save makes
/// report.html anew.
class RunReport {
 public:
  /// Reads report.json of the run, or starts an empty one. Fails: file_unreadable when it is damaged.
  static Result<RunReport> open(const std::string& run_folder);

  nlohmann::json json;

  /// Writes report.json and report.html.
  Result<void> save() const;
  std::string html_path() const { return folder_ + "/report.html"; }

 private:
  std::string folder_;
};

}  // namespace tadpole::project
