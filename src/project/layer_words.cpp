// A layer in a few words: its name, its weights.
#include "project/draw_graph.h"

namespace tadpole::project {

std::string short_layer_name(const std::string& name, size_t width) {
  // Converters join the names of what they fused with ';' and nest scopes with '/'.
  const std::string first = name.substr(0, name.find(';'));
  const std::string end = first.substr(first.find_last_of('/') + 1);
  const std::string& best = end.empty() ? first : end;
  return best.size() <= width ? best : "~" + best.substr(best.size() - (width - 1));
}

int64_t constant_bytes(const ir::Graph& graph, const ir::Node& node) {
  int64_t bytes = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const int index = static_cast<int>(i);
    if (ir::Graph::has_input(node, index) && graph.input_of(node, index).is_constant())
      bytes += graph.input_of(node, index).bytes();
  }
  return bytes;
}

}  // namespace tadpole::project
