// tadpole new: looks at the data, chooses settings that suit them and makes the folder.
#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/text.h"
#include "data/files.h"
#include "project/pretrained.h"
#include "project/project.h"
#include "project/task.h"

namespace tadpole::project {

namespace fs = std::filesystem;

namespace {

/// Below so many of a word, starting from a trained network was clearly better (docs/results.md).
constexpr int kFewRecordings = 60;

constexpr const char* kConfigFile = "tadpole.toml";
constexpr const char* kIgnored = "# Made by tadpole; can always be made anew.\n.cache/\nruns/\n";

std::string extension_of(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

/// Extensions of the files that hold a task's samples, one folder a class.
std::vector<std::string_view> extensions_of(const Task& task) {
  if (task.listens) return {".wav", ".flac", ".ogg"};
  if (task.name == "image") return {".png", ".jpg", ".jpeg"};
  return {".csv"};
}

/// Samples in each folder of `data`; folders that begin with '_' or '.' are not classes.
std::map<std::string, int> count_classes(const std::string& data, std::span<const std::string_view> wanted) {
  std::map<std::string, int> counts;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(data, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory(ignored) || name.starts_with("_") || name.starts_with(".")) continue;
    int count = 0;
    for (const auto& file : fs::directory_iterator(entry.path(), ignored))
      count += std::find(wanted.begin(), wanted.end(), extension_of(file.path())) != wanted.end();
    if (count > 0) counts[name] = count;
  }
  return counts;
}

/// Whether a data set of pictures lies there in a published binary form (IDX, CIFAR-10).
bool has_picture_set(const std::string& data) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(data, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.find("-idx") != std::string::npos || name.find("_batch") != std::string::npos) return true;
  }
  return false;
}

bool has_table(const std::string& data) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(data, ignored)) {
    if (entry.is_regular_file(ignored) && extension_of(entry.path()) == ".csv" &&
        entry.path().filename() != "groups.csv")
      return true;
  }
  return false;
}

/// Whether the first CSV file below `data` holds a drawn line: columns x and y only.
bool holds_strokes(const std::string& data) {
  std::error_code ignored;
  for (const auto& entry :
       fs::recursive_directory_iterator(data, fs::directory_options::follow_directory_symlink, ignored)) {
    if (!entry.is_regular_file(ignored) || extension_of(entry.path()) != ".csv" ||
        entry.path().filename() == "groups.csv")
      continue;
    std::ifstream file(entry.path());
    std::string line;
    std::getline(file, line);
    std::erase_if(line, [](char c) { return c == ' ' || c == '\r' || c == '"'; });
    return line == "x,y";
  }
  return false;
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
    return Error{Code::data_unknown_class, data + " has no folder '" + word + "' with samples. " +
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
                 target.string() + ": could not copy the data: " + failed.message() + "."};
  story += "\ndata is a copy of " + source.string() + ".";
  return {};
}

/// The word with the fewest recordings.
std::pair<std::string, int> rarest(const std::vector<std::string>& words,
                                   const std::map<std::string, int>& counts) {
  std::pair<std::string, int> found = {words[0], counts.at(words[0])};
  for (const std::string& word : words)
    if (counts.at(word) < found.second) found = {word, counts.at(word)};
  return found;
}

/// Classes of a keyword project.
Result<void> choose_keywords(const NewOptions& options, const std::map<std::string, int>& counts,
                             ProjectConfig& config, std::string& story) {
  if (counts.size() < 2) {
    return Error{Code::data_one_class, options.data + " holds recordings of one word only ('" +
                                           counts.begin()->first +
                                           "'). Add a folder with another word, or with other sounds."};
  }
  if (options.words.empty()) {
    config.data.classes = choose_words(config.name, counts, story);
  } else {
    TADPOLE_CHECK(check_words(options.words, counts, options.data));
    config.data.classes = options.words;
    story = "Words: " + quoted_list(options.words) + ".";
  }
  if (options.few_shot) {
    suit_few_shot(config);
    story += " Training starts from " + config.transfer_model + ", which has learnt from synthetic speech.";
  } else if (const auto [word, count] = rarest(config.data.classes, counts); count < kFewRecordings) {
    story += " There are only " + std::to_string(count) + " recordings of '" + word +
             "': --few-shot would begin with a network that knows speech already.";
  }
  if (config.data.classes.size() < counts.size()) {
    story += " The other " + std::to_string(counts.size() - config.data.classes.size()) +
             " folders become \"unknown\".";
  }
  return {};
}

