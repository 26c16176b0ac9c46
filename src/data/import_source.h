// What an importer sees of its source, and the table's functions. Used by the import_*.cpp files.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/import.h"

namespace tadpole::data {

/// A file, or the files of a folder and of those below it.
struct Source {
  std::string root;                ///< the folder; of a single file the one that it lies in
  bool single = false;             ///< one file was named
  std::vector<std::string> files;  ///< paths below root, in natural order

  std::string path(const std::string& file) const { return root + "/" + file; }
  /// Files with one of these extensions (lower case, with dots), ".gz" taken off.
  std::vector<std::string> with(std::initializer_list<std::string_view> extensions) const;
};

/// Lists a source. Hidden files are left out. Fails: file_not_found, file_unreadable, data_empty.
Result<Source> open_source(const std::string& path);

/// The first bytes of a file; fewer at its end, none when it cannot be read.
std::string start_of(const std::string& path, size_t bytes = 4096);

/// What MANIFEST.csv, manifest.csv, metadata.csv or groups.csv in the source say of a file.
struct ManifestEntry {
  std::string label, group;
  std::map<std::string, std::string> more = {};  ///< as Place::more
};
using Manifest = std::map<std::string, ManifestEntry>;
/// Columns path (or file, filename), label (or class), group (or speaker, client_id), and those of
/// kind_of_column. Fails: csv_malformed.
Result<Manifest> read_manifest(const Source& source);

/// Sides by validation_list.txt and testing_list.txt, or val.csv, valid.csv, test.csv with paths in the first
/// column. With a validation list alone, its samples are the test side.
Result<std::map<std::string, samples::Side>> read_sides(const Source& source, FolderWriter& writer);

/// "dir/yes.12.wav": its folder's name, "" at the top; its name up to the extension; "yes".
std::string folder_of(const std::string& file);
std::string stem_of(const std::string& file);
std::string label_in_name(const std::string& file);
/// Extension in lower case, ".gz" taken off.
std::string extension_of(const std::string& file);

/// The label of a file: the manifest's, --label, the folder's name, or what the name begins with.
std::string label_of(const Source& source, const Manifest& manifest, const std::string& file,
                     const ImportOptions& options);
std::string group_of(const Manifest& manifest, const std::string& file);
std::map<std::string, std::string> more_of(const Manifest& manifest, const std::string& file);

/// The kind of group that a column of a manifest or of Common Voice's tables names ("locale": language), ""
/// for other columns: language, device, gender, age, accent.
std::string kind_of_column(const std::string& column);

/// Calls take for each file; one that cannot be read is left out or ends the import, as the writer decides.
Result<void> each_recording(const Source& source, const std::vector<std::string>& files, FolderWriter& writer,
                            const std::function<Result<void>(const std::string&)>& take);

/// A format: how it is recognised and read.
struct FormatRow {
  ImportFormat about;
  bool (*recognise)(const Source&);
  Result<void> (*read)(const Source&, const ImportOptions&, FolderWriter&);
};

// import_sound.cpp
bool is_common_voice(const Source&);
bool is_spoken_digits(const Source&);
bool is_labelled_sound(const Source&);
bool is_long_sound(const Source&);
bool is_sounds(const Source&);
Result<void> import_common_voice(const Source&, const ImportOptions&, FolderWriter&);
Result<void> import_spoken_digits(const Source&, const ImportOptions&, FolderWriter&);
Result<void> import_labelled_sound(const Source&, const ImportOptions&, FolderWriter&);
Result<void> import_long_sound(const Source&, const ImportOptions&, FolderWriter&);
Result<void> import_sounds(const Source&, const ImportOptions&, FolderWriter&);
// import_images.cpp
bool is_image_set(const Source&);
bool is_coco(const Source&);
bool is_images(const Source&);
Result<void> import_image_set(const Source&, const ImportOptions&, FolderWriter&);
Result<void> import_coco(const Source&, const ImportOptions&, FolderWriter&);
Result<void> import_images(const Source&, const ImportOptions&, FolderWriter&);
// import_json.cpp
bool is_edge_impulse(const Source&);
bool is_strokes(const Source&);
bool is_series_json(const Source&);
Result<void> import_edge_impulse(const Source&, const ImportOptions&, FolderWriter&);
Result<void> import_strokes(const Source&, const ImportOptions&, FolderWriter&);
Result<void> import_series_json(const Source&, const ImportOptions&, FolderWriter&);
// import_series.cpp
bool is_nab(const Source&);
bool is_serial_log(const Source&);
bool is_series_csv(const Source&);
Result<void> import_nab(const Source&, const ImportOptions&, FolderWriter&);
Result<void> import_serial_log(const Source&, const ImportOptions&, FolderWriter&);
Result<void> import_series_csv(const Source&, const ImportOptions&, FolderWriter&);
// import_table.cpp
bool is_numpy(const Source&);
bool is_table(const Source&);
Result<void> import_numpy(const Source&, const ImportOptions&, FolderWriter&);
Result<void> import_table(const Source&, const ImportOptions&, FolderWriter&);

}  // namespace tadpole::data
