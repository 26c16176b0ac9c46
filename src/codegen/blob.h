// A plan as one piece of data for the runner in device/runtime. Layout: docs/formats/blob.md.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.h"

namespace tadpole::codegen {

/// The blob of a plan: the same plan gives the same bytes. `hash`: of the model file, 16 hex digits. Arrays
/// that several steps share are stored once. Fails: op_unsupported when a step has more operands than a
/// runner takes. Cost: O(weights).
Result<std::vector<uint8_t>> emit_blob(const plan::Plan& plan, const std::string& name,
                                       const std::string& hash);

/// Names of the kernels that a header below device/kernels declares, by the rule of device/kernels/params.h:
/// a line "void name(const SomeParams& params, ...".
std::set<std::string> kernels_in(std::string_view header);

}  // namespace tadpole::codegen
