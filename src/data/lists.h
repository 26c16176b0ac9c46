// The small text files of a data folder: groups.csv and the published lists of validation and test
// recordings.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tadpole::data {

/// What groups.csv says of one recording.
struct GroupEntry {
  std::string group;
  std::string source;                            ///< "synthetic", "recording", ...; optional
  std::map<std::string, std::string> more = {};  ///< by the names of further columns: language, device
};

/// Reads "path,group[,source]" lines: paths below the data folder with forward slashes; fields may be quoted
/// as in RFC 4180 (but not span lines). A first line "path,group,..." names the columns behind: source, and
/// any others, which become `more`; fields may then be empty or left out. Empty lines and lines that start
/// with # are skipped; a byte-order mark and Windows line ends are fine. Fails: groups_malformed with `name`,
/// line number and what is wrong (nothing but a path, an open quote, too many fields, a path with two groups,
/// a path outside the folder, columns without a name or with the same one).
Result<std::map<std::string, GroupEntry>> parse_groups(std::string_view text, const std::string& name);

/// The lines of a list of paths, trimmed, with forward slashes and without a leading "./"; empty lines are
/// left out.
std::vector<std::string> parse_list(std::string_view text);

/// The speaker of a file named as in Speech Commands, "<hex digits>_nohash_<number>.<extension>", or "" for
/// any other name: nothing is guessed.
std::string speaker_of(std::string_view file_name);

}  // namespace tadpole::data
