// Classes of channels that stay or go together (union-find), and what forbids a class to go.
#include "plan/rewrite/channel_links.h"

#include <algorithm>
#include <numeric>

namespace tadpole::plan::rewriting {

std::optional<int64_t> contribution(const Filters& filters, int output, int channel, const Ranges& in) {
  const int channels = static_cast<int>(in.size());
  std::vector<int64_t> weights(static_cast<size_t>(filters.positions), 0);
  bool has_weight = false;
  for (int p = 0; p < filters.positions; ++p) {
    for (int i = channel; i < filters.inputs; i += channels) {  // a dense layer reads it at several places
      weights[static_cast<size_t>(p)] += filters.weight(output, p, i);
      has_weight = has_weight || filters.weight(output, p, i) != 0;
    }
  }
  if (!has_weight) return 0;
  const Range& range = in[static_cast<size_t>(channel)];
  if (!range.is_constant()) return std::nullopt;
  std::optional<int64_t> all;
  for (const auto& inside : filters.windows) {
    int64_t sum = 0;
    for (size_t p = 0; p < inside.size(); ++p) sum += inside[p] ? weights[p] : 0;
    sum *= range.low - filters.in_zero;
    if (all && *all != sum) return std::nullopt;
    all = sum;
  }
  return all;
}

namespace {

class Links {
 public:
  Links(const ir::Graph& graph, const std::vector<Ranges>& ranges) : graph_(graph), ranges_(ranges) {
    int count = 0;
    for (const Ranges& of : ranges) {
      first_.push_back(count);
      count += static_cast<int>(of.size());
    }
    parent_.resize(static_cast<size_t>(count));
    std::iota(parent_.begin(), parent_.end(), 0);
    stays_.assign(parent_.size(), false);
    const Uses uses(graph);
    for (size_t t = 0; t < graph.tensors.size(); ++t) {
      const bool comes_from_outside = uses.producer[t] < 0 && !graph.tensors[t].is_constant();
      if (comes_from_outside || uses.is_end[t] || uses.consumers[t].empty()) hold(static_cast<int>(t));
    }
    for (const ir::Node& node : graph.nodes) link(node);
  }

  std::vector<std::vector<bool>> kept(int multiple) {
    gather();
    std::vector<int> lost;  // roots of the classes that go
    for (size_t root = 0; root < members_.size(); ++root) {
      if (stays_[root] || members_[root].empty() || empties_a_tensor(members_[root])) continue;
      lost.push_back(static_cast<int>(root));
      change_left(members_[root], -1);
    }
    std::vector<std::vector<bool>> keep;
    for (const Ranges& of : ranges_) keep.emplace_back(of.size(), true);
    for (auto root = lost.rbegin(); root != lost.rend(); ++root) {
      const Members& members = members_[static_cast<size_t>(*root)];
      const bool fills_up = std::any_of(members.begin(), members.end(), [&](const Member& member) {
        return left_[static_cast<size_t>(member.tensor)] % multiple != 0;
      });
      if (fills_up) {
        change_left(members, 1);
      } else {
        for (const Member& member : members)
          keep[static_cast<size_t>(member.tensor)][static_cast<size_t>(member.channel)] = false;
      }
    }
    return keep;
  }

 private:
  struct Member {
    int tensor, channel;
  };
  using Members = std::vector<Member>;

  /// Lists the classes by their roots; a class stays when one of its channels does.
  void gather() {
    members_.resize(parent_.size());
    for (size_t t = 0; t < ranges_.size(); ++t) {
      left_.push_back(count(static_cast<int>(t)));
      for (int c = 0; c < left_.back(); ++c) {
        const int channel = id(static_cast<int>(t), c);
        const auto root = static_cast<size_t>(find(channel));
        members_[root].push_back({static_cast<int>(t), c});
        if (stays_[static_cast<size_t>(channel)]) stays_[root] = true;
      }
    }
  }

  void change_left(const Members& members, int by) {
    for (const Member& member : members) left_[static_cast<size_t>(member.tensor)] += by;
  }

  bool empties_a_tensor(const Members& members) {
    change_left(members, -1);
    const bool empties = std::any_of(members.begin(), members.end(), [&](const Member& member) {
      return left_[static_cast<size_t>(member.tensor)] <= 0;
    });
    change_left(members, 1);
    return empties;
  }

  int count(int tensor) const { return static_cast<int>(ranges_[static_cast<size_t>(tensor)].size()); }
  int id(int tensor, int channel) const { return first_[static_cast<size_t>(tensor)] + channel; }

  int find(int id) {
    while (parent_[static_cast<size_t>(id)] != id) {
      int& parent = parent_[static_cast<size_t>(id)];
      parent = parent_[static_cast<size_t>(parent)];
      id = parent;
    }
    return id;
  }

  void tie(int tensor_a, int channel_a, int tensor_b, int channel_b) {
    const int a = find(id(tensor_a, channel_a)), b = find(id(tensor_b, channel_b));
    parent_[static_cast<size_t>(std::max(a, b))] = std::min(a, b);
  }

  void hold(int tensor) {
    for (int c = 0; c < count(tensor); ++c) stays_[static_cast<size_t>(id(tensor, c))] = true;
  }

