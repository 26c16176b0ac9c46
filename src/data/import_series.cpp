// Importers of numbers over time in text: CSV, serial logs, NAB.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "data/files.h"
#include "data/import_source.h"
#include "data/json_walk.h"
#include "data/serial_log.h"
#include "data/series_file.h"
#include "data/sound_stream.h"
#include "data/text_lines.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using samples::Side;
using Open = std::function<Result<std::unique_ptr<ByteStream>>()>;

std::vector<std::string> tables_of(const Source& source) {
  std::vector<std::string> files = source.with({".csv", ".tsv", ".txt", ".log"});
  std::erase_if(files, [](const std::string& file) {
    const std::string name = lower_case(fs::path(file).filename().string());
    return name == "manifest.csv" || name == "groups.csv" || name == "metadata.csv" || name == "labels.csv" ||
           name.starts_with("readme") || name.starts_with("license");
  });
  return files;
}

// Stretches of time with labels, in the unit of the recording's times.
struct Labels {
  std::vector<Stretch> stretches;
  std::string otherwise;  // the label of all other rows

  std::string_view at(double time) const {
    for (const Stretch& stretch : stretches) {
      if (time >= stretch.from_s && time <= stretch.to_s) return stretch.label;
    }
    return otherwise;
  }
};

// Lines "start,end,label"; numbers or dates, as in the recording.
Result<Labels> read_labels(const std::string& path) {
  Labels labels;
  labels.otherwise = "none";
  TADPOLE_TRY(const auto stream, open_stream(path));
  LineReader lines(*stream, path);
  std::vector<std::string> fields;
  // Not a number where there is no time.
  const auto time_of = [&](size_t field) {
    if (field >= fields.size()) return std::nan("");
    const auto date = date_to_seconds(fields[field]);
    return date ? *date : to_number(fields[field]).value_or(std::nan(""));
  };
  for (;;) {
    TADPOLE_TRY(const auto line, lines.next());
    if (!line) return labels;
    if (trimmed(*line).empty() || trimmed(*line).starts_with('#')) continue;
    const std::string wrong = split_fields(*line, guess_delimiter(*line), fields);
    const double from = time_of(0), to = time_of(1);
    if (lines.number() == 1 && std::isnan(from) && fields.size() == 3) continue;  // start,end,label
    if (!wrong.empty() || fields.size() < 3 || !(from <= to) || fields[2].empty()) {
      return Error{Code::csv_malformed, lines.place() +
                                            "needs start,end,label with the times of the recording, the end "
                                            "not before the start. For example: 12.5,14.0,punch"};
    }
    labels.stretches.push_back({from, to, fields[2]});
  }
}

// One recording from CSV to the data folder in two passes: the first learns the rate, the second writes.
class SeriesCopier {
 public:
  SeriesCopier(const ImportOptions& options, FolderWriter& writer) : options_(options), writer_(writer) {}

  // Recordings that blank lines separate become one file each.
  Result<void> copy(const Open& open, const std::string& name, Place place, const Labels* labels = nullptr) {
    blocks_ = 0;
    TimeKeeper times;
    TADPOLE_TRY(const auto stream, open());
    const auto read = read_series_rows(*stream, name, [&](const SeriesRow& row) -> Result<bool> {
      blocks_ += row.after_blank_line;
      if (!row.time) return true;
      if (row.after_blank_line) times.begin_recording();
      TADPOLE_CHECK(times.add(*row.time, row.time_is_date, name + ":" + std::to_string(row.line) + ": "));
      return true;
    });
    if (!read.ok()) return read.error();
    const SeriesColumns& columns = *read;
    double rate_hz = options_.rate_hz;
    if (rate_hz <= 0 && columns.time >= 0) {
      const SeriesTiming timing = times.timing(columns);
      rate_hz = timing.rate_hz;
      if (timing.unit_guessed) note_unit(timing);
    }
    if (labels != nullptr && columns.time < 0) {
      return Error{Code::data_bad_option,
                   name + ": has no column of times, which labels for stretches of time need."};
    }
    axes_ = columns.axis_names();
    labelled_ = columns.label >= 0 || labels != nullptr;
    if (rate_hz <= 0) {
      writer_.note(
          "There are no times in the recordings: give their rate with --rate HZ, or rate_hz in [data] "
          "later.");
    }
    if (!options_.axes.empty()) {
      if (options_.axes.size() != axes_.size()) {
        return Error{Code::data_bad_option, name + ": has " + std::to_string(axes_.size()) +
                                                " axes; --axes names " +
                                                std::to_string(options_.axes.size()) + "."};
      }
      axes_ = options_.axes;
    }
    return write(open, name, std::move(place), labels, rate_hz);
  }

