#include "data/json_recordings.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "data/text_lines.h"

namespace tadpole::data {
namespace {

using Kind = JsonEvent::Kind;
using TakeRow = std::function<Result<bool>(const SeriesRow&)>;

bool is_rows_key(const std::string& key) {
  return key == "values" || key == "data" || key == "samples" || key == "rows";
}

// The part of a path below "payload", which acquisitions have and others do not.
std::span<const std::string> inner(const JsonPath& path) {
  std::span<const std::string> rest(path);
  if (!rest.empty() && rest[0] == "payload") rest = rest.subspan(1);
  return rest;
}

// Puts the numbers of a document together into rows. Rows of objects have names, rows of arrays have places.
class Rows {
 public:
  explicit Rows(std::string name) : name_(std::move(name)) {}

  std::vector<std::string> names;   // keys of the first object
  std::vector<std::string> fields;  // texts of the row at hand, where it has some
  std::vector<double> numbers;
  long count = 0;

  // Whether a row is complete after this event.
  Result<bool> feed(const JsonPath& path, const JsonEvent& event) {
    const auto at = inner(path);
    if (at.size() == 2 && at[0].empty()) return object_value(at[1], event);
    if (at.size() == 1 && at[0].empty() && event.kind == Kind::end_object) return complete();
    if (at.size() == 3 && is_rows_key(at[0]) && at[1].empty() && at[2].empty()) return array_value(event);
    if (at.size() == 3 && is_rows_key(at[0]) && at[1].empty()) return object_value(at[2], event);
    if (at.size() != 2 || !is_rows_key(at[0]) || !at[1].empty()) return false;
    if (event.kind == Kind::number) {  // one axis: numbers instead of rows
      numbers.push_back(event.number);
      return complete();
    }
    if (event.kind == Kind::end_array || event.kind == Kind::end_object) return complete();
    if (event.kind == Kind::text || event.kind == Kind::other) return wrong("is not a number");
    return false;
  }

  void next_row() {
    numbers.clear();
    fields.clear();
    objects_ = false;
  }

  Error wrong(const std::string& what) const {
    return {Code::data_malformed, name_ + ": row " + std::to_string(count + 1) + " " + what +
                                      ". Correct the file, or leave it out with --skip-bad."};
  }

 private:
  Result<bool> array_value(const JsonEvent& event) {
    if (event.kind != Kind::number) return wrong("holds something that is not a number");
    numbers.push_back(event.number);
    return false;
  }

  Result<bool> object_value(const std::string& key, const JsonEvent& event) {
    if (event.kind == Kind::end_array || event.kind == Kind::end_object) return false;
    if (event.kind != Kind::number && event.kind != Kind::text) return false;  // nested: not of the row
    objects_ = true;
    if (count == 0) names.push_back(key);
    const size_t place = numbers.size();
    if (place >= names.size() || names[place] != key)
      return wrong("has the key \"" + key.substr(0, 40) + "\" where the first has another");
    numbers.push_back(event.kind == Kind::number ? event.number : std::nan(""));
    fields.resize(numbers.size());
    fields.back() = std::string(event.text);
    return false;
  }

  Result<bool> complete() {
    if (numbers.empty()) return wrong("is empty");
    if (count == 0) width_ = numbers.size();
    if (numbers.size() != width_) {
      return wrong("has " + std::to_string(numbers.size()) + " values; the rows before have " +
                   std::to_string(width_));
    }
    ++count;
    return true;
  }

