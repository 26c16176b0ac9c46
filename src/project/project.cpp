// Making, opening and numbering: the folder side of a project.
#include "project/project.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <map>

#include "base/text.h"
#include "data/files.h"
#include "evaluate/report.h"

namespace tadpole::project {

namespace fs = std::filesystem;

namespace {

constexpr const char* kConfigFile = "tadpole.toml";
/// Sections of report.json into which the steps write; docs/formats/report.md.
constexpr std::array<std::string_view, 8> kObjects = {"agreement", "board", "data",         "evaluation",
                                                      "features",  "model", "quantisation", "train"};
constexpr const char* kIgnored = "# Made by tadpole; can always be made anew.\n.cache/\nruns/\n";

bool is_sound(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension == ".wav" || extension == ".flac" || extension == ".ogg";
}

/// Recordings in each folder of `data`; folders that begin with '_' or '.' are not words.
std::map<std::string, int> count_words(const std::string& data) {
  std::map<std::string, int> counts;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(data, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory(ignored) || name.starts_with("_") || name.starts_with(".")) continue;
    int count = 0;
    for (const auto& file : fs::directory_iterator(entry.path(), ignored)) count += is_sound(file.path());
    if (count > 0) counts[name] = count;
  }
  return counts;
}

std::vector<std::string> words_of_name(const std::string& name, const std::map<std::string, int>& counts) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : name + "-") {
    if (c != '-' && c != '_' && c != ' ') {
      word += c;
      continue;
    }
    if (!counts.contains(word)) return {};
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
    word.clear();
  }
  return words.size() >= 2 ? words : std::vector<std::string>{};
}

std::string quoted_list(const std::vector<std::string>& words) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  return base::join_words(views);
}

/// Chooses the words when the user named none, and tells why.
std::vector<std::string> choose_words(const std::string& name, const std::map<std::string, int>& counts,
                                      std::string& story) {
  std::vector<std::string> words = words_of_name(name, counts);
  if (!words.empty()) {
    story = "Words: " + quoted_list(words) + " (from the project's name).";
    return words;
  }
  int largest = 0;
  for (const auto& [word, count] : counts) largest = std::max(largest, count);
  for (const auto& [word, count] : counts) {
    if (2 * count >= largest) words.push_back(word);
  }
  story =
      "Words: " + quoted_list(words) + " (the folders with at least half as many recordings as the largest).";
  return words;
}

Result<void> check_words(const std::vector<std::string>& words, const std::map<std::string, int>& counts,
                         const std::string& data) {
  std::vector<std::string_view> known;
  for (const auto& [word, count] : counts) known.push_back(word);
  for (const std::string& word : words) {
    if (counts.contains(word)) continue;
    const std::string_view near = base::nearest(word, known);
    return Error{Code::data_unknown_class, data + " has no folder '" + word + "' with recordings. " +
                                               (near.empty() ? "There are: " + base::join_words(known) + "."
                                                             : "Did you mean '" + std::string(near) + "'?")};
  }
  return {};
}

Result<void> bring_data(const NewOptions& options, const fs::path& folder, std::string& story) {
  std::error_code failed;
  const fs::path source = fs::canonical(options.data, failed);
  const fs::path target = folder / "data";
  if (!options.copy_data) {
    fs::create_directory_symlink(source, target, failed);
    if (!failed) {
      story += "\ndata is a link to " + source.string() + " (--copy makes a copy).";
      return {};
    }
  }
  fs::copy(source, target, fs::copy_options::recursive, failed);
  if (failed)
    return Error{Code::file_unwritable,
                 target.string() + ": could not copy the recordings: " + failed.message() + "."};
  story += "\ndata is a copy of " + source.string() + ".";
  return {};
}

}  // namespace

Result<Project> Project::create(const NewOptions& options, std::string& story) {
  const fs::path folder = fs::absolute(options.folder).lexically_normal();
  std::error_code ignored;
  if (fs::exists(folder, ignored))
    return Error{Code::project_exists,
                 folder.string() + " exists already. Choose another name, or delete it."};
  if (!fs::is_directory(options.data, ignored)) {
    return Error{
        Code::file_not_found,
        options.data + ": there is no such folder. It should hold one folder of recordings per word."};
  }
  const std::map<std::string, int> counts = count_words(options.data);
  if (counts.empty()) {
    return Error{Code::data_empty, options.data +
                                       " holds no folders with .wav, .flac or .ogg files. Put the recordings "
                                       "of each word into a folder of its "
                                       "name, for example " +
                                       options.data + "/yes/1.wav."};
  }
  if (counts.size() < 2) {
    return Error{Code::data_one_class, options.data + " holds recordings of one word only ('" +
                                           counts.begin()->first +
                                           "'). Add a folder with another word, or with other sounds."};
  }
  ProjectConfig config;
  config.name = folder.filename().string();
  config.task = options.task;
  if (options.words.empty()) {
    config.data.classes = choose_words(config.name, counts, story);
  } else {
    TADPOLE_CHECK(check_words(options.words, counts, options.data));
    config.data.classes = options.words;
    story = "Words: " + quoted_list(options.words) + ".";
  }
  if (config.data.classes.size() < counts.size()) {
    story += " The other " + std::to_string(counts.size() - config.data.classes.size()) +
             " folders become \"unknown\".";
  }
  TADPOLE_CHECK(data::make_folders(folder.string()));
  TADPOLE_CHECK(bring_data(options, folder, story));
  TADPOLE_CHECK(data::write_text((folder / ".gitignore").string(), kIgnored));
  TADPOLE_CHECK(data::write_text((folder / kConfigFile).string(), config_text(config)));
  return open(folder.string());
}

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
  past.config_.calibration_samples = config_.calibration_samples;
  past.config_.deploy = config_.deploy;
  past.config_.threads = config_.threads;
  return past;
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