 private:
  void note_unit(const SeriesTiming& timing) {
    const char* unit = timing.unit_s == 1     ? "seconds"
                       : timing.unit_s > 5e-4 ? "milliseconds"
                                              : "microseconds";
    char text[160];
    std::snprintf(text, sizeof text,
                  "Times are taken as %s, which gives %.4g steps a second. If that is wrong, give --rate.",
                  unit, timing.rate_hz);
    writer_.note(text);
  }

  Result<void> write(const Open& open, const std::string& name, Place place, const Labels* labels,
                     double rate_hz) {
    TADPOLE_TRY(const auto stream, open());
    const std::string stem = place.name;
    long block = 1;
    const bool several = blocks_ > 0;
    const auto begin = [&] {
      if (several) place.name = stem + "_" + std::to_string(block++);
      return writer_.begin_series(place, axes_, rate_hz, labelled_);
    };
    TADPOLE_CHECK(begin());
    const auto read = read_series_rows(*stream, name, [&](const SeriesRow& row) -> Result<bool> {
      if (row.after_blank_line) {
        TADPOLE_CHECK(writer_.end_series());
        TADPOLE_CHECK(begin());
      }
      const std::string_view label = labels != nullptr ? labels->at(*row.time) : row.label;
      TADPOLE_CHECK(writer_.series_row(row.values, label));
      return true;
    });
    if (!read.ok()) return read.error();
    return writer_.end_series();
  }

  const ImportOptions& options_;
  FolderWriter& writer_;
  std::vector<std::string> axes_;
  bool labelled_ = false;
  long blocks_ = 0;
};

// Files that blank lines cut into recordings are one label each; their folders are people.
bool has_blocks(const std::string& path) {
  const std::string start = start_of(path, 1 << 18);
  const size_t text = start.find_first_not_of(" \t\r\n");
  const size_t blank = std::min(start.find("\n\n", text), start.find("\n\r\n", text));
  return blank != std::string::npos && start.find_first_of("0123456789", blank) != std::string::npos;
}

bool looks_like_series(const std::string& path) {
  const std::string start = start_of(path);
  const auto stream = plain_stream({reinterpret_cast<const uint8_t*>(start.data()), start.rfind('\n') + 1});
  long rows = 0;
  const auto columns =
      read_series_rows(*stream, path, [&](const SeriesRow&) { return Result<bool>(++rows < 20); });
  return columns.ok() && rows > 0;
}

// Whether the groups of a manifest can be kept apart: one session for each label cannot.
bool has_groups(const Manifest& manifest) {
  std::map<std::string, std::string> group_of_label;
  for (const auto& [file, entry] : manifest) {
    if (entry.label.empty() || entry.group.empty()) continue;
    const auto [known, added] = group_of_label.emplace(entry.label, entry.group);
    if (!added && known->second != entry.group) return true;
  }
  return false;
}

// NAB's windows: {"realKnownCause/x.csv": [["2013-12-02 21:15:00", "..."], ...]}.
Result<std::map<std::string, Labels>> read_windows(const std::string& path) {
  std::map<std::string, Labels> windows;
  TADPOLE_TRY(const auto stream, open_stream(path));
  std::optional<double> from;
  TADPOLE_CHECK(walk_json(
      *stream, path, JsonForm::json, [&](const JsonPath& at, const JsonEvent& event) -> Result<void> {
        if (at.size() == 1 && event.kind == JsonEvent::Kind::begin_array) windows[at[0]].otherwise = "normal";
        if (at.size() != 3 || event.kind != JsonEvent::Kind::text) return {};
        const auto time = date_to_seconds(event.text);
        if (!time) {
          return Error{Code::data_malformed, path + ": the window \"" +
                                                 std::string(event.text.substr(0, 40)) + "\" of " + at[0] +
                                                 " is not a time such as 2014-02-26 22:05:00."};
        }
        if (from) windows[at[0]].stretches.push_back({*from, *time, "anomaly"});
        from = from ? std::nullopt : time;
        return {};
      }));
  return windows;
}

