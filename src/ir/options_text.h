// The options of a layer in words, for messages, tables and pictures.
#pragma once

#include <string>

#include "ir/graph.h"

namespace tadpole::ir {

/// What a node was told: "3x3 /2 same relu6", "axis 3", "" when there is nothing to say.
std::string options_text(const Graph& graph, const Node& node);

}  // namespace tadpole::ir