  const std::string name_;
  size_t width_ = 0;
  bool objects_ = false;
};

// Facts beside the rows.
void note_fact(const JsonPath& path, const JsonEvent& event, JsonSeries& head,
               std::vector<std::string>& axes) {
  const auto at = inner(path);
  if (at.size() == 1 && event.kind == Kind::number) {
    const std::string& key = at[0];
    if (key == "interval_ms" && event.number > 0) head.rate_hz = 1000 / event.number;
    if (key == "interval_s" && event.number > 0) head.rate_hz = 1 / event.number;
    const bool rate = key == "frequency" || key == "rate_hz" || key == "sample_rate" ||
                      key == "sample_rate_hz" || key == "sampling_rate" || key == "frequency_hz";
    if (rate && event.number > 0) head.rate_hz = event.number;
    if (key == "interval_ms" && path.size() == 2) head.edge_impulse = true;
  }
  if (event.kind != Kind::text) return;
  if (at.size() == 1 && at[0] == "label") head.label = event.text;
  if (at.size() == 1 && (at[0] == "device_name" || at[0] == "device")) head.device = event.text;
  if (at.size() == 3 && at[0] == "sensors" && at[1].empty() && at[2] == "name") axes.emplace_back(event.text);
  if (at.size() == 2 && at[1].empty() && (at[0] == "columns" || at[0] == "axes"))
    axes.emplace_back(event.text);
}

Result<SeriesRow> row_of(const Rows& rows, const SeriesColumns& columns, std::vector<float>& values) {
  SeriesRow row;
  values.clear();
  for (const int axis : columns.axes) {
    const auto value = static_cast<float>(rows.numbers[static_cast<size_t>(axis)]);
    if (!std::isfinite(value)) return rows.wrong("holds something that is not a finite number");
    values.push_back(value);
  }
  row.values = values;
  if (columns.time >= 0) {
    const auto column = static_cast<size_t>(columns.time);
    const bool date = columns.time_is_date && column < rows.fields.size();
    row.time = date ? date_to_seconds(rows.fields[column]) : rows.numbers[column];
    if (!row.time || !std::isfinite(*row.time)) return rows.wrong("has no time that can be read");
  }
  if (const auto column = static_cast<size_t>(columns.label);
      columns.label >= 0 && column < rows.fields.size())
    row.label = rows.fields[column];
  row.line = rows.count;
  return row;
}

// The columns by their names and the first row, as for a CSV file.
Result<SeriesColumns> columns_of(const Rows& rows, const std::vector<std::string>& axes,
                                 const std::string& name) {
  const std::vector<std::string>& names = rows.names.empty() ? axes : rows.names;
  const size_t width = rows.numbers.size();
  if (!names.empty() && names.size() != width) {
    return Error{Code::data_malformed, name + ": row 1 has " + std::to_string(width) + " values, but " +
                                           std::to_string(names.size()) + " axes are named."};
  }
  TADPOLE_TRY(
      SeriesColumns columns,
      series_columns(names, rows.fields.empty() ? std::vector<std::string>(width) : rows.fields, name));
  // Rows of arrays hold numbers only; what is called a label there is an axis.
  if (rows.fields.empty() && columns.label >= 0) {
    columns.axes.push_back(std::exchange(columns.label, -1));
    std::sort(columns.axes.begin(), columns.axes.end());
  }
  return columns;
}

}  // namespace

Result<JsonSeries> read_json_head(ByteStream& stream, const std::string& name, JsonForm form) {
  JsonSeries head;
  Rows rows(name);
  std::vector<std::string> axes;
  std::optional<TimeKeeper> keeper;
  std::vector<double> first;
  std::vector<float> values;
  TADPOLE_CHECK(
      walk_json(stream, name, form, [&](const JsonPath& path, const JsonEvent& event) -> Result<void> {
        note_fact(path, event, head, axes);
        TADPOLE_TRY(const bool complete, rows.feed(path, event));
        if (!complete) return {};
        // Names may follow the rows; objects bring theirs with them, and only they have times.
        if (rows.count == 1 && !rows.names.empty()) {
          TADPOLE_TRY(head.columns, columns_of(rows, axes, name));
          if (head.columns.time >= 0) keeper.emplace();
        }
        if (rows.count == 1) first = rows.numbers;
        if (keeper) {
          TADPOLE_TRY(const SeriesRow row, row_of(rows, head.columns, values));
          TADPOLE_CHECK(keeper->add(*row.time, head.columns.time_is_date,
                                    name + ": row " + std::to_string(rows.count) + ": "));
        }
        rows.next_row();
        return {};
      }));
  if (rows.count == 0) {
    return Error{Code::data_malformed,
                 name +
                     ": holds no rows of numbers. An acquisition has payload.values; other "
                     "series are an array of objects, or an object with \"values\"."};
  }
  if (rows.names.empty()) {
    rows.numbers = first;
    TADPOLE_TRY(head.columns, columns_of(rows, axes, name));
    if (head.columns.time >= 0 && axes.empty()) head.columns.time = -1;
  }
  if (keeper) {
    head.timing = keeper->timing(head.columns);
    if (head.rate_hz <= 0) head.rate_hz = head.timing.rate_hz;
  }
  head.rows = rows.count;
  return head;
}

Result<void> read_json_rows(ByteStream& stream, const std::string& name, JsonForm form,
                            const JsonSeries& head, const TakeRow& take) {
  Rows rows(name);
  std::vector<float> values;
  bool more = true;
  return walk_json(stream, name, form, [&](const JsonPath& path, const JsonEvent& event) -> Result<void> {
    if (!more) return {};
    TADPOLE_TRY(const bool complete, rows.feed(path, event));
    if (!complete) return {};
    TADPOLE_TRY(const SeriesRow row, row_of(rows, head.columns, values));
    TADPOLE_TRY(more, take(row));
    rows.next_row();
    return {};
  });
}

Result<void> read_json_strokes(
    ByteStream& stream, const std::string& name,
    const std::function<Result<void>(samples::Stroke&&, const std::string& label)>& take) {
  samples::Stroke stroke;
  std::string label;
  long count = 0;
  std::optional<float> x, y;
  TADPOLE_CHECK(walk_json(
      stream, name, JsonForm::json, [&](const JsonPath& path, const JsonEvent& event) -> Result<void> {
        const auto wrong = [&](const std::string& what) {
          return Error{Code::data_malformed, name + ": stroke " + std::to_string(count) + " " + what +
                                                 ". Correct the file, or leave it out with --skip-bad."};
        };
        if (is_path(path, {"strokes", "", "strokePoints", "", "x"})) x = static_cast<float>(event.number);
        if (is_path(path, {"strokes", "", "strokePoints", "", "y"})) y = static_cast<float>(event.number);
        if (is_path(path, {"strokes", "", "strokePoints", ""}) && event.kind == Kind::end_object) {
          if (!x || !y || !std::isfinite(*x) || !std::isfinite(*y))
            return wrong("has a point without x and y");
          stroke.points.push_back({*x, *y});
          x.reset();
          y.reset();
        }
        if (is_path(path, {"strokes", "", "label"})) {
          if (event.kind != Kind::text && event.kind != Kind::number)
            return wrong("has a label that is no text");
          label =
              event.kind == Kind::text ? std::string(event.text) : std::to_string(std::lround(event.number));
        }
        if (is_path(path, {"strokes", ""}) && event.kind == Kind::end_object) {
          if (stroke.points.empty()) return wrong("has no strokePoints");
          TADPOLE_CHECK(take(std::move(stroke), label));
          stroke = {};
          label.clear();
          ++count;
        }
        return {};
      }));
  if (count > 0) return {};
  return Error{Code::data_malformed, name + ": holds no \"strokes\"."};
}

}  // namespace tadpole::data
