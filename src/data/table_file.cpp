// A table of rows and columns: numbers as they are, words as categories, gaps filled. Two passes over the
// file: the first learns what the columns are, the second makes the samples.
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "base/text.h"
#include "data/files.h"
#include "data/folder_read.h"
#include "data/text_lines.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using samples::Side;

constexpr size_t kMostCategories = 1000;
constexpr const char* kGroupColumn = "_group";
constexpr const char* kSideColumn = "_side";

bool is_missing(std::string_view text) { return text.empty() || text == "?"; }

Result<std::string> table_of(const std::string& folder) {
  std::error_code failed;
  if (!fs::is_directory(folder, failed))
    return Error{Code::file_not_found, folder + ": no such folder. Give the folder that holds table.csv."};
  if (fs::exists(folder + "/table.csv", failed)) return folder + "/table.csv";
  std::vector<std::string> found;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    if (name.ends_with(".csv") && name != "groups.csv") found.push_back(entry->path().string());
  }
  if (found.size() == 1) return found.front();
  return Error{Code::data_empty, folder + ": there is no table.csv" +
                                     (found.empty() ? "" : ", and more than one .csv") +
                                     ". Put the table there, its first line the names of its columns."};
}

class TableReader {
 public:
  TableReader(std::string path, const ReadOptions& options, Findings& findings, Progress& progress)
      : path_(std::move(path)), options_(options), findings_(findings), progress_(progress) {}

  Result<Found> run() {
    TADPOLE_CHECK(each_row([&](const LineReader&) { return learn(); }));
    if (rows_ == 0) return Error{Code::data_empty, path_ + ": holds no rows below its first line."};
    TADPOLE_CHECK(finish_columns());
    TADPOLE_CHECK(each_row([&](const LineReader& lines) { return take(lines); }));
    found_.files = static_cast<int>(found_.samples.size());
    found_.used_as = "rows of " + std::to_string(found_.columns.size()) + " columns";
    note();
    return std::move(found_);
  }

 private:
  enum class Role : uint8_t { value, label, target, group, side, ignored };
  struct Column {
    std::string name;
    Role role = Role::value;
    // All texts, as long as they are few enough for categories; a column with one word is of categories.
    std::set<std::string, decltype(&samples::natural_less)> texts{&samples::natural_less};
    std::string first_word;
    std::map<std::string, float> index;  // of each category
    std::vector<float> numbers;
    size_t missing = 0;
    float fill = 0;
    bool numeric() const { return first_word.empty(); }
  };

  template <class Row>
  Result<void> each_row(Row row) {
    TADPOLE_TRY(const auto stream, open_stream(path_));
    LineReader lines(*stream, path_);
    bool header = true;
    long good = 0;
    for (;;) {
      TADPOLE_TRY(auto line, lines.next());
      if (!line) return {};
      if (trimmed(*line).empty()) continue;
      if (header) delimiter_ = guess_delimiter(*line);
      const std::string wrong = split_fields(*line, delimiter_, fields_);
      if (header) {
        if (!wrong.empty()) return Error{Code::csv_malformed, lines.place() + wrong + "."};
        if (columns_.empty()) TADPOLE_CHECK(name_columns(lines));
        header = false;
        continue;
      }
      if (!wrong.empty() || fields_.size() != columns_.size()) {
        const Error error{Code::csv_malformed, lines.place() +
                                                   (wrong.empty() ? "has " + std::to_string(fields_.size()) +
                                                                        " fields; the first line has " +
                                                                        std::to_string(columns_.size())
                                                                  : wrong) +
                                                   ". Correct the line, or leave it out with skip_bad."};
        if (!options_.skip_bad) return error;
        if (found_.columns.empty()) findings_.skipped("line " + std::to_string(lines.number()), error);
        continue;
      }
      if (++good % 4096 == 0) {
        if (progress_.cancelled()) return Error{Code::cancelled, path_ + ": reading was stopped"};
        progress_.report("read table", good, 0, "");
      }
      TADPOLE_CHECK(row(lines));
    }
  }

