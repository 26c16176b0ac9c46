// From graph to plan: each node to a kernel, then lifetimes, then places.
#include "plan/lower.h"

#include <algorithm>

#include "plan/memory.h"
#include "plan/plan_data.h"
#include "plan/rewrite/rewrite.h"

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

using LowerNode = Result<LoweredNode> (*)(const NodeView&);

LowerNode lower_of(ir::Op op) {
  switch (op) {
#define TADPOLE_OP(name, tflite_code, attributes) \
  case ir::Op::name:                              \
    return &lower_##name;
#include "ir/ops.def"
#undef TADPOLE_OP
  }
  return nullptr;
}

/// Int8 activations need one scale; other types than int8 and float32 are not computed with.
Result<void> check_activation(const NodeView& view, const ir::Tensor& tensor) {
  if (tensor.type == ir::DType::float32) return {};
  if (tensor.type != ir::DType::int8) {
    return view.bad_type("'" + tensor.name + "' is " + std::string(to_string(tensor.type)) +
                         "; float32 and int8 are supported.");
  }
  if (!tensor.quantisation || tensor.quantisation->per_channel()) {
    return view.bad_type("int8 tensor '" + tensor.name + "' needs one scale and zero point.");
  }
  return {};
}

Result<LoweredNode> lower_node(const NodeView& view) {
  const int activations = view.node.op == ir::Op::add ? 2 : 1;
  if (static_cast<int>(view.node.inputs.size()) < activations) {
    return view.unsupported("has no input.");
  }
  for (int i = 0; i < activations; ++i) TADPOLE_CHECK(check_activation(view, view.in(i)));
  TADPOLE_CHECK(check_activation(view, view.out()));
  return lower_of(view.node.op)(view);
}

/// Operators that cannot run are named all at once; of other failures the first is enough.
Result<std::vector<LoweredNode>> lower_nodes(const ir::Graph& graph, const Target& target) {
  std::vector<LoweredNode> lowered;
  std::string unsupported;
  for (const ir::Node& node : graph.nodes) {
    auto result = lower_node(NodeView(graph, node, target));
    if (result.ok()) {
      lowered.push_back(std::move(result).value());
    } else if (result.error().code != Code::op_unsupported) {
      return result.error();
    } else {
      unsupported += (unsupported.empty() ? "" : " ") + result.error().detail;
    }
  }
  if (!unsupported.empty()) return Error{Code::op_unsupported, unsupported};
  return lowered;
}

Result<void> check_ends(const ir::Graph& graph) {
  if (graph.inputs.size() != 1 || graph.outputs.size() != 1) {
    return Error{Code::op_unsupported,
                 "model '" + graph.name + "' has " + std::to_string(graph.inputs.size()) + " inputs and " +
                     std::to_string(graph.outputs.size()) + " outputs; one of each is supported."};
  }
  if (graph.tensors[static_cast<size_t>(graph.outputs[0])].is_constant()) {
    return Error{Code::op_unsupported, "model '" + graph.name + "' has a constant as its output."};
  }
  return {};
}

/// Turns lowered nodes into steps and buffers, and places them.
class Placing {
 public:
  Placing(PlanBuilder::Data& data, std::vector<LoweredNode> lowered)
      : data_(data), lowered_(std::move(lowered)), place_of_(data.graph.tensors.size(), -1) {}

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
    int output;
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

  int64_t bytes_of(int tensor) const { return data_.graph.tensors[static_cast<size_t>(tensor)].bytes(); }

  void make_steps() {
    const int input = data_.graph.inputs[0];
    place_of_[static_cast<size_t>(input)] = new_place(input, bytes_of(input), 0, 16);
    for (size_t i = 0; i < data_.graph.nodes.size(); ++i) {
      const ir::Node& node = data_.graph.nodes[i];
      const int output = node.outputs[0];
      const LoweredNode& lowered = lowered_[i];
      const int from = lowered.inputs[0];
      const bool moves_nothing = !lowered.call && place_of_[static_cast<size_t>(from)] >= 0;
      if (moves_nothing) {
        place_of_[static_cast<size_t>(output)] = place_of_[static_cast<size_t>(from)];
        continue;
      }
      const int step = static_cast<int>(data_.steps.size());
      place_of_[static_cast<size_t>(output)] = new_place(output, bytes_of(output), step, 4);
      StepSource source{&lowered, output};
      if (lowered.scratch_bytes > 0) source.scratch_place = new_place(-1, lowered.scratch_bytes, step, 4);
      sources_.push_back(source);
      data_.steps.push_back({node.name,
                             node.op,
                             static_cast<int>(i),
                             ir::multiply_accumulates(data_.graph, node),
                             lowered.call,
                             {}});
    }
  }

