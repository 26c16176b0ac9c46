// A graph lowered for one target: kernel calls in order, packed weights, and every tensor at a fixed offset
// of one arena. Executed on the host by run(), printed as C++ by codegen/.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"

namespace tadpole::plan {

/// What a plan is made for. `kernels` picks the kernel set; every packed kernel has a portable twin with the
/// same bits, so a plan for any target runs here.
struct Target {
  std::string kernels =
      "generic";  ///< "ref" (the judge, any graph), "generic" (portable, fast), "cortex_m_dsp"
  bool share_arena =
      true;  ///< false: every tensor keeps its own place, so that all can be looked at after a run
};

/// Where an activation lives.
struct Placement {
  int tensor = -1;  ///< index in the lowered graph
  int64_t offset = 0, bytes = 0;
  int first_step = 0, last_step = 0;
};

class Plan;

/// Lowers a checked graph. Fails: op_unsupported (all at once), type_unsupported, bad_shape. Nothing may fail
/// later: run() has no errors.
Result<Plan> lower(const ir::Graph& graph, const Target& target);

}  // namespace tadpole::plan
