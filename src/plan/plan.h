// A graph lowered for one target: kernel calls in order, packed weights, and every tensor at a fixed offset
// of one arena. Executed on the host by a Runner, printed as C++ by codegen/.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"
#include "plan/kernel_call.h"

namespace tadpole::plan {

/// What a plan is made for. `kernels` picks the kernel set: "ref" (the judge, any graph), "generic"
/// (portable, fast), "cortex_m_dsp", "host" (the best for this computer: "avx2" or "wasm_simd" where they
/// run, else "generic"). All give the same bits for int8. Every kernel packed for a board has a portable
/// twin, so that a plan for any board runs here; the plan of "host" names what was chosen and runs on such
/// computers only.
struct Target {
  std::string kernels = "generic";
  bool share_arena =
      true;             ///< false: every tensor keeps its own place, so that all can be looked at after a run
  bool rewrite = true;  ///< false: nodes stay as they were imported: nothing fused, removed or folded
  int64_t ram_limit_bytes = 0;    ///< of the arena; rows are computed again to stay below it; 0: no limit
  int64_t flash_limit_bytes = 0;  ///< of all constants; 0: packed weights at most 1.1 times the int8 ones
};

/// Where an activation lives. Two places may overlap while both are alive only where a kernel reads each byte
/// of the one before it writes it in the other.
struct Placement {
  int tensor = -1;  ///< index in the lowered graph; -1: scratch of one step
  int64_t offset = 0, bytes = 0;
  int first_step = 0, last_step = 0;
};

/// What a kernel reads or writes: a part of the arena, or constant bytes.
struct Operand {
  int tensor = -1;  ///< index in the lowered graph; -1: scratch
  int64_t offset = 0;
  std::shared_ptr<const std::vector<uint8_t>> constant;  ///< set: not in the arena
};

/// One kernel call. A node that moves nothing (reshape) has no step; one that joins or splits has several.
struct Step {
  std::string name;  ///< of the layer
  ir::Op op = ir::Op::reshape;
  int node = 0;      ///< index in the lowered graph
  int64_t macs = 0;  ///< multiply-accumulates
  std::shared_ptr<const KernelCall> call;
  std::vector<Operand> operands;  ///< inputs, outputs, scratch: the kernel's pointer arguments in order
};

/// A variable in the arena, and what it holds before the first inference.
struct State {
  int tensor = -1;
  int64_t offset = 0;
  std::vector<uint8_t> initial;
};

/// Immutable; copies are cheap and thread-safe.
class Plan {
 public:
  const std::string& name() const;  ///< of the graph
  const Target& target() const;
  std::span<const Step> steps() const;
  std::span<const Placement> placements() const;
  /// The lowered graph: tensors' names, types, shapes and scales.
  const ir::Graph& graph() const;

  /// The arena: every activation and all scratch. A multiple of 4.
  int64_t arena_bytes() const;
  /// The most bytes that must be held at once by any placement: no plan with these kernels can need less.
  int64_t arena_lower_bound_bytes() const;
  /// The step at which the lower bound is reached.
  int peak_step() const;
  /// Weights, biases, multipliers and parameters: what the plan puts into flash beside code.
  int64_t constant_bytes() const;
  int64_t macs() const;

  int input_count() const;
  int output_count() const;
  int64_t input_bytes() const;   ///< of all inputs, one after the other
  int64_t output_bytes() const;  ///< of all outputs, one after the other
  int64_t input_bytes(int index) const;
  int64_t output_bytes(int index) const;
  int64_t input_offset(int index = 0) const;  ///< in the arena, a multiple of 16
  int64_t output_offset(int index = 0) const;
  /// Variables: what stays in the arena from one inference to the next, in the order of the graph's tensors.
  std::span<const State> states() const;
  /// Where a tensor of the lowered graph lies, or -1 for constants and tensors that no step touches.
  int64_t offset_of(int tensor) const;

 private:
  friend class PlanBuilder;
  struct Data;
  explicit Plan(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

/// Lowers a checked graph. Fails: whatever ir::check_graph finds, op_unsupported (all
/// layers at once), type_unsupported, bad_shape. Nothing may fail later: Runner::run() has no errors.
/// Cost: packs all weights once; the arena search is bounded to some milliseconds.
Result<Plan> lower(const ir::Graph& graph, const Target& target);

/// Whether the arena fits `ram_bytes` and the constants `flash_bytes` (what the board leaves to the model).
/// Fails: does_not_fit; names the layer, the need, the limit and what to try.
Result<void> fits(const Plan& plan, int64_t ram_bytes, int64_t flash_bytes);

/// Runs a plan on the host. Owns an arena: threads need one Runner each; they may share the plan.
class Runner {
 public:
  explicit Runner(const Plan& plan);
  Runner(Runner&&) = default;
  Runner& operator=(Runner&&) = default;

  /// One inference; both spans have exactly input_bytes() and output_bytes() (asserted): all inputs, and all
  /// outputs, one after the other. No heap.
  void run(std::span<const uint8_t> in, std::span<uint8_t> out);
  /// Gives every variable its first value, as a new Runner has.
  void reset();

  /// Bytes of a tensor of the lowered graph after run(); meaningful for every activation when the plan's
  /// target has share_arena = false, aligned to 16. Constants are given too.
  std::span<const uint8_t> tensor(int index) const;
  /// The same as elements of T.
  template <class T>
  std::span<const T> tensor_as(int index) const {
    const auto bytes = tensor(index);
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }

 private:
  Plan plan_;
  std::vector<uint8_t> arena_;
  std::vector<uint8_t*> pointers_;  ///< of all steps' operands, one after the other
};

}  // namespace tadpole::plan
