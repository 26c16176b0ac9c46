// Rows of numbers as a board sends them now over its serial line ("0.1,-0.2,9.8"), with the rate at which
// they come.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/progress.h"
#include "base/result.h"

namespace tadpole::data {

/// Finds rows in a stream of bytes that may hold anything: boot messages, half a line at the start, "ax:0.1"
/// as the serial plotter wants it. Commas, semicolons, tabs or blanks between numbers.
class RowParser {
 public:
  /// Takes bytes and returns the rows that they complete.
  std::vector<std::vector<float>> feed(std::span<const uint8_t> bytes);
  /// The latest line of names before the numbers; empty when there was none.
  const std::vector<std::string>& names() const { return names_; }
  /// Lines that were neither numbers, names nor blank.
  long dropped() const { return dropped_; }

 private:
  std::optional<std::vector<float>> line(std::string_view text);

  std::string open_;  // the line that has not ended yet
  bool skip_ = true;  // up to the next line end: a stream is joined in the middle of a line
  bool joined_ = false;
  std::vector<std::string> names_;
  long dropped_ = 0;
};

class LiveRows {
 public:
  virtual ~LiveRows() = default;

  /// Forgets what came while nobody looked.
  virtual Result<void> restart() = 0;
  struct Row {
    double time_s = 0;  ///< when it arrived, of a clock that never goes back
    std::vector<float> values;
  };
  /// The next row. Fails: cancelled, timed_out (none for three seconds; says what came instead),
  /// file_unreadable (unplugged), data_malformed (a file is at its end).
  virtual Result<Row> next(const Progress& progress) = 0;
  virtual const std::vector<std::string>& names() const = 0;
};

/// A serial device. Speeds: the usual ones from 1,200 to 4,000,000; boards on USB take any. Fails:
/// file_not_found, file_unreadable (no permission, not a serial line), data_bad_option (speed).
Result<std::unique_ptr<LiveRows>> open_serial(const std::string& device, int baud);

/// A log of such a line, without waiting; its rows have no time. Fails: as read_text.
Result<std::unique_ptr<LiveRows>> open_row_file(const std::string& path);

/// Rows a second, by watching the line for `watch_s`; rounded to whole ones from 20 on, below to tenths.
/// Bursts do not matter, since only the first and the last row count. Fails: as next(), data_rate_unknown
/// (fewer than five rows).
Result<double> measure_rate(LiveRows& rows, double watch_s, const Progress& progress);

}  // namespace tadpole::data
