// Importers of JSON and CBOR: Edge Impulse acquisitions, time series, drawn lines.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "data/audio_file.h"
#include "data/import_source.h"
#include "data/json_recordings.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using samples::Side;

// Whether the file is of Edge Impulse: an object with "payload", or CBOR with it.
bool is_acquisition(const std::string& path) {
  const std::string start = start_of(path, 1024);
  return start.find("payload") != std::string::npos && start.find("protected") != std::string::npos;
}

// Labels and categories by info.labels, which Edge Impulse's export puts beside the files.
struct LabelledFile {
  std::string label;
  bool testing = false;
};
Result<std::map<std::string, LabelledFile>> read_info_labels(const Source& source) {
  std::map<std::string, LabelledFile> labels;
  for (const std::string& file : source.with({".labels"})) {
    const std::string path = source.path(file);
    TADPOLE_TRY(const auto stream, open_stream(path));
    std::string name;
    LabelledFile entry;
    const std::string above = fs::path(file).parent_path().generic_string();
    TADPOLE_CHECK(walk_json(*stream, path, JsonForm::json, [&](const JsonPath& at, const JsonEvent& event) {
      if (is_path(at, {"files", "", "path"})) name = std::string(event.text);
      if (is_path(at, {"files", "", "category"})) entry.testing = event.text == "testing";
      if (is_path(at, {"files", "", "label", "label"})) entry.label = std::string(event.text);
      if (is_path(at, {"files", ""}) && event.kind == JsonEvent::Kind::end_object) {
        labels[above.empty() ? name : above + "/" + name] = entry;
        entry = {};
      }
      return Result<void>();
    }));
  }
  return labels;
}

JsonForm form_of(const std::string& file) {
  return extension_of(file) == ".cbor" ? JsonForm::cbor : JsonForm::json;
}

// Writes the rows of one JSON or CBOR recording: as sound when it is sound.
Result<void> copy_json(const std::string& path, const std::string& file, const ImportOptions& options,
                       const Place& place, FolderWriter& writer) {
  TADPOLE_TRY(const auto first, open_stream(path));
  TADPOLE_TRY(const JsonSeries head, read_json_head(*first, path, form_of(file)));
  std::vector<std::string> axes = options.axes.empty() ? head.columns.axis_names() : options.axes;
  if (axes.size() != head.columns.axes.size()) {
    return Error{Code::data_bad_option, path + ": has " + std::to_string(head.columns.axes.size()) +
                                            " axes; --axes names " + std::to_string(axes.size()) + "."};
  }
  const double rate_hz = options.rate_hz > 0 ? options.rate_hz : head.rate_hz;
  if (rate_hz <= 0) writer.note("Some recordings do not say their rate: give it with --rate HZ.");
  TADPOLE_TRY(const auto second, open_stream(path));
  const bool sound = axes.size() == 1 && (axes[0] == "audio" || axes[0] == "microphone") && rate_hz >= 4000;
  if (sound) {
    samples::Audio audio{static_cast<int>(std::lround(rate_hz)), {}};
    TADPOLE_CHECK(
        read_json_rows(*second, path, form_of(file), head, [&](const SeriesRow& row) -> Result<bool> {
          audio.pcm.push_back(
              static_cast<int16_t>(std::clamp(std::round(row.values[0]), -32768.0f, 32767.0f)));
          return audio.pcm.size() <
                 static_cast<size_t>(kLongestSeconds) * static_cast<size_t>(audio.sample_rate_hz);
        }));
    TADPOLE_TRY(const std::string id, writer.add(place, ".wav", encode_wav(audio)));
    return {};
  }
  TADPOLE_CHECK(writer.begin_series(place, axes, rate_hz, head.columns.label >= 0));
  TADPOLE_CHECK(read_json_rows(*second, path, form_of(file), head, [&](const SeriesRow& row) -> Result<bool> {
    TADPOLE_CHECK(writer.series_row(row.values, row.label));
    return true;
  }));
  return writer.end_series();
}

}  // namespace

bool is_series_json(const Source& source) { return !source.with({".json", ".cbor"}).empty(); }

Result<void> import_series_json(const Source& source, const ImportOptions& options, FolderWriter& writer) {
  TADPOLE_TRY(const Manifest manifest, read_manifest(source));
  return each_recording(source, source.with({".json", ".cbor"}), writer, [&](const std::string& file) {
    return copy_json(source.path(file), file, options,
                     {label_of(source, manifest, file, options), stem_of(file), group_of(manifest, file),
                      Side::train, more_of(manifest, file)},
                     writer);
  });
}

bool is_edge_impulse(const Source& source) {
  const auto files = source.with({".json", ".cbor"});
  return !files.empty() && is_acquisition(source.path(files.front()));
}

Result<void> import_edge_impulse(const Source& source, const ImportOptions& options, FolderWriter& writer) {
  TADPOLE_TRY(const auto labels, read_info_labels(source));
  return each_recording(source, source.with({".json", ".cbor"}), writer, [&](const std::string& file) {
    // Files are called label.json.id.ingestion-....json.
    const std::string name = fs::path(file).filename().string();
    Place place{options.label.empty() ? name.substr(0, name.find('.')) : options.label, stem_of(file), "",
                file.find("testing/") != std::string::npos ? Side::test : Side::train};
    if (const auto entry = labels.find(file); entry != labels.end()) {
      if (!entry->second.label.empty() && options.label.empty()) place.label = entry->second.label;
      if (entry->second.testing) place.side = Side::test;
    }
    return copy_json(source.path(file), file, options, place, writer);
  });
}

bool is_strokes(const Source& source) {
  const auto files = source.with({".json"});
  return !files.empty() && start_of(source.path(files.front())).find("\"strokePoints\"") != std::string::npos;
}

Result<void> import_strokes(const Source& source, const ImportOptions& options, FolderWriter& writer) {
  return each_recording(source, source.with({".json"}), writer, [&](const std::string& file) -> Result<void> {
    TADPOLE_TRY(const auto stream, open_stream(source.path(file)));
    const std::string person = label_in_name(file);
    // A file is all or nothing: a damaged one leaves none of its strokes behind.
    std::vector<std::pair<samples::Stroke, std::string>> strokes;
    TADPOLE_CHECK(read_json_strokes(*stream, source.path(file),
                                    [&](samples::Stroke&& stroke, const std::string& label) {
                                      strokes.emplace_back(std::move(stroke), label);
                                      return Result<void>();
                                    }));
    for (size_t i = 0; i < strokes.size(); ++i) {
      std::string label = options.label.empty() ? strokes[i].second : options.label;
      if (label.empty()) label = "unlabelled";
      TADPOLE_TRY(const std::string id,
                  writer.add({label, stem_of(file) + "_" + std::to_string(i), person, Side::train}, ".csv",
                             stroke_csv(strokes[i].first)));
    }
    return {};
  });
}

}  // namespace tadpole::data