  static bool has(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  Result<void> name_columns(const LineReader& lines) {
    std::set<std::string> seen;
    for (const std::string& name : fields_) {
      if (name.empty() || !seen.insert(name).second) {
        return Error{Code::csv_malformed,
                     lines.place() +
                         (name.empty() ? "a column has no name" : "two columns are called \"" + name + "\"") +
                         ". The first line names every column."};
      }
      Column column;
      column.name = name;
      column.role = name == kGroupColumn          ? Role::group
                    : name == kSideColumn         ? Role::side
                    : has(options_.ignore, name)  ? Role::ignored
                    : has(options_.targets, name) ? Role::target
                    : name == options_.label      ? Role::label
                                                  : Role::value;
      columns_.push_back(std::move(column));
    }
    std::vector<std::string> asked = options_.targets;
    asked.insert(asked.end(), options_.ignore.begin(), options_.ignore.end());
    if (!options_.label.empty()) asked.push_back(options_.label);
    for (const std::string& name : asked) {
      if (seen.contains(name)) continue;
      const std::vector<std::string_view> names(seen.begin(), seen.end());
      const std::string_view near = base::nearest(name, names);
      return Error{Code::data_bad_option,
                   path_ + ":1: there is no column \"" + name + "\". " +
                       (near.empty() ? "The columns are " + base::join_words(names) + "."
                                     : "Did you mean \"" + std::string(near) + "\"?")};
    }
    if (options_.label.empty() && options_.targets.empty()) {
      const auto last = std::find_if(columns_.rbegin(), columns_.rend(),
                                     [](const Column& column) { return column.role == Role::value; });
      if (last != columns_.rend()) last->role = Role::label;
    }
    return {};
  }

  // First pass: numbers and words of each column.
  Result<void> learn() {
    ++rows_;
    for (size_t i = 0; i < columns_.size(); ++i) {
      Column& column = columns_[i];
      if (column.role != Role::value) continue;
      if (is_missing(fields_[i])) {
        ++column.missing;
        continue;
      }
      if (column.texts.size() <= kMostCategories) column.texts.insert(fields_[i]);
      const auto number = to_number(fields_[i]);
      if (number && std::isfinite(static_cast<float>(*number))) {
        column.numbers.push_back(static_cast<float>(*number));
      } else if (column.first_word.empty()) {
        column.first_word = fields_[i];
      }
    }
    return {};
  }

  Result<void> finish_columns() {
    for (Column& column : columns_) {
      if (column.role != Role::value) continue;
      TableColumn described{column.name, {}, 0};
      if (!column.numeric()) {
        TADPOLE_CHECK(check_categories(column));
        if (column.missing > 0) column.texts.insert("?");
        described.categories.assign(column.texts.begin(), column.texts.end());
        for (size_t i = 0; i < described.categories.size(); ++i)
          column.index[described.categories[i]] = static_cast<float>(i);
      } else if (!column.numbers.empty()) {
        const auto middle = column.numbers.begin() + static_cast<long>(column.numbers.size() / 2);
        std::nth_element(column.numbers.begin(), middle, column.numbers.end());
        column.fill = described.fill = *middle;
      }
      column.numbers = {};
      column.texts.clear();
      axes_.push_back(column.name);
      found_.columns.push_back(std::move(described));
    }
    if (axes_.empty())
      return Error{Code::csv_malformed, path_ + ":1: there is no column to learn from beside the label."};
    return {};
  }

  Result<void> check_categories(const Column& column) const {
    if (column.texts.size() <= kMostCategories) return {};
    return Error{Code::csv_malformed,
                 path_ + ": the column \"" + column.name + "\" holds words (\"" + column.first_word +
                     "\"), and more than " + std::to_string(kMostCategories) +
                     " different texts. Correct it, or leave it out: [data] ignore = [\"" + column.name +
                     "\"] in tadpole.toml."};
  }

  // Second pass: one sample a row.
  Result<void> take(const LineReader& lines) {
    FoundSample one;
    samples::Series series{0, axes_, {}};
    for (size_t i = 0; i < columns_.size(); ++i) {
      Column& column = columns_[i];
      const std::string& field = fields_[i];
      switch (column.role) {
        case Role::ignored:
          break;
        case Role::label:
          one.sample.label = field;
          break;
        case Role::group:
          one.sample.group = field;
          break;
        case Role::side: {
          TADPOLE_TRY(one.side, side_of(field, lines));
          break;
        }
        case Role::target: {
          const auto number = to_number(field);
          if (!number || !std::isfinite(static_cast<float>(*number))) {
            const Error error{Code::csv_malformed, lines.place() + "column " + std::to_string(i + 1) + " (" +
                                                       column.name + ") is \"" + field +
                                                       "\"; the target needs a finite number."};
            if (!options_.skip_bad) return error;
            findings_.skipped("line " + std::to_string(lines.number()), error);
            return {};
          }
          one.sample.targets.push_back(static_cast<float>(*number));
          break;
        }
        case Role::value:
          series.values.push_back(value_of(column, field));
          break;
      }
    }
    one.sample.id = fs::path(path_).filename().string() + ":" + std::to_string(lines.number());
    one.sample.source = "recording";
    one.sample.signal = std::make_shared<samples::Signal>(std::move(series));
    found_.samples.push_back(std::move(one));
    return {};
  }

  static float value_of(const Column& column, const std::string& field) {
    if (column.numeric()) {
      const auto number = is_missing(field) ? std::nullopt : to_number(field);
      return number ? static_cast<float>(*number) : column.fill;
    }
    const auto found = column.index.find(is_missing(field) ? "?" : field);
    return found == column.index.end() ? column.fill : found->second;
  }

  Result<std::optional<Side>> side_of(const std::string& field, const LineReader& lines) const {
    if (field.empty()) return std::optional<Side>();
    for (const Side side : {Side::train, Side::validation, Side::test}) {
      if (field == samples::side_name(side)) return std::optional<Side>(side);
    }
    return Error{Code::csv_malformed, lines.place() + "column \"_side\" is \"" + field +
                                          "\"; needs train, validation, test or nothing."};
  }

  void note() {
    for (const Column& column : columns_) {
      if (column.role != Role::value || column.missing == 0) continue;
      found_.notes.push_back(
          "Column \"" + column.name + "\": " + std::to_string(column.missing) + " missing values " +
          (column.numeric() ? "became the median." : "became a category of their own (\"?\")."));
    }
  }

  const std::string path_;
  const ReadOptions& options_;
  Findings& findings_;
  Progress& progress_;
  char delimiter_ = ',';
  size_t rows_ = 0;
  std::vector<std::string> fields_, axes_;
  std::vector<Column> columns_;
  Found found_;
};

}  // namespace

Result<Found> read_table(const std::string& folder, const ReadOptions& options, Findings& findings,
                         Progress& progress) {
  TADPOLE_TRY(const std::string path, table_of(folder));
  return TableReader(path, options, findings, progress).run();
}

}  // namespace tadpole::data