// combined_windows.json in the source, or in labels/ beside or above it.
std::string windows_file(const Source& source) {
  std::error_code ignored;
  fs::path folder = fs::absolute(source.root, ignored);
  for (int up = 0; up < 4; ++up, folder = folder.parent_path()) {
    for (const char* name : {"labels/combined_windows.json", "combined_windows.json"}) {
      if (fs::exists(folder / name, ignored)) return (folder / name).string();
    }
  }
  return "";
}

}  // namespace

bool is_series_csv(const Source& source) {
  const auto files = tables_of(source);
  return std::any_of(files.begin(), files.end(),
                     [&](const std::string& file) { return looks_like_series(source.path(file)); });
}

Result<void> import_series_csv(const Source& source, const ImportOptions& options, FolderWriter& writer) {
  TADPOLE_TRY(const Manifest manifest, read_manifest(source));
  TADPOLE_TRY(const auto sides, read_sides(source, writer));
  std::optional<Labels> labels;
  if (!options.labels_file.empty()) {
    TADPOLE_TRY(labels, read_labels(options.labels_file));
  }
  const bool grouped = has_groups(manifest);
  return each_recording(source, tables_of(source), writer, [&](const std::string& file) {
    Place place{label_of(source, manifest, file, options), stem_of(file), "", Side::train};
    if (grouped) place.group = group_of(manifest, file);
    place.more = more_of(manifest, file);
    if (has_blocks(source.path(file)) && options.label.empty()) {
      place.label = label_in_name(file);
      place.group = folder_of(file);
      if (!place.group.empty()) place.name = place.group + "_" + place.name;
    }
    if (const auto side = sides.find(file); side != sides.end()) place.side = side->second;
    const Open open = [&] { return open_stream(source.path(file)); };
    return SeriesCopier(options, writer).copy(open, source.path(file), place, labels ? &*labels : nullptr);
  });
}

bool is_serial_log(const Source& source) {
  const auto files = tables_of(source);
  return std::any_of(files.begin(), files.end(), [&](const std::string& file) {
    return looks_like_serial_log(start_of(source.path(file)));
  });
}

Result<void> import_serial_log(const Source& source, const ImportOptions& options, FolderWriter& writer) {
  return each_recording(source, tables_of(source), writer, [&](const std::string& file) {
    long dropped = 0;
    const Open open = [&]() -> Result<std::unique_ptr<ByteStream>> {
      TADPOLE_TRY(auto stream, open_stream(source.path(file)));
      return serial_rows(std::move(stream), source.path(file), &dropped);
    };
    const auto done = SeriesCopier(options, writer)
                          .copy(open, source.path(file),
                                {label_of(source, {}, file, options), stem_of(file), "", Side::train});
    if (dropped > 0)
      writer.note(file + ": " + std::to_string(dropped / 2) +
                  " lines that are no rows of numbers were left out.");
    return done;
  });
}

bool is_nab(const Source& source) { return !tables_of(source).empty() && !windows_file(source).empty(); }

Result<void> import_nab(const Source& source, const ImportOptions& options, FolderWriter& writer) {
  const std::string windows_path = windows_file(source);
  if (windows_path.empty())
    return Error{Code::file_not_found,
                 source.root + ": there is no combined_windows.json in it, nor in a folder labels above it."};
  TADPOLE_TRY(const auto windows, read_windows(windows_path));
  return each_recording(source, tables_of(source), writer, [&](const std::string& file) -> Result<void> {
    const std::string name = fs::path(file).filename().string();
    const auto entry = std::find_if(windows.begin(), windows.end(), [&](const auto& window) {
      return window.first == name || window.first.ends_with("/" + name);
    });
    if (entry == windows.end()) {
      writer.note(name + " is not named in combined_windows.json and was left out.");
      return {};
    }
    std::string folder = fs::path(entry->first).parent_path().filename().string();
    if (folder.empty()) folder = "series";
    const Open open = [&] { return open_stream(source.path(file)); };
    return SeriesCopier(options, writer)
        .copy(open, source.path(file), {folder, stem_of(file), "", Side::train}, &entry->second);
  });
}

}  // namespace tadpole::data
