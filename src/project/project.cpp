// Opening and numbering: the folder side of a project. Making one: new_project.cpp.
#include "project/project.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include "data/files.h"
#include "evaluate/report.h"

namespace tadpole::project {

namespace fs = std::filesystem;

namespace {

constexpr const char* kConfigFile = "tadpole.toml";
/// Sections of report.json into which the steps write; docs/formats/report.md.
constexpr std::array<std::string_view, 11> kObjects = {"agreement",    "board",     "data",  "evaluation",
                                                       "features",     "gate",      "model", "optimise",
                                                       "quantisation", "threshold", "train"};

}  // namespace

Result<Project> Project::open(const std::string& folder) {
  const std::string file = folder + "/" + kConfigFile;
  std::error_code ignored;
  if (!fs::exists(file, ignored)) {
    return Error{Code::project_missing, "there is no " + std::string(kConfigFile) + " in " +
                                            fs::absolute(folder).lexically_normal().string() + "."};
  }
  TADPOLE_TRY(const std::string text, data::read_text(file));
  Project project;
  project.folder_ = folder;
  TADPOLE_TRY(project.config_, parse_config(text, folder == "." ? kConfigFile : file));
  return project;
}

Result<Project> Project::as_of(const std::string& run) const {
  const std::string file = run + "/config.toml";
  TADPOLE_TRY(const std::string text, data::read_text(file));
  Project past = *this;
  TADPOLE_TRY(past.config_, parse_config(text, file));
  past.config_.scheme = config_.scheme;
  past.config_.qat_updates = config_.qat_updates;
  past.config_.qat_learning_rate = config_.qat_learning_rate;
  past.config_.calibration_samples = config_.calibration_samples;
  past.config_.anomaly = config_.anomaly;
  past.config_.gate = config_.gate;
  past.config_.threshold = config_.threshold;
  past.config_.deploy = config_.deploy;
  past.config_.threads = config_.threads;
  return past;
}

Result<void> Project::change(std::span<const SettingChange> changes) {
  const std::string file = folder_ + "/" + kConfigFile;
  const std::string name = folder_ == "." ? kConfigFile : file;
  TADPOLE_TRY(const std::string text, data::read_text(file));
  TADPOLE_TRY(const std::string changed, change_settings(text, name, changes));
  TADPOLE_TRY(config_, parse_config(changed, name));
  return data::write_text(file, changed);
}

std::string Project::data_folder() const {
  const fs::path path = config_.data.path;
  return path.is_absolute() ? path.string() : (fs::path(folder_) / path).lexically_normal().string();
}

std::vector<std::string> Project::runs() const {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_ + "/runs", ignored)) {
    const std::string name = entry.path().filename().string();
    const bool numbered = name.size() >= 4 && std::all_of(name.begin(), name.end(),
                                                          [](unsigned char c) { return std::isdigit(c); });
    if (numbered) found.push_back((fs::path(folder_) / "runs" / name).lexically_normal().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<std::string> Project::new_run() const {
  const std::vector<std::string> earlier = runs();
  const int number = earlier.empty() ? 1 : std::stoi(fs::path(earlier.back()).filename().string()) + 1;
  std::string name = std::to_string(number);
  if (name.size() < 4) name.insert(0, 4 - name.size(), '0');
  const std::string path = (fs::path(folder_) / "runs" / name).lexically_normal().string();
  TADPOLE_CHECK(data::make_folders(path));
  return path;
}

Result<std::string> Project::latest_run(const std::string& artefact, const std::string& command) const {
  const std::vector<std::string> all = runs();
  std::error_code ignored;
  for (auto run = all.rbegin(); run != all.rend(); ++run) {
    if (fs::exists(*run + "/" + artefact, ignored)) return *run;
  }
  return Error{Code::run_missing, "no run in " + (fs::path(folder_) / "runs").lexically_normal().string() +
                                      " has " + artefact + ". Run first: " + command};
}

Result<RunReport> RunReport::open(const std::string& run_folder) {
  RunReport report;
  report.folder_ = run_folder;
  std::error_code ignored;
  const std::string file = run_folder + "/report.json";
  if (!fs::exists(file, ignored)) return report;
  TADPOLE_TRY(const std::string text, data::read_text(file));
  report.json = nlohmann::json::parse(text, nullptr, false);
  const auto damaged = [&](const std::string& what) {
    return Error{Code::file_unreadable, file + " is damaged: " + what + ". Delete it and run: tadpole train"};
  };
  if (!report.json.is_object()) return damaged("it is not a JSON object");
  for (const auto& [name, section] : report.json.items()) {
    const bool known = std::find(kObjects.begin(), kObjects.end(), name) != kObjects.end();
    if (known && !section.is_object()) return damaged("\"" + name + "\" is not an object");
  }
  return report;
}

Result<void> RunReport::save() const {
  TADPOLE_CHECK(data::write_text(folder_ + "/report.json", json.dump(1) + "\n"));
  return data::write_text(html_path(), evaluate::render_report_html(json));
}

}  // namespace tadpole::project
