// From graph to plan: each node to a kernel, then lifetimes, then places.
#include "plan/lower.h"

#include <algorithm>

#include "ir/refusals.h"
#include "plan/bands.h"
#include "plan/lower_simd.h"
#include "plan/memory.h"
#include "plan/plan_data.h"
#include "plan/rewrite/rewrite.h"
#include "plan/views.h"

namespace tadpole::plan {

bool NodeView::all_activations(ir::DType type, int inputs) const {
  for (int i = 0; i < inputs; ++i) {
    if (in(i).type != type) return false;
  }
  return out().type == type;
}

std::string NodeView::where() const {
  return "layer '" + node.name + "' (" + std::string(ir::op_name(node.op)) + ")";
}

namespace {

/// The int16 answers of an int8 softmax begin at -32768; these can make them or read them.
bool knows_int16_zero_points(ir::Op op) {
  return op == ir::Op::softmax || op == ir::Op::dequantize || op == ir::Op::quantize || op == ir::Op::reshape;
}

}  // namespace

Result<void> check_activation(const NodeView& view, const ir::Tensor& tensor) {
  if (tensor.type != ir::DType::int8 && tensor.type != ir::DType::int16) return {};
  const std::string type(to_string(tensor.type));
  if (!tensor.quantisation || tensor.quantisation->per_channel())
    return view.bad_type(type + " tensor '" + tensor.name + "' needs one scale and zero point.");
  if (tensor.type == ir::DType::int16 && tensor.quantisation->zero_points[0] != 0 &&
      !knows_int16_zero_points(view.node.op)) {
    return view.bad_type("int16 tensor '" + tensor.name +
                         "' needs zero point 0. Put a dequantize, or a "
                         "quantize to int8, before it.");
  }
  return {};
}

namespace {

using LowerNode = Result<LoweredNode> (*)(const NodeView&);

LowerNode lower_of(ir::Op op) {
  switch (op) {
#define TADPOLE_OP(name, tflite_code, attributes, shape_rule, options) \
  case ir::Op::name:                                                   \
    return &lower_##name;
#include "ir/ops.def"
#undef TADPOLE_OP
  }
  return nullptr;
}

Result<LoweredNode> lower_node(const NodeView& view) {
  for (int i = 0; i < static_cast<int>(view.node.inputs.size()); ++i) {
    if (!ir::Graph::has_input(view.node, i)) continue;
    const ir::Tensor& tensor = view.in(i);
    if (!tensor.is_constant()) TADPOLE_CHECK(check_activation(view, tensor));
    const bool scaled = tensor.type == ir::DType::int8 || tensor.type == ir::DType::int4;
    if (tensor.is_constant() && scaled && !tensor.quantisation)
      return view.bad_type(std::string(to_string(tensor.type)) + " constant '" + tensor.name +
                           "' has no scale.");
  }
  for (int i = 0; i < static_cast<int>(view.node.outputs.size()); ++i)
    TADPOLE_CHECK(check_activation(view, view.out(i)));
  return lower_of(view.node.op)(view);
}

Result<std::vector<LoweredNode>> lower_nodes(const ir::Graph& graph, const Target& target) {
  std::vector<LoweredNode> lowered;
  ir::Refusals refusals;
  for (const ir::Node& node : graph.nodes) {
    auto result = lower_node(NodeView(graph, node, target));
    if (result.ok()) {
      lowered.push_back(std::move(result).value());
    } else {
      refusals.add(graph, node, result.error());
    }
  }
  TADPOLE_CHECK(refusals.result(graph.nodes.size()));
  return lowered;
}

/// An output that is a constant gets a step that copies it, so that every output lies in the arena.
void copy_constant_outputs(ir::Graph& graph) {
  for (int& output : graph.outputs) {
    if (!graph.tensors[static_cast<size_t>(output)].is_constant()) continue;
    ir::Tensor copy = graph.tensors[static_cast<size_t>(output)];
    copy.constant = nullptr;
    const int to = static_cast<int>(graph.tensors.size());
    graph.nodes.push_back({ir::Op::reshape, copy.name, {output}, {to}, ir::NoAttributes{}});
    graph.tensors.push_back(std::move(copy));
    output = to;
  }
}

/// Turns lowered nodes into steps and buffers, and places them.
class Placing {
 public:
  Placing(PlanBuilder::Data& data, std::vector<LoweredNode> lowered)
      : data_(data),
        lowered_(std::move(lowered)),
        views_(find_views(data.graph)),
        place_of_(data.graph.tensors.size(), -1),
        inside_(data.graph.tensors.size(), 0) {}

