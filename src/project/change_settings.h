// Changes settings in the text of tadpole.toml and leaves every other byte alone: comments, order and layout
// are the user's. The library that reads the file would write it without its comments.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tadpole::project {

struct SettingChange {
  std::string section;  ///< "deploy"; a table of the file
  std::string key;
  std::string value;  ///< as it stands in the file: "0.85"
};

/// The text with each value in its place; a key that is missing is added at the top of its section, a section
/// at the end of the file. Fails: config_syntax, config_wrong_type when the section is no table, and as
/// parse_config when a value is not allowed.
Result<std::string> change_settings(std::string_view text, const std::string& file_name,
                                    std::span<const SettingChange> changes);

}  // namespace tadpole::project
