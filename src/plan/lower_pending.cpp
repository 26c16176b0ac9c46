// Operators that are read, checked and shown, but have no kernels yet: each is named with what to do.
#include "plan/lower.h"

namespace tadpole::plan {

Result<LoweredNode> lower_unidirectional_sequence_lstm(const NodeView& view) {
  return view.unsupported("has no kernel yet.");
}
Result<LoweredNode> lower_svdf(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_gru(const NodeView& view) { return view.unsupported("has no kernel yet."); }
Result<LoweredNode> lower_read_variable(const NodeView& view) {
  return view.unsupported("has no kernel yet.");
}
Result<LoweredNode> lower_assign_variable(const NodeView& view) {
  return view.unsupported("has no kernel yet.");
}

}  // namespace tadpole::plan
