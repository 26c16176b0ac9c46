#include "data/series_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "data/text_lines.h"

namespace tadpole::data {
namespace {

struct TimeName {
  std::string_view name;
  double unit_s;  // 0: not said
};
constexpr std::array<TimeName, 17> kTimeNames = {{{"time", 0},
                                                  {"timestamp", 0},
                                                  {"t", 0},
                                                  {"date", 0},
                                                  {"datetime", 0},
                                                  {"time_s", 1},
                                                  {"seconds", 1},
                                                  {"t_s", 1},
                                                  {"time (s)", 1},
                                                  {"timestamp_s", 1},
                                                  {"time_ms", 1e-3},
                                                  {"timestamp_ms", 1e-3},
                                                  {"millis", 1e-3},
                                                  {"ms", 1e-3},
                                                  {"time_us", 1e-6},
                                                  {"timestamp_us", 1e-6},
                                                  {"micros", 1e-6}}};

bool is_label_name(const std::string& name) { return name == "label" || name == "class"; }

std::vector<std::string> made_up_names(size_t count) {
  if (count == 1) return {"value"};
  if (count == 2) return {"x", "y"};
  if (count == 3) return {"x", "y", "z"};
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back("axis_" + std::to_string(i + 1));
  return names;
}

bool all_numbers(const std::vector<std::string>& fields) {
  return std::all_of(fields.begin(), fields.end(), [](const std::string& field) {
    return to_number(field).has_value() || date_to_seconds(field).has_value();
  });
}

bool number_at(std::string_view text, size_t from, size_t digits, int& value) {
  if (from + digits > text.size()) return false;
  const auto [end, failed] = std::from_chars(text.data() + from, text.data() + from + digits, value);
  return failed == std::errc() && end == text.data() + from + digits;
}

// Days from 1970-01-01. Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
long days_from_civil(long year, long month, long day) {
  year -= month <= 2;
  const long era = (year >= 0 ? year : year - 399) / 400;
  const long year_of_era = year - era * 400;
  const long day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

Error bad_field(const LineReader& lines, size_t column, const std::string& found, const char* needed) {
  return {Code::csv_malformed, lines.place() + "column " + std::to_string(column + 1) + " is \"" +
                                   found.substr(0, 40) + "\"; needs " + needed +
                                   ". Correct the line, or leave the file out with --skip-bad."};
}

// The first two lines that are neither empty nor comments, kept while the columns are being decided.
class RowReader {
 public:
  RowReader(ByteStream& stream, const std::string& name) : lines_(stream, name), name_(name) {}

  Result<SeriesColumns> run(const std::function<Result<bool>(const SeriesRow&)>& take) {
    TADPOLE_TRY(auto first, next());
    if (!first) return Error{Code::data_empty, name_ + ": holds no rows of numbers. Remove it."};
    const std::string first_line(*first);
    const long first_number = lines_.number();
    TADPOLE_TRY(auto second, next());
    const std::string second_line(second.value_or(""));
    TADPOLE_TRY(columns_, series_columns(first_line, second_line, name_));
    bool more = true;
    if (!columns_.has_header) {
      const bool blank = after_blank_;
      after_blank_ = false;
      number_ = first_number;
      TADPOLE_TRY(more, give(first_line, take));
      after_blank_ = blank;
    }
    if (more && second) {
      number_ = lines_.number();
      TADPOLE_TRY(more, give(second_line, take));
    }
    while (more) {
      TADPOLE_TRY(auto line, next());
      if (!line) break;
      number_ = lines_.number();
      TADPOLE_TRY(more, give(*line, take));
    }
    if (rows_ == 0) return Error{Code::data_empty, name_ + ": holds a header but no rows. Remove it."};
    return columns_;
  }

 private:
  Result<std::optional<std::string_view>> next() {
    for (;;) {
      TADPOLE_TRY(auto line, lines_.next());
      if (!line) return line;
      if (const std::string_view text = trimmed(*line); !text.empty() && text[0] != '#') return line;
      after_blank_ = after_blank_ || trimmed(*line).empty();
    }
  }

  Result<bool> give(std::string_view line, const std::function<Result<bool>(const SeriesRow&)>& take) {
    if (const std::string wrong = split_fields(line, columns_.delimiter, fields_); !wrong.empty())
      return Error{Code::csv_malformed, lines_.place() + wrong + "."};
    if (fields_.size() != columns_.names.size()) {
      return Error{Code::csv_malformed, lines_.place() + "has " + std::to_string(fields_.size()) +
                                            " fields; the lines before have " +
                                            std::to_string(columns_.names.size()) +
                                            ". Correct the line, or leave the file out with --skip-bad."};
    }
    SeriesRow row;
    if (columns_.time >= 0) {
      const auto column = static_cast<size_t>(columns_.time);
      row.time = columns_.time_is_date ? date_to_seconds(fields_[column]) : to_number(fields_[column]);
      row.time_is_date = columns_.time_is_date;
      if (!row.time) return bad_field(lines_, column, fields_[column], "a time");
    }
    values_.clear();
    for (const int axis : columns_.axes) {
      const auto value = to_number(fields_[static_cast<size_t>(axis)]);
      if (!value || !std::isfinite(static_cast<float>(*value)))
        return bad_field(lines_, static_cast<size_t>(axis), fields_[static_cast<size_t>(axis)],
                         "a finite number");
      values_.push_back(static_cast<float>(*value));
    }
    row.values = values_;
    if (columns_.label >= 0) row.label = fields_[static_cast<size_t>(columns_.label)];
    row.after_blank_line = after_blank_ && rows_ > 0;
    row.line = number_;
    after_blank_ = false;
    ++rows_;
    return take(row);
  }

  LineReader lines_;
  const std::string& name_;
  SeriesColumns columns_;
  std::vector<std::string> fields_;
  std::vector<float> values_;
  bool after_blank_ = false;
  long rows_ = 0, number_ = 0;
};

}  // namespace

std::vector<std::string> SeriesColumns::axis_names() const {
  std::vector<std::string> chosen;
  for (const int axis : axes) chosen.push_back(names[static_cast<size_t>(axis)]);
  return chosen;
}

std::optional<double> date_to_seconds(std::string_view text) {
  text = trimmed(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0;
  if (text.size() < 16 || text[4] != '-' || text[7] != '-' || (text[10] != ' ' && text[10] != 'T') ||
      text[13] != ':')
    return {};
  if (!number_at(text, 0, 4, year) || !number_at(text, 5, 2, month) || !number_at(text, 8, 2, day) ||
      !number_at(text, 11, 2, hour) || !number_at(text, 14, 2, minute))
    return {};
  double seconds = 0;
  std::string_view rest = text.substr(16);
  if (rest.ends_with('Z')) rest.remove_suffix(1);
  if (!rest.empty()) {
    const auto value = rest[0] == ':' ? to_number(rest.substr(1)) : std::nullopt;
    if (!value || *value < 0 || *value >= 61) return {};
    seconds = *value;
  }
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 24 || minute < 0 || minute > 59)
    return {};
  return static_cast<double>(days_from_civil(year, month, day)) * 86400 + hour * 3600 + minute * 60 + seconds;
}

Result<SeriesColumns> series_columns(std::string_view first_line, std::string_view second_line,
                                     const std::string& name) {
  const char delimiter = guess_delimiter(first_line);
  std::vector<std::string> first, second;
  std::string wrong = split_fields(first_line, delimiter, first);
  if (wrong.empty()) wrong = split_fields(second_line, delimiter, second);
  if (!wrong.empty()) return Error{Code::csv_malformed, name + ": in the first two lines " + wrong + "."};
  const bool has_header = !all_numbers(first);
  TADPOLE_TRY(SeriesColumns columns, has_header ? series_columns(first, second, name)
                                                : series_columns(std::vector<std::string>{}, first, name));
  columns.delimiter = delimiter;
  return columns;
}

Result<SeriesColumns> series_columns(std::vector<std::string> names, const std::vector<std::string>& values,
                                     const std::string& name) {
  SeriesColumns columns;
  columns.has_header = !names.empty();
  columns.names = columns.has_header ? std::move(names) : made_up_names(values.size());
  for (size_t i = 0; i < columns.names.size(); ++i) {
    const std::string lower = lower_case(columns.names[i]);
    const auto known = std::find_if(kTimeNames.begin(), kTimeNames.end(),
                                    [&](const TimeName& time) { return time.name == lower; });
    const bool date = i < values.size() && date_to_seconds(values[i]).has_value();
    if (columns.time < 0 && ((columns.has_header && known != kTimeNames.end()) || date)) {
      columns.time = static_cast<int>(i);
      columns.time_is_date = date;
      columns.time_unit_s = date ? 1 : known->unit_s;
    } else if (columns.label < 0 && columns.has_header && is_label_name(lower)) {
      columns.label = static_cast<int>(i);
    } else {
      columns.axes.push_back(static_cast<int>(i));
    }
  }
  if (columns.axes.empty())
    return Error{Code::csv_malformed, name + ": has no column of numbers beside the time. Add one."};
  return columns;
}

Result<SeriesColumns> read_series_rows(ByteStream& stream, const std::string& name,
                                       const std::function<Result<bool>(const SeriesRow&)>& take) {
  return RowReader(stream, name).run(take);
}

Result<void> TimeKeeper::add(double time, bool is_date, const std::string& place) {
  if (rows_++ == 0) origin_ = time;
  whole_ = whole_ && time == std::floor(time);
  if (fresh_) {
    fresh_ = false;
    first_ = last_ = time;
    return {};
  }
  constexpr double kClockChange = 7200;  // seconds
  if (time < last_ && !(is_date && last_ - time <= kClockChange)) {
    return Error{
        Code::csv_malformed,
        place + "the time goes back. Sort the rows by time, or put a blank line between recordings."};
  }
  ++steps_;
  // Irregular against the mean so far: the rate is not known before the end.
  const double mean = (span_ + time - first_) / static_cast<double>(steps_);
  irregular_ += steps_ > 1 && std::abs(time - last_ - mean) > 0.5 * mean;
  last_ = time;
  return {};
}

void TimeKeeper::begin_recording() {
  span_ += last_ - first_;
  first_ = last_;
  fresh_ = true;
}

SeriesTiming TimeKeeper::timing(const SeriesColumns& columns) const {
  SeriesTiming timing;
  timing.irregular_steps = irregular_;
  timing.unit_s = columns.time_unit_s;
  const double mean = steps_ > 0 ? (span_ + last_ - first_) / static_cast<double>(steps_) : 0;
  if (timing.unit_s == 0) {
    // Whole numbers with a step of 1 or more are what counters of milliseconds and microseconds give, unless
    // they count the seconds since 1970.
    timing.unit_guessed = true;
    const bool since_1970 = origin_ > 1e9 && origin_ < 4e9 && mean >= 1;
    timing.unit_s = !whole_ || since_1970 || mean < 1 ? 1 : mean > 2000 ? 1e-6 : 1e-3;
  }
  if (mean > 0) timing.rate_hz = 1 / (mean * timing.unit_s);
  return timing;
}

Result<SeriesFile> read_series(ByteStream& stream, const std::string& name) {
  SeriesFile file;
  std::vector<double> all_times;
  TADPOLE_TRY(const SeriesColumns columns, read_series_rows(stream, name, [&](const SeriesRow& row) {
                file.series.values.insert(file.series.values.end(), row.values.begin(), row.values.end());
                if (row.time) all_times.push_back(*row.time);
                file.row_labels.emplace_back(row.label);
                return Result<bool>(true);
              }));
  file.series.axes = columns.axis_names();
  if (columns.label < 0) file.row_labels.clear();
  if (columns.time >= 0) {
    TimeKeeper keeper;
    for (size_t i = 0; i < all_times.size(); ++i)
      TADPOLE_CHECK(
          keeper.add(all_times[i], columns.time_is_date, name + ": row " + std::to_string(i + 1) + ": "));
    file.timing = keeper.timing(columns);
    file.series.rate_hz = file.timing.rate_hz;
  }
  return file;
}

std::string series_csv(const samples::Series& series) {
  std::string text;
  const bool timed = series.rate_hz > 0;
  if (timed) text += "time_s,";
  for (size_t i = 0; i < series.axes.size(); ++i) text += (i > 0 ? "," : "") + csv_field(series.axes[i]);
  text += "\n";
  for (size_t step = 0; step < series.steps(); ++step) {
    if (timed) {
      char time[32];
      std::snprintf(time, sizeof time, "%.6f,", static_cast<double>(step) / series.rate_hz);
      text += time;
    }
    for (size_t axis = 0; axis < series.axes.size(); ++axis) {
      if (axis > 0) text += ",";
      append_number(text, series.values[step * series.axes.size() + axis]);
    }
    text += "\n";
  }
  return text;
}

Result<samples::Stroke> read_stroke(ByteStream& stream, const std::string& name) {
  TADPOLE_TRY(const SeriesFile file, read_series(stream, name));
  const auto place = [&](std::string_view axis) {
    return std::find(file.series.axes.begin(), file.series.axes.end(), axis) - file.series.axes.begin();
  };
  const auto count = static_cast<long>(file.series.axes.size());
  if (place("x") == count || place("y") == count) {
    return Error{Code::csv_malformed,
                 name + ": a drawn line needs the columns x and y. Name them in the first line."};
  }
  samples::Stroke stroke;
  for (size_t step = 0; step < file.series.steps(); ++step) {
    const float* row = file.series.values.data() + step * file.series.axes.size();
    stroke.points.push_back({row[place("x")], row[place("y")]});
  }
  return stroke;
}

std::string stroke_csv(const samples::Stroke& stroke) {
  std::string text = "x,y\n";
  for (const auto& point : stroke.points) {
    append_number(text, point[0]);
    text += ",";
    append_number(text, point[1]);
    text += "\n";
  }
  return text;
}

}  // namespace tadpole::data
