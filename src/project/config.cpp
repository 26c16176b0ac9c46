// Reads and writes tadpole.toml by the table of settings.
#include "project/config.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include "base/text.h"
#include "data/toml.h"
#include "project/layers_config.h"
#include "project/settings.h"
#include "project/toml_words.h"

namespace tadpole::project {

namespace {

constexpr int kFormat = 1;

template <class... Ts>
struct Overload : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overload(Ts...) -> Overload<Ts...>;

std::string full_name(const Setting& setting) {
  return setting.section.empty() ? std::string(setting.key)
                                 : std::string(setting.section) + "." + std::string(setting.key);
}

Error wrong_type(const std::string& where, const Setting& setting, const toml::node& node,
                 std::string_view needed) {
  return {Code::config_wrong_type, where + ": " + full_name(setting) + " is " + std::string(kind_of(node)) +
                                       "; needs " + std::string(needed) + "."};
}

Result<double> number(const std::string& where, const Setting& setting, const toml::node& node, bool whole) {
  const std::string_view needed = whole ? "a whole number" : "a number";
  if (!node.is_integer() && (whole || !node.is_floating_point()))
    return wrong_type(where, setting, node, needed);
  const double value = *node.value<double>();
  if (!std::isfinite(value) || value < setting.low || value > setting.high) {
    return Error{Code::config_bad_value, where + ": " + full_name(setting) + " = " + number_text(value) +
                                             "; needs " + std::string(needed) + " from " +
                                             number_text(setting.low) + " to " + number_text(setting.high) +
                                             "."};
  }
  return value;
}

Result<std::string> text(const std::string& where, const Setting& setting, const toml::node& node) {
  if (!node.is_string()) return wrong_type(where, setting, node, "a text in quotes");
  std::string value = *node.value<std::string>();
  const auto& choices = setting.choices;
  if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
    return Error{Code::config_bad_value, where + ": " + full_name(setting) + " = \"" + value +
                                             "\"; needs one of: " + base::join_words(choices) + "."};
  }
  return value;
}

template <class Enum>
Result<void> set_choice(Enum& target, const std::string& where, const Setting& setting,
                        const toml::node& node) {
  TADPOLE_TRY(const std::string name, text(where, setting, node));
  const auto found = std::find(setting.choices.begin(), setting.choices.end(), name);
  target = static_cast<Enum>(found - setting.choices.begin());
  return {};
}

Result<void> set_list(std::vector<std::string>& target, const std::string& where, const Setting& setting,
                      const toml::node& node) {
  if (!node.is_array())
    return wrong_type(where, setting, node, "a list of texts, for example [\"yes\", \"no\"]");
  target.clear();
  for (const toml::node& element : *node.as_array()) {
    if (!element.is_string()) return wrong_type(where, setting, element, "a text in quotes for each entry");
    std::string value = *element.value<std::string>();
    if (std::find(target.begin(), target.end(), value) != target.end()) {
      return Error{Code::config_bad_value,
                   where + ": " + full_name(setting) + " names \"" + value + "\" twice."};
    }
    target.push_back(std::move(value));
  }
  return {};
}

Result<void> set_numbers(std::vector<float>& target, const std::string& where, const Setting& setting,
                         const toml::node& node) {
  if (!node.is_array()) return wrong_type(where, setting, node, "a list of numbers, for example [0.5, 1.0]");
  target.clear();
  for (const toml::node& element : *node.as_array()) {
    if (!element.is_integer() && !element.is_floating_point())
      return wrong_type(where, setting, element, "a number for each entry");
    const auto value = static_cast<float>(*element.value<double>());
    if (!std::isfinite(value)) {
      return Error{Code::config_bad_value, where + ": " + full_name(setting) + " has an entry of " +
                                               number_text(*element.value<double>()) +
                                               "; needs numbers that a float holds."};
    }
    target.push_back(value);
  }
  return {};
}

Result<void> set(ProjectConfig& config, const std::string& file, const Setting& setting,
                 const toml::node& node) {
  const std::string where = place(file, node.source());
  const auto whole = [&](auto* target) -> Result<void> {
    TADPOLE_TRY(const double value, number(where, setting, node, true));
    *target = static_cast<std::remove_pointer_t<decltype(target)>>(value);
    return {};
  };
  return std::visit(
      Overload{
          [&](int* target) -> Result<void> { return whole(target); },
          [&](uint64_t* target) -> Result<void> { return whole(target); },
          [&](float* target) -> Result<void> {
            TADPOLE_TRY(const double value, number(where, setting, node, false));
            *target = static_cast<float>(value);
            return {};
          },
          [&](bool* target) -> Result<void> {
            if (!node.is_boolean()) return wrong_type(where, setting, node, "true or false");
            *target = *node.value<bool>();
            return {};
          },
          [&](std::string* target) -> Result<void> {
            TADPOLE_TRY(*target, text(where, setting, node));
            return {};
          },
          [&](std::vector<std::string>* target) -> Result<void> {
            return set_list(*target, where, setting, node);
          },
          [&](std::vector<float>* target) -> Result<void> {
            return set_numbers(*target, where, setting, node);
          },
          [&](auto* target) -> Result<void> { return set_choice(*target, where, setting, node); },
      },
      setting.value(config));
}

const Setting* find_setting(std::string_view section, std::string_view key) {
  for (const Setting& setting : settings()) {
    if (setting.section == section && setting.key == key) return &setting;
  }
  return nullptr;
}

/// Keys and sub-tables that may stand in a section.
std::vector<std::string_view> known_names(std::string_view section) {
  std::vector<std::string_view> names;
  const std::string prefix = section.empty() ? "" : std::string(section) + ".";
  for (const Setting& setting : settings()) {
    if (setting.section == section) names.push_back(setting.key);
    if (setting.section != section && setting.section.starts_with(prefix)) {
      const std::string_view rest = setting.section.substr(prefix.size());
      names.push_back(rest.substr(0, rest.find('.')));
    }
  }
  if (section == "model") names.push_back("layers");
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Error unknown_key(const std::string& file, std::string_view section, const toml::key& key) {
  const std::vector<std::string_view> known = known_names(section);
  const std::string_view near = base::nearest(key.str(), known);
  const std::string where = section.empty() ? "" : " in [" + std::string(section) + "]";
  return {Code::config_unknown_key, place(file, key.source()) + ": there is no setting '" +
                                        std::string(key.str()) + "'" + where + ". " +
                                        (near.empty() ? "Known here: " + base::join_words(known)
                                                      : "Did you mean '" + std::string(near) + "'?") +
                                        (near.empty() ? "." : "")};
}

Result<void> read_table(ProjectConfig& config, const std::string& file, std::string_view section,
                        const toml::table& table) {
  for (const auto& [key, node] : table) {
    if (const Setting* setting = find_setting(section, key.str())) {
      TADPOLE_CHECK(set(config, file, *setting, node));
      continue;
    }
    if (section == "model" && key.str() == "layers") {
      TADPOLE_TRY(config.layers, read_layers(node, file));
      continue;
    }
    const std::vector<std::string_view> known = known_names(section);
    if (std::find(known.begin(), known.end(), key.str()) == known.end())
      return unknown_key(file, section, key);
    const std::string inner =
        section.empty() ? std::string(key.str()) : std::string(section) + "." + std::string(key.str());
    if (!node.is_table()) {
      return Error{Code::config_wrong_type, place(file, node.source()) + ": " + inner + " is " +
                                                std::string(kind_of(node)) + "; needs a table, as in [" +
                                                inner + "]."};
    }
    TADPOLE_CHECK(read_table(config, file, inner, *node.as_table()));
  }
  return {};
}

Result<void> check_together(const ProjectConfig& config, const std::string& file) {
  const samples::SplitOptions& split = config.data.split;
  const int sum = split.train_percent + split.validation_percent + split.test_percent;
  if (sum != 100) {
    return Error{Code::config_bad_value,
                 file + ": data.split: train + validation + test = " + std::to_string(sum) + "; needs 100."};
  }
  const bool custom = config.architecture == kCustomArchitecture;
  if (custom != !config.layers.empty()) {
    return Error{Code::config_bad_value,
                 file + ": model.arch = " + quoted_text(config.architecture) +
                     (custom ? ", and there are no [[model.layers]]. Write at least one, or choose another "
                               "arch: tadpole inspect --architectures."
                             : ", and there are [[model.layers]]. Set arch = \"custom\", or take them out.")};
  }
  return {};
}

/// The settings of "data.split" as the inline table that stands in [data].
std::string inline_table(ProjectConfig& config, std::string_view section) {
  std::string pairs;
  for (const Setting& setting : settings()) {
    if (setting.section != section) continue;
    pairs +=
        (pairs.empty() ? "" : ", ") + std::string(setting.key) + " = " + value_text(setting.value(config));
  }
  return "{ " + pairs + " }";
}

void append_line(std::string& out, std::string line, std::string_view comment) {
  if (comment.empty()) {
    out += line + "\n";
    return;
  }
  line.resize(std::max<size_t>(line.size() + 2, 34), ' ');
  out += line + "# " + std::string(comment) + "\n";
}

}  // namespace

std::string value_text(const SettingValue& value) {
  return std::visit(Overload{
                        [](const int* number) { return std::to_string(*number); },
                        [](const uint64_t* number) { return std::to_string(*number); },
                        [](const float* number) { return real_text(static_cast<double>(*number)); },
                        [](const bool* flag) { return std::string(*flag ? "true" : "false"); },
                        [](const std::string* text) { return quoted_text(*text); },
                        [](const std::vector<std::string>* list) {
                          std::string joined;
                          for (const std::string& entry : *list)
                            joined += (joined.empty() ? "" : ", ") + quoted_text(entry);
                          return "[" + joined + "]";
                        },
                        [](const std::vector<float>* list) {
                          std::ostringstream joined;
                          joined.precision(9);  // a float is read back as it was
                          for (size_t i = 0; i < list->size(); ++i) joined << (i ? ", " : "") << (*list)[i];
                          return "[" + joined.str() + "]";
                        },
                        [](const train::Optimiser* choice) {
                          return quoted_text(std::string(optimiser_names()[static_cast<size_t>(*choice)]));
                        },
                        [](const train::Loss* choice) {
                          return quoted_text(std::string(loss_names()[static_cast<size_t>(*choice)]));
                        },
                        [](const train::Schedule* choice) {
                          return quoted_text(std::string(schedule_names()[static_cast<size_t>(*choice)]));
                        },
                    },
                    value);
}

Result<ProjectConfig> parse_config(std::string_view text, const std::string& file_name) {
  const toml::parse_result parsed = toml::parse(text, file_name);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return Error{Code::config_syntax, place(file_name, error.source()) + ", column " +
                                          std::to_string(error.source().begin.column) + ": " +
                                          std::string(error.description()) + "."};
  }
  const toml::table& root = parsed.table();
  if (const auto version = root["format"].value<int64_t>(); version && *version != kFormat) {
    return Error{Code::config_version, file_name + ": format = " + std::to_string(*version) +
                                           "; this Tadpole reads format " + std::to_string(kFormat) + "."};
  }
  ProjectConfig config;
  TADPOLE_CHECK(read_table(config, file_name, "", root));
  TADPOLE_CHECK(check_together(config, file_name));
  return config;
}

std::string config_text(const ProjectConfig& source) {
  ProjectConfig config = source;
  std::string out =
      "# Everything that was decided about this project. Change a line, then run the step again.\n";
  std::string_view section;
  std::set<std::string_view> written;
  for (const Setting& setting : settings()) {
    if (setting.shown != nullptr && !setting.shown(config)) continue;
    const size_t dot = setting.section.find('.');
    const std::string_view outer = setting.section.substr(0, dot);
    if (outer != section) {
      if (section == "model") out += layers_text(config.layers);
      out += "\n[" + std::string(outer) + "]\n";
      section = outer;
    }
    if (dot == std::string_view::npos) {
      append_line(out, std::string(setting.key) + " = " + value_text(setting.value(config)), setting.meaning);
    } else if (written.insert(setting.section).second) {
      append_line(
          out, std::string(setting.section.substr(dot + 1)) + " = " + inline_table(config, setting.section),
          setting.meaning);
    }
  }
  return out;
}

}  // namespace tadpole::project
