// A picture of a network: one box an operator, arrows where values flow, branches side by side.
#pragma once

#include <string>

#include "ir/graph.h"

namespace tadpole::project {

/// The last part of a layer's name, at most `width` characters; a name that was cut begins with "~".
std::string short_layer_name(const std::string& name, size_t width);

/// Bytes of the constants that a node reads.
int64_t constant_bytes(const ir::Graph& graph, const ir::Node& node);

/// A whole SVG document of a checked graph. It needs no script and no font of its own, follows the reader's
/// light or dark scheme, and tells kinds of operators by lightness and words, not by hue alone. Long networks
/// go on in the next column. `title` and all names are escaped. Cost: about O(nodes * widest layer).
std::string draw_graph(const ir::Graph& graph, const std::string& title);

}  // namespace tadpole::project
