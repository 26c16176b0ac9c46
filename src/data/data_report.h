// What was found in a data folder: the table of classes, what was converted, and what a person should look
// at.
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
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
  int files = 0;                  ///< recordings read, noise included
  int sample_rate_hz = 0;         ///< of sound; else 0
  std::string used_as;            ///< "16-bit mono at 16000 Hz", "pictures of 28 x 28 pixels"
  std::vector<ClassRow> classes;  ///< one row "all" when there are no classes (regression)
  std::array<double, 3> noise_seconds{};
  std::string split_story;
  std::vector<std::string>
      notes;                      ///< how classes were made, what was converted, what was left out on purpose
  std::vector<Finding> warnings;  ///< what a person should look at
};

/// A column of a table, as read: what a board needs to turn a raw row into numbers.
struct TableColumn {
  std::string name;
  std::vector<std::string> categories;  ///< category i counts as the number i; empty for a column of numbers
  float fill = 0;                       ///< stands for a missing number: the median of the column
};

/// What reading a folder gives.
struct Import {
  samples::Dataset data;
  DataReport report;
  std::vector<TableColumn> columns;  ///< of a table: the axes of its rows; else empty
};

/// What can be seen in one recording.
struct ClipCheck {
  bool clipped = false;  ///< at least 8 values at full scale
  bool silent = false;   ///< no value beyond 0.3 % of full scale
  bool cut_off = false;  ///< the first or last 25 ms are at least a quarter as loud as the loudest 25 ms, and
                         ///< well above the quietest: the word may go on outside
};
ClipCheck check_clip(const samples::Audio& audio);

/// Length of a signal in seconds; 0 where it has none.
double seconds_of(const samples::Signal& signal);

/// Counts of `data` into report.classes and report.noise_seconds.
void count_classes(const samples::Dataset& data, DataReport& report);

/// A table and lists that fit 100 columns; at most 5 paths of each warning.
std::string to_text(const DataReport& report);
/// Everything.
nlohmann::json to_json(const DataReport& report);

}  // namespace tadpole::data
