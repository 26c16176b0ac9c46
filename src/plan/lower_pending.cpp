// Operators that are read, checked and shown, but have no kernels yet: each is named with what to do.
#include "plan/lower.h"

namespace tadpole::plan {

Result<LoweredNode> lower_unidirectional_sequence_lstm(const NodeView& view) {
  return view.unsupported("has no kernel yet.");
}
Result<LoweredNode> lower_svdf(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_gru(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_leaky_relu(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_prelu(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_logistic(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_tanh(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_hard_swish(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_abs(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_exp(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_rsqrt(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_cast(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_sub(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_mul(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_maximum(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_minimum(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_squared_difference(const NodeView& view) {
  return view.unsupported("has no kernel yet.");
}
Result<LoweredNode> lower_sum(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_arg_max(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_read_variable(const NodeView& view) {
  return view.unsupported("has no kernel yet.");
}
Result<LoweredNode> lower_assign_variable(const NodeView& view) {
  return view.unsupported("has no kernel yet.");
}

}  // namespace tadpole::plan
