// Tensors that must have one scale form a group, led by the tensor whose range they take.
#include "quantise/scales.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "quantise/weights.h"

namespace tadpole::quantise {

namespace {

using ir::Op;
using ir::Quantisation;

enum class Keeps : uint8_t { nothing, scale_of_input, one_scale_for_all };

Keeps keeps(Op op) {
  switch (op) {
    case Op::average_pool_2d:
    case Op::max_pool_2d:
    case Op::reshape:
    case Op::squeeze:
    case Op::expand_dims:
    case Op::transpose:
    case Op::pad:
    case Op::pad_v2:
    case Op::split:
    case Op::slice:
    case Op::strided_slice:
    case Op::gather:
    case Op::unpack:
    case Op::resize_bilinear:
    case Op::resize_nearest_neighbor:
      return Keeps::scale_of_input;
    case Op::concatenation:
    case Op::pack:
    case Op::maximum:
    case Op::minimum:
      return Keeps::one_scale_for_all;
    default:
      return Keeps::nothing;
  }
}

std::optional<Quantisation> fixed_scale(Op op, bool wide) {
  if (wide && (op == Op::softmax || op == Op::logistic || op == Op::tanh))
    return Quantisation{{1.0f / 32768}, {0}, 0};
  if (op == Op::softmax || op == Op::logistic) return Quantisation{{1.0f / 256}, {-128}, 0};
  if (op == Op::tanh) return Quantisation{{1.0f / 128}, {0}, 0};
  return std::nullopt;
}

class Groups {
 public:
  Groups(const ir::Graph& graph, const std::vector<Range>& ranges, bool wide)
      : graph_(graph),
        ranges_(ranges),
        wide_(wide),
        leader_(graph.tensors.size()),
        fixed_(graph.tensors.size()) {
    for (size_t i = 0; i < leader_.size(); ++i) leader_[i] = static_cast<int>(i);
  }

  Result<void> add(const ir::Node& node) {
    const Keeps how = keeps(node.op);
    for (const int output : node.outputs) {
      if (how == Keeps::nothing) fixed_[static_cast<size_t>(output)] = fixed_scale(node.op, wide_);
      if (how == Keeps::scale_of_input)
        follow(output, node.inputs[static_cast<size_t>(data_position(node.op))]);
    }
    if (how != Keeps::one_scale_for_all) return {};
    int first = -1;
    for (const int input : node.inputs) {
      if (graph_.tensors[static_cast<size_t>(input)].is_constant()) continue;
      if (first >= 0) TADPOLE_CHECK(join(node, first, input));
      first = input;
    }
    for (const int output : node.outputs) follow(output, first);
    return {};
  }

  /// Layers that share weights and the scale of what they work on (the steps of a recurrent layer) give
  /// results of one scale, and so do layers of one kind that work on such results: packed weights, tables and
  /// parameters are then the same bytes for each step, and stored once.
  void share_between_steps() {
    std::map<int, int> users_of;  // weights
    for (const ir::Node& node : graph_.nodes) {
      if (has_weights(node.op)) ++users_of[node.inputs[1]];
    }
    std::map<std::vector<int>, const ir::Node*> first_of;  // operator, constants and leaders of inputs
    std::set<int> stepwise;                                // leaders of such results
    for (const ir::Node& node : graph_.nodes) {
      if (keeps(node.op) != Keeps::nothing) continue;
      bool is_step = has_weights(node.op) && users_of[node.inputs[1]] > 1;
      std::vector<int> key = {static_cast<int>(node.op)};
      for (const int input : node.inputs) {
        key.push_back(input < 0 ? input : find(input));
        is_step = is_step || stepwise.count(key.back()) > 0;
      }
      if (!is_step) continue;
      const ir::Node& first = *first_of.try_emplace(std::move(key), &node).first->second;
      if (first.attributes == node.attributes) merge(first.outputs[0], node.outputs[0]);
      stepwise.insert(find(node.outputs[0]));
    }
  }

  Quantisation of(int tensor) const {
    const size_t leader = static_cast<size_t>(find(tensor));
    if (fixed_[leader]) return *fixed_[leader];
    return wide_ ? int16_quantisation(ranges_[leader]) : activation_quantisation(ranges_[leader]);
  }

 private:
  int find(int tensor) const {
    while (leader_[static_cast<size_t>(tensor)] != tensor) tensor = leader_[static_cast<size_t>(tensor)];
    return tensor;
  }
  void follow(int tensor, int of) { leader_[static_cast<size_t>(tensor)] = find(of); }

  Result<void> join(const ir::Node& node, int a, int b) {
    if (fixed_[static_cast<size_t>(find(a))] != fixed_[static_cast<size_t>(find(b))]) {
      return Error{
          Code::quantise_bad_range,
          "layer '" + node.name + "' joins '" + graph_.tensors[static_cast<size_t>(a)].name + "' and '" +
              graph_.tensors[static_cast<size_t>(b)].name +
              "', of which one has a scale that TFLite fixes (softmax, logistic, tanh) and the other has "
              "not. Put a layer with weights before the join, or keep the model in float."};
    }
    merge(a, b);
    return {};
  }
  /// One scale for both, which spans both ranges; of the scales that TFLite fixes they have the same.
  void merge(int a, int b) {
    const size_t to = static_cast<size_t>(find(a)), from = static_cast<size_t>(find(b));
    if (to == from) return;
    ranges_[to] = {std::min(ranges_[to].low, ranges_[from].low),
                   std::max(ranges_[to].high, ranges_[from].high)};
    leader_[from] = static_cast<int>(to);
  }

  const ir::Graph& graph_;
  std::vector<Range> ranges_;
  bool wide_;
  std::vector<int> leader_;
  std::vector<std::optional<Quantisation>> fixed_;
};

}  // namespace

int data_position(Op op) { return op == Op::split ? 1 : op == Op::transpose_conv ? 2 : 0; }

Result<std::vector<std::optional<Quantisation>>> activation_scales(const ir::Graph& folded,
                                                                   const std::vector<Range>& ranges,
                                                                   bool wide) {
  Groups groups(folded, ranges, wide);
  for (const ir::Node& node : folded.nodes) TADPOLE_CHECK(groups.add(node));
  groups.share_between_steps();
  std::vector<std::optional<Quantisation>> scales(folded.tensors.size());
  const auto set = [&](int tensor) { scales[static_cast<size_t>(tensor)] = groups.of(tensor); };
  for (const int input : folded.inputs) set(input);
  for (const ir::Node& node : folded.nodes) {
    for (const int output : node.outputs) set(output);
  }
  return scales;
}

}  // namespace tadpole::quantise
