// h' = n + z (h - n) with z, r = logistic(W x + R h), n = tanh(W x + r (R h)), or of R (r h).
#include "quantise/unroll.h"

#include <string>
#include <vector>

namespace tadpole::quantise {

namespace {

using ir::Op;

class GruUnroller {
 public:
  GruUnroller(ir::Graph& graph, std::vector<ir::Node>& nodes, const ir::Node& gru)
      : graph_(graph), nodes_(nodes), gru_(gru) {
    const ir::Shape& in = graph.input_of(gru, 0).shape;
    features_ = in.back();
    steps_ = static_cast<int>(ir::element_count(in)) / features_;
    units_ = graph.input_of(gru, 2).shape[1];
    reset_after_ = std::get<ir::GruAttributes>(gru.attributes).linear_before_reset;
  }

  void run() {
    const int rows = node(Op::reshape, "rows", {gru_.inputs[0]}, {steps_, features_}, ir::NoAttributes{});
    std::vector<int> dense = {rows, gru_.inputs[1]};
    if (ir::Graph::has_input(gru_, 3)) dense.push_back(gru_.inputs[3]);
    const int all =
        node(Op::fully_connected, "input", dense, {steps_, 3 * units_}, ir::FullyConnectedAttributes{});
    std::vector<int> states;
    for (int t = 0; t < steps_; ++t) {
      at_ = "_" + std::to_string(t);
      states.push_back(step(gates(slice_step(all, t), "x"), states.empty() ? -1 : states.back()));
    }
    at_ = "";
    const int joined = node(Op::concatenation, "states", states, {1, steps_ * units_},
                            ir::ConcatenationAttributes{.axis = 1});
    nodes_.push_back({Op::reshape, gru_.name, {joined}, gru_.outputs, ir::NoAttributes{}});
  }

 private:
  struct Gates {
    int update, reset, fresh;
  };

  int tensor(const std::string& name, const ir::Shape& shape) {
    graph_.tensors.push_back(
        {gru_.name + "_" + name + at_, ir::DType::float32, shape, std::nullopt, nullptr});
    return static_cast<int>(graph_.tensors.size()) - 1;
  }

  int node(Op op, const std::string& name, std::vector<int> inputs, const ir::Shape& shape,
           ir::Attributes attributes) {
    const int out = tensor(name, shape);
    nodes_.push_back({op, gru_.name + "_" + name + at_, std::move(inputs), {out}, std::move(attributes)});
    return out;
  }
  int unit_node(Op op, const std::string& name, std::vector<int> inputs) {
    const bool pair = op == Op::add || op == Op::sub || op == Op::mul;
    return node(op, name, std::move(inputs), {1, units_},
                pair ? ir::Attributes(ir::ActivationAttributes{}) : ir::Attributes(ir::NoAttributes{}));
  }

  int integers(const std::string& name, const std::vector<int32_t>& values) {
    graph_.tensors.push_back({gru_.name + "_" + name + at_,
                              ir::DType::int32,
                              {static_cast<int32_t>(values.size())},
                              std::nullopt,
                              ir::make_constant<int32_t>(values)});
    return static_cast<int>(graph_.tensors.size()) - 1;
  }

  int slice_step(int all, int t) {
    return node(Op::slice, "step", {all, integers("begin", {t, 0}), integers("size", {1, 3 * units_})},
                {1, 3 * units_}, ir::NoAttributes{});
  }

  Gates gates(int whole, const std::string& of) {
    const auto part = [&](int index, const char* name) {
      const std::string full = of + "_" + name;
      return node(
          Op::slice, full,
          {whole, integers(full + "_begin", {0, index * units_}), integers(full + "_size", {1, units_})},
          {1, units_}, ir::NoAttributes{});
    };
    return {part(0, "update"), part(1, "reset"), part(2, "fresh")};
  }

