// Importers of tables (UCI's and others) and of NumPy's arrays.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "data/files.h"
#include "data/image_file.h"
#include "data/import_source.h"
#include "data/npy_file.h"
#include "data/text_lines.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using samples::Side;

std::vector<std::string> tables_of(const Source& source) {
  std::vector<std::string> files = source.with({".data", ".test", ".csv", ".tsv"});
  std::erase_if(files, [&](const std::string& file) {
    const std::string name = lower_case(fs::path(file).filename().string());
    return name == "manifest.csv" || name == "groups.csv" || name == "metadata.csv";
  });
  return files;
}

// Lines "name: continuous." or "name: A, B, C." of a UCI .names file.
Result<std::vector<std::string>> attribute_names(const Source& source) {
  std::vector<std::string> names;
  for (const std::string& file : source.with({".names"})) {
    TADPOLE_TRY(const auto stream, open_stream(source.path(file)));
    LineReader lines(*stream, source.path(file));
    for (;;) {
      TADPOLE_TRY(const auto line, lines.next());
      if (!line) break;
      const size_t colon = line->find(':');
      const std::string_view text = trimmed(*line);
      if (text.starts_with('|') || colon == std::string_view::npos || !text.ends_with('.')) continue;
      const std::string name(trimmed(line->substr(0, colon)));
      const bool plain =
          !name.empty() && name.find(' ') == std::string::npos && name.find('(') == std::string::npos;
      if (plain) names.push_back(name);
    }
  }
  return names;
}

class TableCopier {
 public:
  TableCopier(const Source& source, const ImportOptions& options, FolderWriter& writer)
      : source_(source), options_(options), writer_(writer) {}

  Result<void> run() {
    const std::vector<std::string> files = tables_of(source_);
    has_test_ =
        std::any_of(files.begin(), files.end(), [](const std::string& file) { return is_test(file); }) &&
        files.size() > 1;
    for (const std::string& file : files) TADPOLE_CHECK(copy(file));
    return {};
  }

 private:
  static bool is_test(const std::string& file) {
    return extension_of(file) == ".test" || stem_of(file) == "test" || stem_of(file).ends_with("_test");
  }

  Result<void> copy(const std::string& file) {
    const std::string path = source_.path(file);
    TADPOLE_TRY(const auto stream, open_stream(path));
    LineReader lines(*stream, path);
    std::vector<std::string> fields;
    char delimiter = 0;
    for (bool first = true;;) {
      TADPOLE_TRY(const auto line, lines.next());
      if (!line) return {};
      const std::string_view text = trimmed(*line);
      if (text.empty() || text.starts_with('|') || text.starts_with('#'))
        continue;  // UCI's comments begin with |
      if (delimiter == 0) delimiter = guess_delimiter(*line);
      const std::string wrong = split_fields(*line, delimiter, fields);
      if (!wrong.empty()) {
        TADPOLE_CHECK(writer_.bad(
            path,
            {Code::csv_malformed, lines.place() + wrong + ". Correct the line, or import with --skip-bad."}));
        continue;
      }
      const bool header = first && is_header(fields);
      if (first) TADPOLE_CHECK(begin(fields, header));
      first = false;
      if (header) continue;
      if (fields.size() != width_) {
        TADPOLE_CHECK(writer_.bad(
            path, {Code::csv_malformed, lines.place() + "has " + std::to_string(fields.size()) + " fields; " +
                                            std::to_string(width_) +
                                            " are needed. Correct the line, or import with --skip-bad."}));
        continue;
      }
      TADPOLE_CHECK(row(fields, is_test(file)));
      if (lines.number() % 1000 == 0) writer_.report("import rows", lines.number(), 0);
      if (writer_.cancelled()) return Error{Code::cancelled, "the import was stopped"};
    }
  }

  // A first line is of names when nothing in it is a number, and the names differ from the values.
  bool is_header(const std::vector<std::string>& fields) const {
    if (!source_.with({".names"}).empty()) return false;
    return std::none_of(fields.begin(), fields.end(), [](const std::string& field) {
      return field.empty() || to_number(field).has_value();
    });
  }

