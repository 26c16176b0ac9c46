// What messages about tadpole.toml, and the file itself, say of a value.
#pragma once

#include <string>
#include <string_view>

#include "data/toml.h"

namespace tadpole::project {

/// "tadpole.toml:12"
std::string place(const std::string& file, const toml::source_region& source);
/// What a TOML value is, in a learner's words: "a whole number".
std::string_view kind_of(const toml::node& node);
/// A number as a person would write it: no trailing zeros.
std::string number_text(double value);
/// The same with a decimal point, so that it is read back as a number with one.
std::string real_text(double value);
/// A text in quotes. Control characters are left out: names of folders may hold them; the file may not.
std::string quoted_text(std::string_view text);

}  // namespace tadpole::project
