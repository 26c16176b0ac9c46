// Writes a data folder: samples go in one at a time, and the folder appears under its name only when it is
// whole.
#pragma once

#include <cstdio>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "samples/dataset.h"

namespace tadpole::data {

/// A file that was left out, and why.
struct LeftOut {
  std::string path;
  Error error;
};

/// Where a sample belongs.
struct Place {
  std::string label;
  std::string name;                           ///< wished file name without extension; made unique
  std::string group;                          ///< "" when unknown
  samples::Side side = samples::Side::train;  ///< train means: not on a list
  /// What else is known, by kind: language, device.
  std::map<std::string, std::string> more = {};
};

class FolderWriter {
 public:
  /// Begins in a temporary folder beside `to`. Fails: data_exists, disk_full, file_unwritable.
  static Result<FolderWriter> create(const std::string& to, bool skip_bad, Progress& progress);
  ~FolderWriter();  ///< removes what was not finished
  FolderWriter(FolderWriter&&) noexcept;
  FolderWriter& operator=(FolderWriter&&) = delete;

  /// Each adds one sample <label>/<name><extension> and returns its id. Fails: disk_full, file_unwritable,
  /// cancelled.
  Result<std::string> add(const Place& place, const std::string& extension, std::span<const uint8_t> bytes);
  Result<std::string> add(const Place& place, const std::string& extension, std::string_view text);
  /// A file to the folder itself, copied block by block; blocks of zeros become holes.
  Result<void> copy(const std::string& from, const std::string& name);

  /// A series whose rows come one at a time.
  Result<void> begin_series(const Place& place, const std::vector<std::string>& axes, double rate_hz,
                            bool labelled);
  Result<void> series_row(std::span<const float> values, std::string_view label = {});
  Result<void> end_series();
  void drop_series();  ///< removes the one that was begun
  bool in_series() const;

  /// The table of a folder: first its columns, then rows of the same length.
  Result<void> table_row(std::span<const std::string> fields);

  /// A source that cannot be read: the error itself, or with skip_bad a line in the list of those left out.
  Result<void> bad(const std::string& path, const Error& error);

  /// Writes groups.csv and the lists, and gives the folder its name. Fails: data_empty when nothing was
  /// added, disk_full, file_unwritable.
  Result<void> finish();

  bool cancelled() const;
  void report(const std::string& what, long done, long total);
  /// A sentence for the summary, once.
  void note(const std::string& sentence);

  struct Counts {
    std::map<std::string, long> labels;  ///< samples of each
    std::map<std::string, long> groups;
    long samples = 0, validation = 0, test = 0;
  };
  const Counts& counts() const;
  /// Counts samples that add() did not write: those in collections and tables.
  void count(const std::string& label, long samples, samples::Side side = samples::Side::train);
  const std::vector<LeftOut>& left_out() const;
  const std::vector<std::string>& notes() const;

 private:
  struct State;
  explicit FolderWriter(std::unique_ptr<State> state);
  Result<std::string> enter(const Place& place, const std::string& extension);
  std::unique_ptr<State> state_;
};

/// A label or name that is safe as the name of a folder or file on every system: letters, digits, blanks,
/// "-", "_", "." and what is not ASCII stay; others become "_"; never empty, never with a leading "." or "_".
std::string safe_name(std::string_view text);

}  // namespace tadpole::data
