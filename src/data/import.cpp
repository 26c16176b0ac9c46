// The table of formats, and the one way through: look, choose, read, publish.
#include "data/import.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "data/import_source.h"

namespace tadpole::data {
namespace {

// In the order of recognition: the more a format says of itself, the earlier it is.
constexpr std::array kFormats = {
    FormatRow{{"image-set", "MNIST IDX files (gzip or not) or CIFAR-10 binary batches", "image"},
              is_image_set,
              import_image_set},
    FormatRow{{"common-voice", "Common Voice: tables of client_id, path, sentence beside clips/", "keyword"},
              is_common_voice,
              import_common_voice},
    FormatRow{{"labelled-sound", "recordings beside label tracks as Audacity exports them (a.wav, a.txt)",
               "keyword"},
              is_labelled_sound,
              import_labelled_sound},
    FormatRow{{"spoken-digits", "recordings in one folder, named label_speaker_number", "keyword"},
              is_spoken_digits,
              import_spoken_digits},
    FormatRow{{"long-sound", "long recordings of one word after another, cut by their energy", "keyword"},
              is_long_sound,
              import_long_sound},
    FormatRow{{"sounds", "one folder of WAV, FLAC, OGG or MP3 per word, as Speech Commands", "keyword"},
              is_sounds,
              import_sounds},
    FormatRow{
        {"coco", "COCO's boxes or captions as JSON, to person and no_person", "image"}, is_coco, import_coco},
    FormatRow{{"images", "one folder of PNG or JPEG per class", "image"}, is_images, import_images},
    FormatRow{{"strokes", "magic-wand JSON: strokes of strokePoints with labels", "gesture"},
              is_strokes,
              import_strokes},
    FormatRow{{"edge-impulse", "Edge Impulse acquisitions, JSON or CBOR, with info.labels or not", "gesture"},
              is_edge_impulse,
              import_edge_impulse},
    FormatRow{
        {"nab", "series with windows of anomalies: combined_windows.json", "anomaly"}, is_nab, import_nab},
    FormatRow{{"numpy", ".npz with samples and labels, .npy with one recording each", "gesture"},
              is_numpy,
              import_numpy},
    FormatRow{{"series-json", "time series in JSON or CBOR, one file a recording", "gesture"},
              is_series_json,
              import_series_json},
    FormatRow{{"serial", "logs of a serial monitor or plotter, with its clock or not", "gesture"},
              is_serial_log,
              import_serial_log},
    FormatRow{{"series", "time series in CSV, one file a recording, or blank lines between them", "gesture"},
              is_series_csv,
              import_series_csv},
    FormatRow{
        {"table", "tables of rows: UCI's .data, .test and .names, or CSV", "table"}, is_table, import_table},
};

Result<FormatRow> format_called(const std::string& name) {
  std::vector<std::string_view> names;
  for (const FormatRow& row : kFormats) {
    if (row.about.name == name) return row;
    names.push_back(row.about.name);
  }
  const std::string_view near = base::nearest(name, names);
  return Error{Code::format_unknown, "there is no format \"" + name + "\". " +
                                         (near.empty() ? "The formats are " + base::join_words(names) + "."
                                                       : "Did you mean \"" + std::string(near) + "\"?")};
}

Result<FormatRow> recognise(const Source& source, const std::string& path) {
  for (const FormatRow& row : kFormats) {
    if (row.recognise(source)) return row;
  }
  std::string first = source.files.front().substr(0, 80);
  return Error{Code::format_unknown,
               path + ": it is not clear what this is; the first of its " +
                   std::to_string(source.files.size()) + " files is " + first +
                   ". Name the format with --as; tadpole data import --help lists them."};
}

}  // namespace

std::vector<ImportFormat> import_formats() {
  std::vector<ImportFormat> formats;
  for (const FormatRow& row : kFormats) formats.push_back(row.about);
  return formats;
}

Result<ImportSummary> import_data(const std::string& source_path, const std::string& to,
                                  const ImportOptions& options, Progress& progress) {
  TADPOLE_TRY(const Source source, open_source(source_path));
  TADPOLE_TRY(const FormatRow row,
              options.format.empty() ? recognise(source, source_path) : format_called(options.format));
  TADPOLE_TRY(FolderWriter writer, FolderWriter::create(to, options.skip_bad, progress));
  TADPOLE_CHECK(row.read(source, options, writer));
  TADPOLE_CHECK(writer.finish());
  return ImportSummary{std::string(row.about.name),
                       std::string(row.about.task),
                       to,
                       writer.counts(),
                       writer.notes(),
                       writer.left_out()};
}

std::string to_text(const ImportSummary& summary) {
  constexpr size_t kShown = 40;
  const auto& counts = summary.counts;
  std::string text =
      summary.folder + ": " + std::to_string(counts.samples) + " samples (read as " + summary.format + ")\n";
  size_t shown = 0, width = 8;
  for (const auto& [label, count] : counts.labels)
    width = std::max(width, std::min<size_t>(label.size(), 40));
  for (const auto& [label, count] : counts.labels) {
    if (++shown > kShown) {
      text += "  and " + std::to_string(counts.labels.size() - kShown) + " more labels\n";
      break;
    }
    const std::string number = std::to_string(count);
    text += "  " + label + std::string(width - std::min(width, label.size()), ' ') +
            std::string(8 - std::min<size_t>(8, number.size()), ' ') + number + "\n";
  }
  if (!counts.groups.empty())
    text += "Groups (people, photos, devices): " + std::to_string(counts.groups.size()) + "\n";
  if (counts.validation + counts.test > 0) {
    text += "The source says itself: " + std::to_string(counts.validation) + " for validation, " +
            std::to_string(counts.test) + " for the test.\n";
  }
  for (const std::string& note : summary.notes) text += "- " + note + "\n";
  if (!summary.left_out.empty()) {
    text += "Left out: " + std::to_string(summary.left_out.size()) + "\n";
    for (size_t i = 0; i < std::min<size_t>(10, summary.left_out.size()); ++i)
      text += "  " + summary.left_out[i].error.detail + "\n";
    if (summary.left_out.size() > 10)
      text += "  and " + std::to_string(summary.left_out.size() - 10) + " more\n";
  }
  return text;
}

}  // namespace tadpole::data
