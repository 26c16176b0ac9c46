// Any bytes as a .tflite file: read_tflite answers with an error, or with a graph that passes check_graph,
// can be written, and is read back. A graph of moderate size is lowered, run twice, and gives the same bytes
// through the judge's kernels and the fast ones when it has no floats; no index leaves its tensor.
#include <cstdlib>

#include "convert/tflite.h"
#include "plan/plan.h"

namespace {

using tadpole::ir::Graph;

/// What a run may cost: values and multiply-accumulates, so that a second is never needed.
bool is_small(const Graph& graph) {
  int64_t values = 0;
  for (const auto& tensor : graph.tensors) values += tadpole::ir::element_count(tensor.shape);
  return values < 200'000 && tadpole::ir::multiply_accumulates(graph) < 2'000'000;
}

/// Bytes of any kind, the same each time.
std::vector<uint8_t> input_for(const tadpole::plan::Plan& plan) {
  std::vector<uint8_t> bytes(static_cast<size_t>(plan.input_bytes()));
  uint32_t state = 1;
  for (uint8_t& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<uint8_t>(state >> 24);
  }
  return bytes;
}

bool has_floats(const Graph& graph) {
  for (const auto& tensor : graph.tensors) {
    if (tensor.type == tadpole::ir::DType::float32) return true;
  }
  return false;
}

/// All outputs of the second inference; nothing when the graph cannot be lowered.
std::vector<uint8_t> run(const Graph& graph, const char* kernels) {
  tadpole::plan::Target target;
  target.kernels = kernels;
  const auto plan = tadpole::plan::lower(graph, target);
  if (!plan.ok()) return {};
  const std::vector<uint8_t> in = input_for(*plan);
  std::vector<uint8_t> out(static_cast<size_t>(plan->output_bytes()));
  tadpole::plan::Runner runner(*plan);
  runner.run(in, out);
  runner.run(in, out);
  return out;
}

/// Windows, filters and axes far beyond their tensors cost time without end; a board would refuse them.
bool has_small_windows(const Graph& graph) {
  for (const auto& node : graph.nodes) {
    const auto* pool = std::get_if<tadpole::ir::Pool2dAttributes>(&node.attributes);
    if (pool && int64_t{pool->filter_h} * pool->filter_w > 4096) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto graph = tadpole::convert::read_tflite({data, size});
  if (!graph.ok()) return 0;
  if (!tadpole::ir::check_graph(*graph).ok()) std::abort();
  const auto bytes = tadpole::convert::write_tflite(*graph, "");
  if (!bytes.ok()) std::abort();
  const auto again = tadpole::convert::read_tflite(*bytes);
  if (!again.ok() || again->nodes.size() != graph->nodes.size() ||
      again->tensors.size() != graph->tensors.size())
    std::abort();
  if (!is_small(*graph) || !has_small_windows(*graph)) return 0;
  const auto judge = run(*graph, "ref");
  for (const char* kernels : {"generic", "cortex_m_dsp"}) {
    const auto fast = run(*graph, kernels);
    if (!has_floats(*graph) && !judge.empty() && !fast.empty() && fast != judge) std::abort();
  }
  return 0;
}