/// What is normal in an anomaly project.
Result<void> choose_normal(const NewOptions& options, const std::map<std::string, int>& counts,
                           ProjectConfig& config, std::string& story) {
  config.data.classes = options.words;
  if (options.words.empty()) {
    if (!counts.contains(std::string(kNormalName))) {
      std::vector<std::string_view> known;
      for (const auto& [folder, count] : counts) known.push_back(folder);
      return Error{Code::data_unknown_class,
                   options.data + " has no folder 'normal'. Say what is normal, for example --words " +
                       std::string(known[0]) +
                       " (a * stands for any text); there are: " + base::join_words(known) + "."};
    }
    config.data.classes = {std::string(kNormalName)};
  }
  story = "Normal: " + quoted_list(config.data.classes) + ". Every other folder is an anomaly.";
  return {};
}

Error nothing_there(const Task& task, const std::string& data) {
  if (task.name == "table" || task.name == "regression") {
    return {Code::data_empty,
            data +
                " holds no table. Put one there as table.csv, with the names of its columns "
                "in the first line."};
  }
  std::string kinds;
  for (const std::string_view extension : extensions_of(task))
    kinds += (kinds.empty() ? "" : ", ") + std::string(extension);
  return {Code::data_empty, data + " holds no folders with " + kinds + " files. Put the " +
                                std::string(task.samples) +
                                " of each class into a folder of its name, for example " + data + "/" +
                                (task.listens ? "yes/1.wav" : "a/1" + std::string(extensions_of(task)[0])) +
                                ". Data of other forms: tadpole data import --help."};
}

/// Settings that suit the task and what lies in the data folder.
Result<void> choose_settings(const NewOptions& options, const Task& task, ProjectConfig& config,
                             std::string& story) {
  config.data.label = options.label;
  config.data.targets = options.targets;
  suit_task(task, task.name == "gesture" && holds_strokes(options.data), config);
  const std::vector<std::string_view> extensions = extensions_of(task);
  const std::map<std::string, int> counts = count_classes(options.data, extensions);
  if (task.name == "table" || task.name == "regression") {
    if (!has_table(options.data)) return nothing_there(task, options.data);
    if (task.goal == GoalKind::numbers && options.targets.empty()) {
      return Error{Code::config_bad_value,
                   "a regression needs the columns of numbers to predict: --targets NAME[,NAME...]."};
    }
    config.data.classes = options.words;
    return {};
  }
  if (counts.empty()) {
    if (task.name != "image" || !has_picture_set(options.data)) return nothing_there(task, options.data);
    config.data.classes = options.words;
    return {};
  }
  if (task.listens) return choose_keywords(options, counts, config, story);
  if (task.goal == GoalKind::anomalies) {
    const bool pattern = std::any_of(options.words.begin(), options.words.end(),
                                     [](const std::string& word) { return word.find('*') != word.npos; });
    if (!options.words.empty() && !pattern) TADPOLE_CHECK(check_words(options.words, counts, options.data));
    return choose_normal(options, counts, config, story);
  }
  if (counts.size() < 2) {
    return Error{Code::data_one_class, options.data + " holds one class only ('" + counts.begin()->first +
                                           "'). Add a folder with another one."};
  }
  TADPOLE_CHECK(check_words(options.words, counts, options.data));
  config.data.classes = options.words;
  std::vector<std::string> names = options.words;
  if (names.empty()) {
    for (const auto& [name, count] : counts) names.push_back(name);
  }
  story = "Classes: " + quoted_list(names) + ".";
  return {};
}

}  // namespace

Result<Project> Project::create(const NewOptions& options, std::string& story) {
  const fs::path folder = fs::absolute(options.folder).lexically_normal();
  std::error_code ignored;
  if (fs::exists(folder, ignored))
    return Error{Code::project_exists,
                 folder.string() + " exists already. Choose another name, or delete it."};
  const Task* task = find_task(options.task);
  if (task == nullptr) {
    std::vector<std::string_view> names;
    for (const Task& one : tasks()) names.push_back(one.name);
    return Error{Code::config_bad_value,
                 "there is no task '" + options.task + "'; there are: " + base::join_words(names) + "."};
  }
  if (!fs::is_directory(options.data, ignored)) {
    return Error{Code::file_not_found, options.data + ": there is no such folder. It should hold " +
                                           (task->listens ? "one folder of recordings per word."
                                                          : "the data; tadpole data import makes one.")};
  }
  if (options.few_shot && !task->listens) {
    return Error{Code::config_bad_value, "--few-shot is for --task keyword; '" + options.task +
                                             "' has no trained network to begin with. [transfer] of "
                                             "tadpole.toml takes a model of your own."};
  }
  ProjectConfig config;
  config.name = folder.filename().string();
  config.task = options.task;
  TADPOLE_CHECK(choose_settings(options, *task, config, story));
  TADPOLE_CHECK(data::make_folders(folder.string()));
  TADPOLE_CHECK(bring_data(options, folder, story));
  TADPOLE_CHECK(data::write_text((folder / ".gitignore").string(), kIgnored));
  TADPOLE_CHECK(data::write_text((folder / kConfigFile).string(), config_text(config)));
  return open(folder.string());
}

}  // namespace tadpole::project
