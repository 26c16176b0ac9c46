// What a plan says about itself, and its execution on the host.
#include "plan/plan.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string_view>
#include <unordered_set>

#include "base/text.h"
#include "plan/plan_data.h"

namespace tadpole::plan {

namespace {

/// Sums the sizes of parameters on a 32-bit chip.
class SizeVisitor final : public ParamVisitor {
 public:
  int64_t bytes = 0;
  void number(std::string_view, int32_t) override { bytes += 4; }
  void number(std::string_view, float) override { bytes += 4; }
  void numbers(std::string_view, std::span<const int32_t> values) override { add(values.size() * 4); }
  void begin_group(std::string_view) override {}
  void end_group() override {}
  void array(std::string_view, std::span<const int8_t> values) override { add_array(values); }
  void array(std::string_view, std::span<const int16_t> values) override { add_array(values); }
  void array(std::string_view, std::span<const int32_t> values) override { add_array(values); }
  void array(std::string_view, std::span<const float> values) override { add_array(values); }

 private:
  void add(size_t count) { bytes += static_cast<int64_t>(count); }
  /// A pointer, and what it points to when no step before has counted the same bytes: they are stored once.
  template <class T>
  void add_array(std::span<const T> values) {
    const std::string_view bytes(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    add(4 + (counted_.insert(bytes).second ? bytes.size() : 0));
  }
  std::unordered_set<std::string_view> counted_;
};

/// The arena starts at a multiple of this.
constexpr size_t kArenaAlignment = 16;

uint8_t* aligned(uint8_t* pointer) {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  return pointer + (kArenaAlignment - address % kArenaAlignment) % kArenaAlignment;
}

}  // namespace

int64_t KernelCall::constant_bytes() const {
  SizeVisitor visitor;
  visit(visitor);
  return visitor.bytes;
}

const std::string& Plan::name() const { return data_->graph.name; }
const Target& Plan::target() const { return data_->target; }
std::span<const Step> Plan::steps() const { return data_->steps; }
std::span<const Placement> Plan::placements() const { return data_->placements; }
const ir::Graph& Plan::graph() const { return data_->graph; }
int64_t Plan::arena_bytes() const { return data_->arena_bytes; }
int64_t Plan::arena_lower_bound_bytes() const { return data_->arena_lower_bound_bytes; }
int Plan::peak_step() const { return data_->peak_step; }

int64_t Plan::constant_bytes() const {
  int64_t bytes = 0;
  SizeVisitor visitor;  // steps of one layer share their weights
  for (const Step& step : data_->steps) {
    step.call->visit(visitor);
    for (const Operand& operand : step.operands) {
      if (operand.constant) bytes += static_cast<int64_t>(operand.constant->size());
    }
  }
  return bytes + visitor.bytes;
}

int64_t Plan::macs() const {
  int64_t macs = 0;
  for (const Step& step : data_->steps) macs += step.macs;
  return macs;
}

int Plan::input_count() const { return static_cast<int>(data_->graph.inputs.size()); }
int Plan::output_count() const { return static_cast<int>(data_->graph.outputs.size()); }

int64_t Plan::input_bytes(int index) const {
  return data_->tensor(data_->graph.inputs[static_cast<size_t>(index)]).bytes();
}
int64_t Plan::output_bytes(int index) const {
  return data_->tensor(data_->graph.outputs[static_cast<size_t>(index)]).bytes();
}
int64_t Plan::input_bytes() const {
  int64_t bytes = 0;
  for (int i = 0; i < input_count(); ++i) bytes += input_bytes(i);
  return bytes;
}
int64_t Plan::output_bytes() const {
  int64_t bytes = 0;
  for (int i = 0; i < output_count(); ++i) bytes += output_bytes(i);
  return bytes;
}
int64_t Plan::input_offset(int index) const {
  return offset_of(data_->graph.inputs[static_cast<size_t>(index)]);
}
int64_t Plan::output_offset(int index) const {
  return offset_of(data_->graph.outputs[static_cast<size_t>(index)]);
}
std::span<const State> Plan::states() const { return data_->states; }
int64_t Plan::offset_of(int tensor) const { return data_->offset_of_tensor[static_cast<size_t>(tensor)]; }

Result<void> fits(const Plan& plan, int64_t ram_bytes, int64_t flash_bytes) {
  if (plan.arena_bytes() > ram_bytes) {
    std::string where;
    if (!plan.steps().empty()) {
      const Step& step = plan.steps()[static_cast<size_t>(plan.peak_step())];
      const ir::Node& node = plan.graph().nodes[static_cast<size_t>(step.node)];
      where = " at layer " + std::to_string(step.node) + " ('" + step.name + "', " +
              std::string(ir::op_name(step.op)) + " " + ir::to_string(plan.graph().output_of(node).shape) +
              ")";
    }
    return Error{Code::does_not_fit, "model '" + plan.name() + "' needs " +
                                         base::with_commas(plan.arena_bytes()) + " B of RAM" + where +
                                         "; the board leaves " + base::with_commas(ram_bytes) +
                                         " B to it. Try a smaller input, fewer channels or a smaller "
                                         "architecture."};
  }
  if (plan.constant_bytes() > flash_bytes) {
    const auto largest = std::max_element(
        plan.steps().begin(), plan.steps().end(),
        [](const Step& a, const Step& b) { return a.call->constant_bytes() < b.call->constant_bytes(); });
    return Error{Code::does_not_fit,
                 "model '" + plan.name() + "' needs " + base::with_commas(plan.constant_bytes()) +
                     " B of flash for its weights, most of it in layer " + std::to_string(largest->node) +
                     " ('" + largest->name + "', " + base::with_commas(largest->call->constant_bytes()) +
                     " B); the board leaves " + base::with_commas(flash_bytes) +
                     " B. Quantise the model, or use a smaller architecture."};
  }
  return {};
}

Runner::Runner(const Plan& plan)
    : plan_(plan), arena_(static_cast<size_t>(plan.arena_bytes()) + kArenaAlignment) {
  uint8_t* arena = aligned(arena_.data());
  for (const Step& step : plan_.steps()) {
    for (const Operand& operand : step.operands) {
      // Kernels take constants as pointers to const; only the common type of the list is not.
      pointers_.push_back(operand.constant ? const_cast<uint8_t*>(operand.constant->data())
                                           : arena + operand.offset);
    }
  }
  reset();
}

void Runner::reset() {
  for (const State& state : plan_.states())
    std::memcpy(aligned(arena_.data()) + state.offset, state.initial.data(), state.initial.size());
}

void Runner::run(std::span<const uint8_t> in, std::span<uint8_t> out) {
  assert(static_cast<int64_t>(in.size()) == plan_.input_bytes());
  assert(static_cast<int64_t>(out.size()) == plan_.output_bytes());
  uint8_t* arena = aligned(arena_.data());
  for (int i = 0; i < plan_.input_count(); ++i) {
    const auto bytes = static_cast<size_t>(plan_.input_bytes(i));
    std::memcpy(arena + plan_.input_offset(i), in.data(), bytes);
    in = in.subspan(bytes);
  }
  uint8_t* const* operands = pointers_.data();
  for (const Step& step : plan_.steps()) {
    step.call->run(operands);
    operands += step.operands.size();
  }
  for (int i = 0; i < plan_.output_count(); ++i) {
    const auto bytes = static_cast<size_t>(plan_.output_bytes(i));
    std::memcpy(out.data(), arena + plan_.output_offset(i), bytes);
    out = out.subspan(bytes);
  }
}

std::span<const uint8_t> Runner::tensor(int index) const {
  const ir::Tensor& tensor = plan_.graph().tensors[static_cast<size_t>(index)];
  if (tensor.is_constant()) return *tensor.constant;
  const int64_t offset = plan_.offset_of(index);
  if (offset < 0) return {};
  const uint8_t* arena = aligned(const_cast<uint8_t*>(arena_.data()));
  return {arena + offset, static_cast<size_t>(tensor.bytes())};
}

}  // namespace tadpole::plan