  Result<void> begin(const std::vector<std::string>& fields, bool header) {
    if (width_ > 0) return {};  // the second file of two
    width_ = fields.size();
    std::vector<std::string> names;
    TADPOLE_TRY(const std::vector<std::string> known, attribute_names(source_));
    if (!options_.axes.empty()) {
      names = options_.axes;
    } else if (header) {
      names = fields;
    } else if (known.size() + 1 == width_ || known.size() == width_) {
      names = known;
    } else {
      for (size_t i = 0; i + 1 < width_; ++i) names.push_back("column_" + std::to_string(i + 1));
    }
    if (names.size() + 1 == width_) names.emplace_back("label");
    if (names.size() != width_) {
      return Error{Code::data_bad_option, source_.root + ": the table has " + std::to_string(width_) +
                                              " columns; --axes names " + std::to_string(names.size()) + "."};
    }
    label_ = width_ - 1;
    if (has_test_) names.emplace_back("_side");
    return writer_.table_row(names);
  }

  Result<void> row(std::vector<std::string>& fields, bool test) {
    std::string& label = fields[label_];
    if (test && label.ends_with('.')) label.pop_back();  // UCI Adult's second file
    writer_.count(to_number(label) && label.find('.') != std::string::npos ? "rows" : label, 1,
                  test && has_test_ ? Side::test : Side::train);
    if (has_test_) fields.emplace_back(test ? "test" : "");
    return writer_.table_row(fields);
  }

  const Source& source_;
  const ImportOptions& options_;
  FolderWriter& writer_;
  size_t width_ = 0, label_ = 0;
  bool has_test_ = false;
};

// Arrays of samples with their labels.
class ArrayCopier {
 public:
  ArrayCopier(const ImportOptions& options, FolderWriter& writer) : options_(options), writer_(writer) {}

  Result<void> copy(NpyReader& values, NpyReader* labels, const std::string& name, const std::string& label,
                    Side side) {
    const NpyHeader& header = values.header();
    if (labels != nullptr && labels->header().rows() != header.rows()) {
      return Error{Code::data_malformed, name + ": has " + std::to_string(header.rows()) + " samples and " +
                                             std::to_string(labels->header().rows()) + " labels."};
    }
    // Without labels a matrix is one recording: its rows are steps.
    if (labels == nullptr && header.shape.size() <= 2) return copy_recording(values, name, label, side);
    for (uint64_t i = 0; i < header.rows(); ++i) {
      if (i % 100 == 0)
        writer_.report("import arrays", static_cast<long>(i), static_cast<long>(header.rows()));
      std::string of_row = label;
      if (labels != nullptr) {
        TADPOLE_TRY(of_row, labels->next_label());
      }
      TADPOLE_CHECK(copy_row(values, {of_row, name + "_" + std::to_string(i), "", side}));
    }
    return {};
  }

 private:
  static bool is_picture(const NpyHeader& header) {
    const auto& shape = header.shape;
    return header.kind == 'u' && header.item_bytes == 1 &&
           (shape.size() == 3 || (shape.size() == 4 && (shape[3] == 1 || shape[3] == 3)));
  }

  std::vector<std::string> axis_names(size_t count) const {
    if (options_.axes.size() == count) return options_.axes;
    std::vector<std::string> names;
    for (size_t i = 0; i < count; ++i)
      names.push_back(count == 1 ? "value" : "axis_" + std::to_string(i + 1));
    return names;
  }

  Result<void> copy_row(NpyReader& values, const Place& place) {
    const auto& shape = values.header().shape;
    if (is_picture(values.header())) {
      TADPOLE_TRY(std::vector<uint8_t> pixels, values.next_bytes());
      const int channels = shape.size() == 4 ? static_cast<int>(shape[3]) : 1;
      TADPOLE_TRY(const auto png, encode_png({static_cast<int>(shape[2]), static_cast<int>(shape[1]),
                                              channels, std::move(pixels)}));
      TADPOLE_TRY(const std::string id, writer_.add(place, ".png", png));
      return {};
    }
    TADPOLE_TRY(const std::vector<float> row, values.next_numbers());
    if (shape.size() > 3)
      return Error{Code::data_malformed,
                   place.name + ": arrays of numbers have up to three axes: samples, steps, axes."};
    if (shape.size() < 3) return table_row(row, place);
    const std::vector<std::string> axes = axis_names(shape[2]);
    TADPOLE_CHECK(writer_.begin_series(place, axes, options_.rate_hz, false));
    for (size_t step = 0; step < shape[1]; ++step)
      TADPOLE_CHECK(writer_.series_row(std::span(row).subspan(step * axes.size(), axes.size())));
    return writer_.end_series();
  }

