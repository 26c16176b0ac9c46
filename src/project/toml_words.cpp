// Values of tadpole.toml as text.
#include "project/toml_words.h"

#include <sstream>

namespace tadpole::project {

std::string place(const std::string& file, const toml::source_region& source) {
  return file + ":" + std::to_string(source.begin.line);
}

std::string_view kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a decimal point";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

std::string number_text(double value) {
  std::ostringstream text;
  text.precision(7);
  text << value;
  return text.str();
}

std::string real_text(double value) {
  const std::string digits = number_text(value);
  return digits.find_first_of(".e") == std::string::npos ? digits + ".0" : digits;
}

std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + "\"";
}

}  // namespace tadpole::project
