// Brings data that people have into a data folder that a project can read: recognised by their content, or by
// a name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "data/folder_writer.h"

namespace tadpole::data {

/// A format that is read: its name for --as, what it is, and the task that it is for.
struct ImportFormat {
  std::string_view name, reads, task;
};

/// All formats, in the order in which they are recognised.
std::vector<ImportFormat> import_formats();

struct ImportOptions {
  std::string format{};  ///< "": by the content
  std::string label{};   ///< for all samples, where the source does not say
  double rate_hz = 0;    ///< of series without times; of rows whose times are not to be trusted
  std::vector<std::string>
      axes{};                 ///< names of a series' axes, or of a table's columns, where there are none
  std::string labels_file{};  ///< stretches of time with labels: start,end,label
  bool skip_bad = false;
};

struct ImportSummary {
  std::string format, task, folder;
  FolderWriter::Counts counts;
  std::vector<std::string> notes;
  std::vector<LeftOut> left_out;
};

/// Reads `source` (a file or a folder) and makes the data folder `to`, all or nothing. Files are read one
/// after the other, long ones block by block. Fails: format_unknown, data_exists, data_empty,
/// data_bad_option, file_not_found, disk_full, file_unwritable, cancelled, and without skip_bad what is wrong
/// with the first bad file, by file and line or byte.
Result<ImportSummary> import_data(const std::string& source, const std::string& to,
                                  const ImportOptions& options, Progress& progress);

/// What was found, for people: labels with their counts, groups, sides, notes, files left out.
std::string to_text(const ImportSummary& summary);

}  // namespace tadpole::data
