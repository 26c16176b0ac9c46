// Reads a data folder of pictures, series, drawn lines or rows of a table into samples with classes and
// sides. Recordings of words have a reader of their own: speech_folder.h.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "base/workers.h"
#include "data/data_report.h"
#include "samples/dataset.h"

namespace tadpole::data {

enum class DataKind : uint8_t { image, series, stroke, table };

struct ReadOptions {
  DataKind kind = DataKind::image;
  std::vector<std::string> classes{};  ///< in this order; empty: every folder, by name
  bool unknown = false;  ///< folders that are not asked for become "unknown"; else they are left out
  /// Anomaly detection: the folders (or labels of rows) that are normal, "*" for any text. When not empty,
  /// the classes are "normal" and "anomaly", and anomalies are on the test side only.
  std::vector<std::string> normal{};
  samples::SplitOptions split{};
  bool split_by_time = false;  ///< blocks of time of each folder, whatever the groups are
  bool skip_bad = false;

  // series
  double rate_hz = 0;  ///< steps a second; 0: what most files say. Others are resampled linearly
  int window_ms = 0;   ///< windows of this length are cut from each recording; 0: whole recordings
  int stride_ms = 0;   ///< from one window to the next; 0: as long as a window

  // table
  std::string label{};  ///< the column of classes; "": the last column, unless there are targets
  std::vector<std::string> targets{};  ///< regression: columns of numbers to predict
  std::vector<std::string> ignore{};   ///< columns to leave out
};

/// Reads `folder` into memory.
/// image:  <label>/*.png|jpg|jpeg, or IDX files (*-images-idx3-ubyte, *-labels-idx1-ubyte, gz or not), or
///         CIFAR-10 binary (*_batch*.bin); their test files are the test side.
/// series: <label>/*.csv with the axes' names in the first line, a first column of times ("time_s") or
///         options.rate_hz, an optional column "label" for each row. Windows are samples
///         "punch/1.csv@0.500s", all of one recording in one group; of overlapping windows on two sides, the
///         less precious is dropped. A recording shorter than a window stays whole.
/// stroke: <label>/*.csv with the columns x and y.
/// table:  table.csv (or the only .csv); each row a series of one step. Columns "_group" and "_side"
///         (train, validation, test) say what groups.csv and the lists say for files. Words are categories,
///         counted from 0 in natural order; "" and "?" are missing: the median, or a category of their own.
/// Groups and sides: groups.csv, validation_list.txt, testing_list.txt as for recordings of words. The same
/// folder, options and seed give the same Dataset, whatever the number of threads. Without classes (targets)
/// Dataset::classes is empty and each target 0; the numbers are in Sample::targets.
/// Fails: file_not_found, data_empty, data_one_class, data_unknown_class, data_bad_split, groups_malformed,
/// data_rate_unknown, data_bad_option, cancelled, and without skip_bad what is wrong with the first bad file
/// (image_*, csv_malformed, data_malformed). Memory: all signals.
Result<Import> read_folder(const std::string& folder, const ReadOptions& options, Workers& workers,
                           Progress& progress);

/// Whether `text` is like `pattern`, in which each "*" stands for any text.
bool matches(std::string_view text, std::string_view pattern);

}  // namespace tadpole::data
