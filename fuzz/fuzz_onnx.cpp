// Any bytes as an ONNX file: an error with a reason, or a checked graph, which can be lowered or is refused.
#include <cstdlib>

#include "onnx/onnx.h"
#include "plan/plan.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tadpole;
  const auto graph = onnx::read_onnx({data, size});
  if (!graph.ok()) {
    if (graph.error().detail.empty()) std::abort();
    return 0;
  }
  if (!ir::check_graph(*graph).ok()) std::abort();
  constexpr int64_t kSmall = 1 << 16;
  for (const ir::Tensor& tensor : graph->tensors) {
    if (tensor.bytes() > kSmall) return 0;
  }
  if (ir::multiply_accumulates(*graph) > kSmall) return 0;
  const auto plan = plan::lower(*graph, {"ref", true});
  if (!plan.ok()) return 0;
  const std::vector<uint8_t> in(static_cast<size_t>(plan->input_bytes()));
  std::vector<uint8_t> out(static_cast<size_t>(plan->output_bytes()));
  plan::Runner(*plan).run(in, out);
  return 0;
}