  void hold_all(const ir::Node& node) {
    for (const int input : node.inputs) {
      if (input >= 0) hold(input);
    }
    for (const int output : node.outputs) hold(output);
  }

  void link(const ir::Node& node) {
    switch (node.op) {
      case ir::Op::conv_2d:
      case ir::Op::fully_connected:
      case ir::Op::depthwise_conv_2d:
        return link_filters(node);
      case ir::Op::reshape:
        return link_reshape(node);
      case ir::Op::mean:
      case ir::Op::sum:
        return link_reduce(node);
      case ir::Op::concatenation:
        return link_concatenation(node);
      case ir::Op::pad:
      case ir::Op::pad_v2:
        return link_pad(node);
      case ir::Op::average_pool_2d:
      case ir::Op::max_pool_2d:
      case ir::Op::add:
      case ir::Op::sub:
      case ir::Op::mul:
      case ir::Op::maximum:
      case ir::Op::minimum:
      case ir::Op::squared_difference:
      case ir::Op::prelu:
        return link_channel_by_channel(node);
      default:
        return is_unary(node.op) ? link_channel_by_channel(node) : hold_all(node);
    }
  }

  void link_filters(const ir::Node& node) {
    const int in = node.inputs[0], out = node.outputs[0];
    const auto filters = count(in) > 0 ? read_filters(graph_, node) : std::nullopt;
    if (!filters) return hold_all(node);
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      if (node.inputs[i] >= 0) hold(node.inputs[i]);  // weights are cut with the node, not by themselves
    }
    if (filters->depthwise) {
      for (int o = 0; o < filters->outputs; ++o) tie(in, filters->channel_of(o, 0, count(in)), out, o);
      return;
    }
    for (int c = 0; c < count(in); ++c) {
      for (int o = 0; o < filters->outputs; ++o) {
        if (contribution(*filters, o, c, ranges_[static_cast<size_t>(in)])) continue;
        stays_[static_cast<size_t>(id(in, c))] = true;
        break;
      }
    }
  }

  /// Channel k of the wider side is channel k modulo the narrower side's count.
  void link_reshape(const ir::Node& node) {
    const int in = node.inputs[0], out = node.outputs[0];
    const int narrow = std::min(count(in), count(out)), wide = std::max(count(in), count(out));
    if (narrow == 0 || wide % narrow != 0) return hold_all(node);
    for (int k = 0; k < wide; ++k) tie(in, k % count(in), out, k % count(out));
  }

  void link_reduce(const ir::Node& node) {
    const ir::Tensor& in = graph_.input_of(node, 0);
    const int rank = static_cast<int>(in.shape.size());
    for (const int32_t axis : graph_.input_of(node, 1).values<int32_t>()) {
      if (axis == -1 || axis == rank - 1) return hold_all(node);
    }
    tie_equal(node.inputs[0], node.outputs[0]);
  }

  void link_concatenation(const ir::Node& node) {
    const int out = node.outputs[0];
    const auto& shape = graph_.output_of(node).shape;
    const int axis = std::get<ir::ConcatenationAttributes>(node.attributes).axis;
    const bool joins_channels = ir::wrapped_axis(axis, shape.size()) == static_cast<int>(shape.size()) - 1;
    int first = 0;
    for (const int input : node.inputs) {
      if (!joins_channels) tie_equal(input, out);
      if (joins_channels && count(input) == 0) return hold_all(node);
      for (int c = 0; joins_channels && c < count(input); ++c) tie(input, c, out, first + c);
      first += count(input);
    }
  }

  void link_pad(const ir::Node& node) {
    if (graph_.input_of(node, 0).shape.back() != graph_.output_of(node).shape.back()) return hold_all(node);
    tie_equal(node.inputs[0], node.outputs[0]);
    if (ir::Graph::has_input(node, 2)) hold(node.inputs[2]);
  }

  /// Inputs with one channel may be stretched over all channels of the output.
  void link_channel_by_channel(const ir::Node& node) {
    for (const int input : node.inputs) {
      if (input < 0) continue;
      if (count(input) == count(node.outputs[0])) {
        tie_equal(input, node.outputs[0]);
      } else {
        hold(input);
        if (count(input) != 1) hold_all(node);
      }
    }
  }

  void tie_equal(int a, int b) {
    if (count(a) != count(b)) {
      hold(a);
      hold(b);
      return;
    }
    for (int c = 0; c < count(a); ++c) tie(a, c, b, c);
  }

  const ir::Graph& graph_;
  const std::vector<Ranges>& ranges_;
  std::vector<int> first_;        // id of each tensor's channel 0
  std::vector<int> parent_;       // of ids
  std::vector<bool> stays_;       // of ids
  std::vector<Members> members_;  // of roots
  std::vector<int> left_;         // channels of each tensor
};

}  // namespace

std::vector<std::vector<bool>> find_kept_channels(const ir::Graph& graph, const std::vector<Ranges>& ranges,
                                                  int multiple) {
  return Links(graph, ranges).kept(multiple);
}

}  // namespace tadpole::plan::rewriting
