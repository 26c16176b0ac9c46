// Any bytes as a .tflite file: read_tflite answers with an error, or with a graph that passes check_graph,
// can be written, and is read back with as many tensors and layers.
#include <cstdlib>

#include "convert/tflite.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto graph = tadpole::convert::read_tflite({data, size});
  if (!graph.ok()) return 0;
  if (!tadpole::ir::check_graph(*graph).ok()) std::abort();
  const auto bytes = tadpole::convert::write_tflite(*graph, "");
  if (!bytes.ok()) std::abort();
  const auto again = tadpole::convert::read_tflite(*bytes);
  if (!again.ok() || again->tensors.size() != graph->tensors.size() ||
      again->nodes.size() != graph->nodes.size()) {
    std::abort();
  }
  return 0;
}
