#include "project/change_settings.h"

#include <algorithm>

#include "project/config.h"
#include "project/toml_words.h"

namespace tadpole::project {

namespace {

/// The byte at a line and column, which count characters from 1; the text's end when there is no such place.
size_t byte_at(std::string_view text, const toml::source_position& at) {
  size_t byte = 0;
  for (toml::source_index line = 1; line < at.line; ++line) {
    byte = text.find('\n', byte);
    if (byte == std::string_view::npos) return text.size();
    ++byte;
  }
  for (toml::source_index column = 1; column < at.column && byte < text.size(); ++column) {
    ++byte;
    while (byte < text.size() && (static_cast<unsigned char>(text[byte]) & 0xC0) == 0x80) ++byte;
  }
  return byte;
}

std::string line_of(const SettingChange& change) { return change.key + " = " + change.value + "\n"; }

/// Below the line on which the section begins; an inline table gets it behind its brace.
void add_to_section(std::string& text, const toml::table& section, const SettingChange& change) {
  const size_t begin = byte_at(text, section.source().begin);
  if (section.is_inline()) {
    const size_t brace = text.find('{', begin);
    const std::string pair = " " + change.key + " = " + change.value + (section.empty() ? " " : ",");
    text.insert(brace == std::string::npos ? begin : brace + 1, pair);
    return;
  }
  const size_t end_of_line = text.find('\n', begin);
  if (end_of_line == std::string::npos) {
    text += "\n" + line_of(change);
  } else {
    text.insert(end_of_line + 1, line_of(change));
  }
}

Result<void> apply(std::string& text, const std::string& file_name, const SettingChange& change) {
  const toml::parse_result parsed = toml::parse(text, file_name);
  if (!parsed) {
    return Error{Code::config_syntax, place(file_name, parsed.error().source()) + ": " +
                                          std::string(parsed.error().description()) + "."};
  }
  const toml::node* section = parsed.table().get(change.section);
  if (section == nullptr) {
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += "\n[" + change.section + "]\n" + line_of(change);
    return {};
  }
  if (!section->is_table()) {
    return Error{Code::config_wrong_type, place(file_name, section->source()) + ": " + change.section +
                                              " is " + std::string(kind_of(*section)) +
                                              "; needs a table, as in [" + change.section + "]."};
  }
  const toml::node* value = section->as_table()->get(change.key);
  if (value == nullptr) {
    add_to_section(text, *section->as_table(), change);
    return {};
  }
  const size_t begin = byte_at(text, value->source().begin), end = byte_at(text, value->source().end);
  text.replace(begin, std::max(begin, end) - begin, change.value);
  return {};
}

}  // namespace

Result<std::string> change_settings(std::string_view text, const std::string& file_name,
                                    std::span<const SettingChange> changes) {
  std::string changed(text);
  for (const SettingChange& change : changes) TADPOLE_CHECK(apply(changed, file_name, change));
  TADPOLE_CHECK(parse_config(changed, file_name));
  return changed;
}

}  // namespace tadpole::project
