// Numbers over time in a CSV file: one row a step, one column an axis, an optional column of times and one of
// labels. Rows go to a sink one at a time, so that a file of any length needs no memory.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/byte_stream.h"
#include "samples/sample.h"

namespace tadpole::data {

/// What the columns of a series file are.
struct SeriesColumns {
  std::vector<std::string> names;  ///< of all columns, as in the file, or made up ("x", "y", "z"; "value")
  char delimiter = ',';
  int time = -1;          ///< column of times, or -1
  int label = -1;         ///< column named "label" or "class", or -1
  std::vector<int> axes;  ///< the other columns
  bool has_header = false;
  double time_unit_s = 0;  ///< seconds of one unit of the time column; 0: by the values (see below)
  bool time_is_date = false;

  std::vector<std::string> axis_names() const;
};

/// One row. The spans are valid during the call only.
struct SeriesRow {
  std::optional<double> time;  ///< in the file's unit; seconds since 1970 for dates
  bool time_is_date = false;
  std::span<const float> values;
  std::string_view label;
  bool after_blank_line = false;  ///< an empty line lies before this row: a new gesture, for some tools
  long line = 0;
};

/// What the times of a recording say.
struct SeriesTiming {
  double rate_hz = 0;  ///< mean; 0 when it is not known
  double unit_s = 1;   ///< of the time column: stated by its name, or taken from the values
  bool unit_guessed = false;
  long irregular_steps = 0;  ///< steps that differ by more than half from the mean
};

/// Decides from the first line (and, when it is a header, the second) what the columns are. Times are in a
/// first column called time, timestamp, t, seconds, ms, ..., with or without a unit as "_s", "_ms", "_us".
/// Fails: csv_malformed (a quote left open).
Result<SeriesColumns> series_columns(std::string_view first_line, std::string_view second_line,
                                     const std::string& name);

/// The same for names and first values that are known already; `names` empty: made up.
Result<SeriesColumns> series_columns(std::vector<std::string> names, const std::vector<std::string>& values,
                                     const std::string& name);

/// Reads all rows of `stream`; take() returns false to stop early. Lines that start with # are skipped.
/// Fails: csv_malformed with line and column (a field that is no number, another number of fields),
/// data_empty.
Result<SeriesColumns> read_series_rows(ByteStream& stream, const std::string& name,
                                       const std::function<Result<bool>(const SeriesRow&)>& take);

/// A whole file in memory, with the label of each row ("" without such a column).
struct SeriesFile {
  samples::Series series;
  std::vector<std::string> row_labels;  ///< empty without a label column
  SeriesTiming timing;
};
Result<SeriesFile> read_series(ByteStream& stream, const std::string& name);

/// Follows the times of a recording, row by row, or of several in one file.
class TimeKeeper {
 public:
  /// Fails: csv_malformed, when the time goes back; dates may by two hours, as clocks do in autumn. `place`
  /// begins the message ("a.csv:17: ").
  Result<void> add(double time, bool is_date, const std::string& place);
  /// The next row begins another recording.
  void begin_recording();
  SeriesTiming timing(const SeriesColumns& columns) const;

 private:
  double origin_ = 0, first_ = 0, last_ = 0, span_ = 0;
  long rows_ = 0, steps_ = 0, irregular_ = 0;
  bool fresh_ = true, whole_ = true;
};

/// "2014-02-26 22:05:00", with T, fractions and Z or not, to seconds since 1970 (as if UTC); or nothing.
std::optional<double> date_to_seconds(std::string_view text);

/// The CSV text of a series: header, then a row a step; first column time_s when the rate is known.
std::string series_csv(const samples::Series& series);

/// Points of a drawn line from CSV with the columns x and y. Fails: csv_malformed, data_empty.
Result<samples::Stroke> read_stroke(ByteStream& stream, const std::string& name);
std::string stroke_csv(const samples::Stroke& stroke);

}  // namespace tadpole::data
