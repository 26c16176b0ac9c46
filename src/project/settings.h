// The one table of the settings in tadpole.toml: section, key, meaning, range and where the value lives.
// Reader, writer and --help use it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "project/config.h"

namespace tadpole::project {

/// Where a setting's value lives in a ProjectConfig, by type.
using SettingValue = std::variant<int*, uint64_t*, float*, bool*, std::string*, std::vector<std::string>*,
                                  std::vector<float>*, train::Optimiser*, train::Schedule*, train::Loss*>;

struct Setting {
  std::string_view section;  ///< "" for the top, "data.split" for an inline table in [data]
  std::string_view key;
  std::string_view meaning;  ///< the comment in the file
  SettingValue (*value)(ProjectConfig&);
  double low = 0, high = 0;               ///< numbers: allowed range, both ends included
  std::vector<std::string_view> choices;  ///< texts: what is allowed; empty = anything
  /// Whether the file of such a project shows it; null = always. It is read in any case.
  std::function<bool(const ProjectConfig&)> shown = nullptr;
};

/// In the order of the file.
std::span<const Setting> settings();

/// A value as it stands in the file.
std::string value_text(const SettingValue& value);

/// The names of an enumeration, in the order of its values.
std::span<const std::string_view> optimiser_names();
std::span<const std::string_view> schedule_names();
std::span<const std::string_view> loss_names();

}  // namespace tadpole::project