  void use(int tensor, int step) {
    const int place = place_of_[static_cast<size_t>(tensor)];
    if (place < 0) return;
    int& last = data_.placements[static_cast<size_t>(place)].last_step;
    last = std::max(last, step);
  }

  void find_lifetimes() {
    for (size_t i = 0; i < sources_.size(); ++i) {
      for (const int tensor : sources_[i].node->inputs) use(tensor, static_cast<int>(i));
    }
    use(data_.graph.outputs[0], std::max(0, static_cast<int>(data_.steps.size()) - 1));
  }

  void find_overlaps() {
    for (size_t i = 0; i < sources_.size(); ++i) {
      for (const LoweredNode::Leave& leave : sources_[i].node->overlaps) {
        const int tensor = sources_[i].node->inputs[static_cast<size_t>(leave.input)];
        const int input = place_of_[static_cast<size_t>(tensor)];
        if (input < 0 || data_.placements[static_cast<size_t>(input)].last_step != static_cast<int>(i))
          continue;
        const int output = place_of_[static_cast<size_t>(sources_[i].output)];
        overlaps_.push_back({input, output, (leave.distance + 3) & ~int64_t{3}, leave.exact});
      }
    }
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
    const int place = place_of_[static_cast<size_t>(tensor)];
    if (place < 0) return {tensor, 0, data_.graph.tensors[static_cast<size_t>(tensor)].constant};
    return {tensor, data_.placements[static_cast<size_t>(place)].offset, nullptr};
  }

  void set_operands() {
    for (size_t i = 0; i < sources_.size(); ++i) {
      std::vector<Operand>& operands = data_.steps[i].operands;
      for (const int tensor : sources_[i].node->inputs) operands.push_back(operand_of(tensor));
      operands.push_back(operand_of(sources_[i].output));
      if (sources_[i].scratch_place >= 0) {
        operands.push_back(
            {-1, data_.placements[static_cast<size_t>(sources_[i].scratch_place)].offset, nullptr});
      }
    }
    for (size_t i = 0; i < place_of_.size(); ++i) {
      const int place = place_of_[i];
      data_.offset_of_tensor.push_back(place < 0 ? -1 : data_.placements[static_cast<size_t>(place)].offset);
    }
  }

  PlanBuilder::Data& data_;
  std::vector<LoweredNode> lowered_;
  std::vector<int> place_of_;  // of tensors; -1: a constant, or never written
  std::vector<int> alignment_;
  std::vector<StepSource> sources_;
  std::vector<Overlap> overlaps_;
};

}  // namespace

Result<Plan> lower(const ir::Graph& graph, const Target& target) {
  TADPOLE_CHECK(ir::check_graph(graph));
  TADPOLE_CHECK(check_ends(graph));
  if (target.kernels != "ref" && target.kernels != "generic" && target.kernels != "cortex_m_dsp") {
    return Error{Code::op_unsupported,
                 "there are no kernels '" + target.kernels + "'; there are ref, generic and cortex_m_dsp."};
  }
  PlanBuilder::Data data;
  data.target = target;
  data.graph = graph;
  if (target.rewrite) {
    TADPOLE_TRY(data.graph, rewrite(graph));
  }
  TADPOLE_TRY(std::vector<LoweredNode> lowered, lower_nodes(data.graph, target));
  data.input = data.graph.inputs[0];
  data.output = data.graph.outputs[0];
  Placing(data, std::move(lowered)).run();
  return PlanBuilder::finish(std::move(data));
}

}  // namespace tadpole::plan