  Result<void> table_row(const std::vector<float>& row, const Place& place) {
    if (!table_begun_) {
      std::vector<std::string> names = axis_names(row.size());
      names.emplace_back("label");
      names.emplace_back("_side");
      TADPOLE_CHECK(writer_.table_row(names));
      table_begun_ = true;
    }
    std::vector<std::string> fields;
    for (const float value : row) append_number(fields.emplace_back(), value);
    fields.push_back(place.label);
    fields.emplace_back(place.side == Side::test ? "test" : "");
    writer_.count(place.label, 1, place.side);
    return writer_.table_row(fields);
  }

  Result<void> copy_recording(NpyReader& values, const std::string& name, const std::string& label,
                              Side side) {
    const size_t count = values.header().shape.size() == 2 ? values.header().shape[1] : 1;
    TADPOLE_CHECK(writer_.begin_series({label, name, "", side}, axis_names(count), options_.rate_hz, false));
    for (uint64_t i = 0; i < values.header().rows(); ++i) {
      TADPOLE_TRY(const std::vector<float> row, values.next_numbers());
      TADPOLE_CHECK(writer_.series_row(row));
    }
    return writer_.end_series();
  }

  const ImportOptions& options_;
  FolderWriter& writer_;
  bool table_begun_ = false;
};

struct ArrayPair {
  const char *values, *labels;
  bool test;
};
constexpr ArrayPair kPairs[] = {
    {"x_train", "y_train", false}, {"x_test", "y_test", true}, {"X", "y", false},        {"x", "y", false},
    {"images", "labels", false},   {"data", "labels", false},  {"data", "target", false}};

Result<NpyReader> array_of(const std::vector<ZipEntry>& entries, const std::string& array,
                           const std::string& path) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const ZipEntry& entry) { return entry.name == array + ".npy"; });
  return NpyReader::open(zip_stream(*found, path), path + "/" + found->name);
}

Result<void> copy_archive(const std::string& path, const std::string& file, ArrayCopier& copier) {
  TADPOLE_TRY(const MappedFile mapped, MappedFile::open(path));
  TADPOLE_TRY(const std::vector<ZipEntry> entries, list_zip(mapped.bytes(), path));
  const auto has = [&](const std::string& array) {
    return std::any_of(entries.begin(), entries.end(),
                       [&](const ZipEntry& entry) { return entry.name == array + ".npy"; });
  };
  bool any = false;
  for (const ArrayPair& pair : kPairs) {
    if (!has(pair.values) || !has(pair.labels)) continue;
    TADPOLE_TRY(NpyReader values, array_of(entries, pair.values, path));
    TADPOLE_TRY(NpyReader labels, array_of(entries, pair.labels, path));
    const std::string name = stem_of(file) + (pair.test ? "_test" : "");
    TADPOLE_CHECK(copier.copy(values, &labels, name, "", pair.test ? Side::test : Side::train));
    any = true;
  }
  if (any) return {};
  std::string names;
  for (const ZipEntry& entry : entries) names += (names.empty() ? "" : ", ") + entry.name.substr(0, 40);
  return Error{Code::data_malformed,
               path + ": holds the arrays " + names +
                   "; samples and labels are called x_train and y_train, x_test and y_test, X and y, "
                   "images and labels, or data and target. Rename them."};
}

}  // namespace

bool is_table(const Source& source) { return !tables_of(source).empty(); }

Result<void> import_table(const Source& source, const ImportOptions& options, FolderWriter& writer) {
  return TableCopier(source, options, writer).run();
}

bool is_numpy(const Source& source) { return !source.with({".npy", ".npz"}).empty(); }

Result<void> import_numpy(const Source& source, const ImportOptions& options, FolderWriter& writer) {
  ArrayCopier copier(options, writer);
  for (const std::string& file : source.with({".npy", ".npz"})) {
    const std::string path = source.path(file);
    Result<void> done;
    if (extension_of(file) == ".npz") {
      done = copy_archive(path, file, copier);
    } else {
      auto stream = open_stream(path);
      auto reader =
          stream.ok() ? NpyReader::open(std::move(*stream), path) : Result<NpyReader>(stream.error());
      done = reader.ok() ? copier.copy(*reader, nullptr, stem_of(file), label_of(source, {}, file, options),
                                       Side::train)
                         : Result<void>(reader.error());
    }
    if (!done.ok()) TADPOLE_CHECK(writer.bad(path, done.error()));
  }
  return {};
}

}  // namespace tadpole::data
