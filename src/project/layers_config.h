// [[model.layers]] of tadpole.toml: the list of layers of a network that somebody wrote.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/toml.h"
#include "zoo/custom.h"

namespace tadpole::project {

/// Reads the list. Every key is checked against what its kind of layer takes. Fails: config_unknown_key,
/// config_wrong_type, config_bad_value; the message names the line, the layer and the nearest known name.
Result<std::vector<zoo::LayerSpec>> read_layers(const toml::node& node, const std::string& file);

/// The list as it stands in the file; keys that say what is so anyway are left out. read_layers of it gives
/// `layers` again. "" when there are none.
std::string layers_text(std::span<const zoo::LayerSpec> layers);

}  // namespace tadpole::project