  void run() {
    make_steps();
    find_lifetimes();
    if (data_.target.share_arena) find_overlaps();
    lay_out_arena();
    set_operands();
  }

 private:
  struct StepSource {
    const LoweredNode* node;
    std::vector<int> outputs;
    int scratch_place = -1;
  };

  int new_place(int tensor, int64_t bytes, int step, int alignment) {
    Placement place;
    place.tensor = tensor;
    place.bytes = bytes;
    place.first_step = place.last_step = step;
    data_.placements.push_back(place);
    alignment_.push_back(alignment);
    return static_cast<int>(data_.placements.size()) - 1;
  }

  int place_of(int tensor) const { return place_of_[static_cast<size_t>(tensor)]; }

  /// A view lies in the place of its base, which is made with the first of them.
  void place(int tensor, int step, int alignment) {
    const View& view = views_[static_cast<size_t>(tensor)];
    if (view.base == tensor) {
      place_of_[static_cast<size_t>(tensor)] =
          new_place(tensor, data_.tensor(tensor).bytes(), step, alignment);
      return;
    }
    if (place_of(view.base) < 0) place(view.base, step, alignment);
    share_place(tensor, view.base, view.offset);
  }

  void share_place(int tensor, int with, int64_t offset) {
    place_of_[static_cast<size_t>(tensor)] = place_of(with);
    inside_[static_cast<size_t>(tensor)] = inside(with) + offset;
  }
  int64_t inside(int tensor) const { return inside_[static_cast<size_t>(tensor)]; }

  void make_steps() {
    for (const int input : data_.graph.inputs) place(input, 0, 16);
    for (size_t i = 0; i < data_.graph.tensors.size(); ++i) {
      if (data_.graph.tensors[i].is_variable) place(static_cast<int>(i), 0, 4);
    }
    for (size_t i = 0; i < data_.graph.nodes.size(); ++i) {
      const ir::Node& node = data_.graph.nodes[i];
      const LoweredNode& lowered = lowered_[i];
      const bool moves_nothing = !lowered.call && place_of(lowered.inputs[0]) >= 0;
      if (moves_nothing) {
        share_place(node.outputs[0], lowered.inputs[0], 0);
        continue;
      }
      if (is_done_by_views(node, views_)) {
        for (const int output : node.outputs) {
          if (place_of(output) < 0) place(output, static_cast<int>(data_.steps.size()), 4);
        }
        continue;
      }
      make_step(static_cast<int>(i), lowered, ir::multiply_accumulates(data_.graph, node));
      for (const LoweredNode& next : lowered.then) make_step(static_cast<int>(i), next, 0);
    }
  }

  void make_step(int index, const LoweredNode& lowered, int64_t macs) {
    const ir::Node& node = data_.graph.nodes[static_cast<size_t>(index)];
    const int step = static_cast<int>(data_.steps.size());
    StepSource source{&lowered, lowered.outputs};
    if (source.outputs.empty()) source.outputs = {node.outputs[0]};
    for (const int output : source.outputs) {
      if (place_of(output) < 0) place(output, step, 4);
    }
    if (lowered.scratch_bytes > 0) source.scratch_place = new_place(-1, lowered.scratch_bytes, step, 4);
    sources_.push_back(std::move(source));
    data_.steps.push_back({node.name, node.op, index, macs, lowered.call, {}});
  }

  void use(int tensor, int step) {
    if (place_of(tensor) < 0) return;
    int& last = data_.placements[static_cast<size_t>(place_of(tensor))].last_step;
    last = std::max(last, step);
  }

