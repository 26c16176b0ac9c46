// What was found in a data folder: the table of classes, what was converted, and what a person should look
// at.
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "samples/dataset.h"

namespace tadpole::data {

/// Something about some recordings: a sentence, and all of their paths.
struct Finding {
  std::string
      kind;  ///< for machines: "few_samples", "clipped", "silent", "duplicate", "cut_off", "skipped", ...
  std::string sentence;  ///< for people, complete without the paths
  std::vector<std::string> paths;
};

struct DataReport {
  struct ClassRow {
    std::string name;
    std::array<int, 3> count{};  ///< train, validation, test
    double seconds = 0;
    int groups = 0;  ///< known ones
  };
  std::string folder;
  int files = 0;  ///< recordings read, noise included
  int sample_rate_hz = 0;
  std::vector<ClassRow> classes;
  std::array<double, 3> noise_seconds{};
  std::string split_story;
  std::vector<std::string>
      notes;                      ///< how classes were made, what was converted, what was left out on purpose
  std::vector<Finding> warnings;  ///< what a person should look at
};

/// What can be seen in one recording.
struct ClipCheck {
  bool clipped = false;  ///< at least 8 values at full scale
  bool silent = false;   ///< no value beyond 0.3 % of full scale
  bool cut_off = false;  ///< the first or last 25 ms are at least a quarter as loud as the loudest 25 ms, and
                         ///< well above the quietest: the word may go on outside
};
ClipCheck check_clip(const samples::Audio& audio);

/// Counts of `data` into report.classes and report.noise_seconds.
void count_classes(const samples::Dataset& data, DataReport& report);

/// A table and lists that fit 100 columns; at most 5 paths of each warning.
std::string to_text(const DataReport& report);
/// Everything.
nlohmann::json to_json(const DataReport& report);

}  // namespace tadpole::data