  /// Rows [first, first + count) of the recurrent weights or of their bias.
  int part_of(int position, int first, int count, const std::string& name) {
    const ir::Tensor& whole = graph_.input_of(gru_, position);
    const size_t row = whole.values<float>().size() / (3 * static_cast<size_t>(units_));
    const auto values =
        whole.values<float>().subspan(static_cast<size_t>(first) * row, static_cast<size_t>(count) * row);
    ir::Shape shape = whole.shape.size() > 1 ? ir::Shape{count, units_} : ir::Shape{count};
    graph_.tensors.push_back({gru_.name + "_" + name, ir::DType::float32, std::move(shape), std::nullopt,
                              ir::make_constant<float>(values)});
    return static_cast<int>(graph_.tensors.size()) - 1;
  }

  /// R h + c for gates [first, first + count); the constants are made once and shared by all steps.
  int recurrent(int state, int first, int count, const std::string& name) {
    std::vector<int>& constants = first == 0 ? early_ : late_;
    if (constants.empty()) {
      constants.push_back(part_of(2, first * units_, count * units_, name + "_weights"));
      if (ir::Graph::has_input(gru_, 4))
        constants.push_back(part_of(4, first * units_, count * units_, name + "_bias"));
    }
    std::vector<int> inputs = {state};
    inputs.insert(inputs.end(), constants.begin(), constants.end());
    return node(Op::fully_connected, name, std::move(inputs), {1, count * units_},
                ir::FullyConnectedAttributes{});
  }

  /// The first state is zeros: R h is nothing, its bias c remains.
  int bias_alone(int gate, const std::string& name) {
    return ir::Graph::has_input(gru_, 4) ? part_of(4, gate * units_, units_, name) : -1;
  }
  int sum(const std::string& name, int a, int b) { return b < 0 ? a : unit_node(Op::add, name, {a, b}); }

  int step(const Gates& x, int state) {
    Gates h{-1, -1, -1};
    if (state < 0) {
      h = {bias_alone(0, "first_update"), bias_alone(1, "first_reset"), bias_alone(2, "first_fresh")};
    } else {
      const int gates_together = reset_after_ ? 3 : 2;
      const int whole = recurrent(state, 0, gates_together, "recurrent");
      const auto part = [&](int gate, const char* name) {
        return node(Op::slice, name,
                    {whole, integers(std::string(name) + "_begin", {0, gate * units_}),
                     integers(std::string(name) + "_size", {1, units_})},
                    {1, units_}, ir::NoAttributes{});
      };
      h.update = part(0, "h_update");
      h.reset = part(1, "h_reset");
      if (reset_after_) h.fresh = part(2, "h_fresh");
    }
    const int update = unit_node(Op::logistic, "update", {sum("update_sum", x.update, h.update)});
    int gated = h.fresh;
    const bool resets = reset_after_ ? gated >= 0 : state >= 0;
    const int reset = resets ? unit_node(Op::logistic, "reset", {sum("reset_sum", x.reset, h.reset)}) : -1;
    if (state >= 0 && !reset_after_)
      gated = recurrent(unit_node(Op::mul, "kept", {reset, state}), 2, 1, "fresh_recurrent");
    else if (reset_after_ && gated >= 0)
      gated = unit_node(Op::mul, "gated", {reset, gated});
    const int fresh = unit_node(Op::tanh, "fresh", {sum("fresh_sum", x.fresh, gated)});
    if (state < 0) return unit_node(Op::sub, "state", {fresh, unit_node(Op::mul, "part", {update, fresh})});
    const int way = unit_node(Op::sub, "way", {state, fresh});
    return unit_node(Op::add, "state", {fresh, unit_node(Op::mul, "part", {update, way})});
  }

  ir::Graph& graph_;
  std::vector<ir::Node>& nodes_;
  const ir::Node gru_;  // a copy: the nodes grow
  int features_ = 1, steps_ = 1, units_ = 1;
  bool reset_after_ = true;
  std::string at_;
  std::vector<int> early_, late_;  ///< shared constants of the recurrent layers
};

}  // namespace

ir::Graph unroll_gru(const ir::Graph& graph) {
  ir::Graph unrolled = graph;
  unrolled.nodes.clear();
  for (const ir::Node& node : graph.nodes) {
    if (node.op == Op::gru && !ir::Graph::has_input(node, 5)) {
      GruUnroller(unrolled, unrolled.nodes, node).run();
    } else {
      unrolled.nodes.push_back(node);
    }
  }
  return unrolled;
}

}  // namespace tadpole::quantise