  void find_lifetimes() {
    for (size_t i = 0; i < sources_.size(); ++i) {
      for (const int tensor : sources_[i].node->inputs) use(tensor, static_cast<int>(i));
      for (const int tensor : sources_[i].outputs) use(tensor, static_cast<int>(i));
    }
    pinned_.assign(data_.placements.size(), false);
    const int last = std::max(0, static_cast<int>(data_.steps.size()) - 1);
    const auto pin = [&](int tensor) {
      use(tensor, last);
      if (place_of(tensor) >= 0) pinned_[static_cast<size_t>(place_of(tensor))] = true;
    };
    for (const int output : data_.graph.outputs) pin(output);
    for (size_t i = 0; i < data_.graph.tensors.size(); ++i) {
      if (data_.graph.tensors[i].is_variable) pin(static_cast<int>(i));
    }
  }

  void find_overlaps() {
    for (size_t i = 0; i < sources_.size(); ++i) {
      for (const LoweredNode::Leave& leave : sources_[i].node->overlaps) {
        const int from = sources_[i].node->inputs[static_cast<size_t>(leave.input)];
        const int input = place_of(from);
        if (input < 0 || pinned_[static_cast<size_t>(input)] ||
            data_.placements[static_cast<size_t>(input)].last_step != static_cast<int>(i))
          continue;
        const int output = place_of(sources_[i].outputs[0]);
        // The leave says nothing of what else lies in the output's place.
        if (data_.placements[static_cast<size_t>(output)].bytes !=
            data_.tensor(sources_[i].outputs[0]).bytes())
          continue;
        overlaps_.push_back(
            {input, output, ((leave.distance + 3) & ~int64_t{3}) - inside(from), leave.exact});
      }
    }
    find_overlaps_of_bands();
  }

  /// A place that is written piece by piece while another one is read piece by piece for the last time may
  /// follow behind what has been read.
  void find_overlaps_of_bands() {
    std::vector<std::vector<Access>> reads(data_.placements.size()), writes(data_.placements.size());
    for (size_t i = 0; i < sources_.size(); ++i) {
      const int step = static_cast<int>(i);
      for (const int tensor : sources_[i].node->inputs) note(reads, tensor, step);
      for (const int tensor : sources_[i].outputs) note(writes, tensor, step);
    }
    for (size_t in = 0; in < reads.size(); ++in) {
      if (pinned_[in] || reads[in].size() < 2) continue;
      for (size_t out = 0; out < writes.size(); ++out) {
        if (in == out || writes[out].size() < 2) continue;
        if (const auto distance = following(in, reads[in], writes[in], out, writes[out]))
          overlaps_.push_back(
              {static_cast<int>(in), static_cast<int>(out), (*distance + 3) & ~int64_t{3}, false});
      }
    }
  }

  struct Access {
    int step;
    int64_t begin, end;  // bytes of the place
  };

  void note(std::vector<std::vector<Access>>& all, int tensor, int step) const {
    if (place_of(tensor) < 0) return;
    all[static_cast<size_t>(place_of(tensor))].push_back(
        {step, inside(tensor), inside(tensor) + data_.tensor(tensor).bytes()});
  }

  /// The least offset(in) - offset(out) with which no write to `out` reaches a byte of `in` that is still to
  /// be read, in the same step or later; nothing when `out` is there before `in` is complete or dies before
  /// it.
  std::optional<int64_t> following(size_t in, const std::vector<Access>& reads,
                                   const std::vector<Access>& fills, size_t out,
                                   const std::vector<Access>& writes) const {
    const Placement& from = data_.placements[in];
    const Placement& to = data_.placements[out];
    const bool complete =
        fills.empty() ? from.first_step <= to.first_step : fills.back().step < to.first_step;
    if (!complete || to.last_step < from.last_step || to.first_step > from.last_step) return std::nullopt;
    int64_t distance = -from.bytes;
    for (const Access& write : writes) {
      int64_t needed = from.bytes;
      for (const Access& read : reads)
        needed = read.step >= write.step ? std::min(needed, read.begin) : needed;
      if (needed < from.bytes) distance = std::max(distance, write.end - needed);
    }
    return distance;
  }

  void lay_out_arena() {
    std::vector<Buffer> buffers;
    for (size_t i = 0; i < data_.placements.size(); ++i) {
      const Placement& place = data_.placements[i];
      buffers.push_back({(place.bytes + 3) & ~int64_t{3}, place.first_step, place.last_step, alignment_[i]});
    }
    const Layout layout = data_.target.share_arena ? lay_out(buffers, overlaps_) : lay_out_apart(buffers);
    for (size_t i = 0; i < buffers.size(); ++i) data_.placements[i].offset = layout.offsets[i];
    data_.arena_bytes = layout.bytes;
    data_.arena_lower_bound_bytes = layout.lower_bound_bytes;
    data_.peak_step = layout.peak_step;
  }

  Operand operand_of(int tensor) const {
    const int place = place_of(tensor);
    if (place < 0) return {tensor, 0, data_.tensor(tensor).constant};
    return {tensor, data_.placements[static_cast<size_t>(place)].offset + inside(tensor), nullptr};
  }

  void set_operands() {
    for (size_t i = 0; i < sources_.size(); ++i) {
      std::vector<Operand>& operands = data_.steps[i].operands;
      for (const int tensor : sources_[i].node->inputs) operands.push_back(operand_of(tensor));
      for (const int tensor : sources_[i].outputs) operands.push_back(operand_of(tensor));
      if (sources_[i].scratch_place >= 0) {
        operands.push_back(
            {-1, data_.placements[static_cast<size_t>(sources_[i].scratch_place)].offset, nullptr});
      }
    }
    for (size_t i = 0; i < place_of_.size(); ++i) {
      const int place = place_of_[i];
      data_.offset_of_tensor.push_back(
          place < 0 ? -1 : data_.placements[static_cast<size_t>(place)].offset + inside_[i]);
      if (data_.graph.tensors[i].is_variable) set_state(static_cast<int>(i));
    }
  }

  void set_state(int tensor) {
    const ir::Tensor& variable = data_.tensor(tensor);
    State state{tensor, data_.offset_of_tensor.back(), {}};
    if (variable.initial) {
      state.initial = *variable.initial;
    } else {  // the real 0 is the zero point; int16 has 0
      const bool int8 = variable.type == ir::DType::int8 && variable.quantisation;
      const int32_t zero = int8 ? variable.quantisation->zero_points[0] : 0;
      state.initial.assign(static_cast<size_t>(variable.bytes()), static_cast<uint8_t>(zero));
    }
    data_.states.push_back(std::move(state));
  }

  PlanBuilder::Data& data_;
  std::vector<LoweredNode> lowered_;
  std::vector<View> views_;
  std::vector<int> place_of_;    // of tensors; -1: a constant, or never written
  std::vector<int64_t> inside_;  // where a tensor begins in its place
  std::vector<int> alignment_;
  std::vector<bool> pinned_;  // of placements: their bytes must stay to the end
  std::vector<StepSource> sources_;
  std::vector<Overlap> overlaps_;
};

}  // namespace

namespace {

Result<Plan> lower_as_it_is(ir::Graph graph, const Target& target) {
  PlanBuilder::Data data;
  data.target = target;
  data.graph = std::move(graph);
  copy_constant_outputs(data.graph);
  TADPOLE_TRY(std::vector<LoweredNode> lowered, lower_nodes(data.graph, target));
  Placing(data, std::move(lowered)).run();
  return PlanBuilder::finish(std::move(data));
}

}  // namespace

Result<Plan> lower(const ir::Graph& graph, const Target& wanted) {
  TADPOLE_TRY(const Target target, with_kernels_here(wanted));
  TADPOLE_CHECK(ir::check_graph(graph));
  if (!target.rewrite) return lower_as_it_is(graph, target);
  TADPOLE_TRY(const ir::Graph rewritten,
              rewrite(graph, {.channel_multiple = target.kernels == "cortex_m_dsp" ? 4 : 1}));
  TADPOLE_TRY(Plan plan, lower_as_it_is(rewritten, target));
  if (target.ram_limit_bytes <= 0 || plan.arena_bytes() <= target.ram_limit_bytes || !target.share_arena)
    return plan;
  return lower_in_bands(rewritten, plan, target.ram_limit_bytes,
                        [&](const ir::Graph& banded) { return lower_as_it_is(banded, target); });
}

}  // namespace tadpole::plan
