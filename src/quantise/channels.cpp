// Follows channels from the layers that make them to those that read them.
#include "quantise/channels.h"

#include <algorithm>

namespace tadpole::quantise {

namespace {

using ir::Graph;
using ir::Node;
using ir::Op;
using ir::Tensor;

int last(const Tensor& tensor) { return tensor.shape.empty() ? 1 : tensor.shape.back(); }

int data_input(Op op) { return op == Op::transpose_conv ? 2 : 0; }

/// Each channel of the output is made of the same channel of the input, and of zeros come zeros.
bool keeps_channels(Op op) {
  switch (op) {
    case Op::relu:
    case Op::relu6:
    case Op::leaky_relu:
    case Op::prelu:
    case Op::tanh:
    case Op::hard_swish:
    case Op::abs:
    case Op::dropout:
    case Op::batch_norm:
    case Op::average_pool_2d:
    case Op::max_pool_2d:
    case Op::resize_bilinear:
    case Op::resize_nearest_neighbor:
      return true;
    default:
      return false;
  }
}

/// A mean, sum or padding that leaves the last axis alone.
bool leaves_last_axis(const Graph& graph, const Node& node) {
  const Tensor& control = graph.input_of(node, 1);
  if (!control.is_constant() || control.type != ir::DType::int32) return false;
  const auto values = control.values<int32_t>();
  const size_t rank = graph.input_of(node, 0).shape.size();
  if (node.op == Op::pad)
    return values.size() == 2 * rank && values[2 * rank - 1] == 0 && values[2 * rank - 2] == 0;
  return std::none_of(values.begin(), values.end(), [&](int32_t axis) {
    return ir::wrapped_axis(axis, rank) == static_cast<int>(rank) - 1;
  });
}

}  // namespace

ChannelMap::ChannelMap(const Graph& graph) : graph_(graph), places_(graph.tensors.size()) {
  for (const int input : graph.inputs) {
    fresh(input);
    hold(input, kGraphEnd);
  }
  for (size_t i = 0; i < graph.nodes.size(); ++i) visit(graph.nodes[i], static_cast<int>(i));
  for (const int output : graph.outputs) hold(output, kGraphEnd);
}

std::vector<int> ChannelMap::channels(int tensor) const {
  std::vector<int> found = places_[static_cast<size_t>(tensor)];
  for (int& channel : found) channel = root(channel);
  return found;
}

int ChannelMap::root(int channel) const {
  while (parent_[static_cast<size_t>(channel)] != channel) channel = parent_[static_cast<size_t>(channel)];
  return channel;
}

void ChannelMap::tie(int a, int b) {
  a = root(a);
  b = root(b);
  if (a == b) return;
  const int low = std::min(a, b), high = std::max(a, b);
  parent_[static_cast<size_t>(high)] = low;
  if (holder_[static_cast<size_t>(low)] == kNobody)
    holder_[static_cast<size_t>(low)] = holder_[static_cast<size_t>(high)];
}

void ChannelMap::tie(int tensor, int other, int node) {
  const std::vector<int>& a = places_[static_cast<size_t>(tensor)];
  const std::vector<int>& b = places_[static_cast<size_t>(other)];
  if (a.size() != b.size()) {
    hold(tensor, node);
    hold(other, node);
    return;
  }
  for (size_t i = 0; i < a.size(); ++i) tie(a[i], b[i]);
}

void ChannelMap::hold(int tensor, int node) {
  for (const int channel : places_[static_cast<size_t>(tensor)]) {
    int& holder = holder_[static_cast<size_t>(root(channel))];
    if (holder == kNobody) holder = node;
  }
}

void ChannelMap::hold_all(const Node& node, int index) {
  for (const int input : node.inputs)
    if (is_value(input)) hold(input, index);
  for (const int output : node.outputs) {
    fresh(output);
    hold(output, index);
  }
}

void ChannelMap::fresh(int tensor) {
  std::vector<int>& places = places_[static_cast<size_t>(tensor)];
  places.clear();
  for (int i = 0; i < last(graph_.tensors[static_cast<size_t>(tensor)]); ++i) {
    places.push_back(static_cast<int>(parent_.size()));
    parent_.push_back(static_cast<int>(parent_.size()));
    holder_.push_back(kNobody);
  }
}

bool ChannelMap::is_value(int tensor) const {
  return tensor >= 0 && !places_[static_cast<size_t>(tensor)].empty();
}

bool ChannelMap::makes_channels(const Node& node) const {
  if (node.op != Op::conv_2d && node.op != Op::fully_connected && node.op != Op::transpose_conv) return false;
  const Tensor& weights = graph_.input_of(node, 1);
  const Tensor& in = graph_.input_of(node, data_input(node.op));
  const int bias = node.op == Op::transpose_conv ? 3 : 2;
  if (!weights.is_constant() || weights.type != ir::DType::float32) return false;
  if (Graph::has_input(node, bias) && !graph_.input_of(node, bias).is_constant()) return false;
  // A dense layer may read several positions of a map at once; a grouped convolution reads fewer channels.
  const int reads = weights.shape.back();
  return node.op == Op::fully_connected ? reads % last(in) == 0 : reads == last(in);
}

void ChannelMap::makes(const Node& node, int index) {
  if (!makes_channels(node)) return hold_all(node, index);
  fresh(node.outputs[0]);
}

bool ChannelMap::follows_depthwise(const Node& node) const {
  const Tensor& weights = graph_.input_of(node, 1);
  const bool bias = !Graph::has_input(node, 2) || graph_.input_of(node, 2).is_constant();
  return is_value(node.inputs[0]) && weights.is_constant() && weights.type == ir::DType::float32 && bias &&
         weights.shape.back() % last(graph_.input_of(node, 0)) == 0;
}

void ChannelMap::depthwise(const Node& node, int index) {
  if (!follows_depthwise(node)) return hold_all(node, index);
  const auto& in = places_[static_cast<size_t>(node.inputs[0])];
  const auto outputs = static_cast<size_t>(graph_.input_of(node, 1).shape.back());
  std::vector<int> out;
  for (size_t o = 0; o < outputs; ++o) out.push_back(in[o / (outputs / in.size())]);
  places_[static_cast<size_t>(node.outputs[0])] = std::move(out);
}

void ChannelMap::join(const Node& node, int index) {
  const int a = node.inputs[0], b = node.inputs[1];
  const int value = is_value(a) ? a : b, other = is_value(a) ? b : a;
  const Tensor& with = graph_.tensors[static_cast<size_t>(other)];
  const int channels = last(graph_.tensors[static_cast<size_t>(value)]);
  if (channels != last(graph_.output_of(node))) return hold_all(node, index);
  if (!is_value(other)) {
    // A constant for each channel goes with its channel; one number for all must leave zeros as they are.
    const bool for_each = last(with) == channels && channels > 1;
    if (!with.is_constant() || (!for_each && node.op != Op::mul)) return hold_all(node, index);
  } else if (last(with) == channels) {
    tie(value, other, index);
  } else {
    return hold_all(node, index);
  }
  places_[static_cast<size_t>(node.outputs[0])] = places_[static_cast<size_t>(value)];
}

void ChannelMap::concatenate(const Node& node, int index) {
  const Tensor& out = graph_.output_of(node);
  const int axis =
      ir::wrapped_axis(std::get<ir::ConcatenationAttributes>(node.attributes).axis, out.shape.size());
  const bool values =
      std::all_of(node.inputs.begin(), node.inputs.end(), [&](int in) { return is_value(in); });
  if (!values) return hold_all(node, index);
  if (axis + 1 < static_cast<int>(out.shape.size())) {
    for (size_t i = 1; i < node.inputs.size(); ++i) tie(node.inputs[0], node.inputs[i], index);
    return same(node);
  }
  std::vector<int> joined;
  for (const int input : node.inputs) {
    const auto& places = places_[static_cast<size_t>(input)];
    joined.insert(joined.end(), places.begin(), places.end());
  }
  places_[static_cast<size_t>(node.outputs[0])] = std::move(joined);
}

/// In row-major order the channel is the fastest, so a last axis that is a multiple of the channels repeats
/// them.
void ChannelMap::reshape(const Node& node, int index) {
  const auto& in = places_[static_cast<size_t>(node.inputs[0])];
  const auto wanted = static_cast<size_t>(last(graph_.output_of(node)));
  if (wanted % in.size() != 0) return hold_all(node, index);
  std::vector<int> out;
  for (size_t i = 0; i < wanted; ++i) out.push_back(in[i % in.size()]);
  places_[static_cast<size_t>(node.outputs[0])] = std::move(out);
}

void ChannelMap::visit(const Node& node, int index) {
  // Variables and constants as data belong to no channel that could be followed.
  const int data = data_input(node.op);
  const bool sum = node.op == Op::add || node.op == Op::sub || node.op == Op::mul || node.op == Op::maximum ||
                   node.op == Op::minimum || node.op == Op::squared_difference;
  if (sum && (is_value(node.inputs[0]) || is_value(node.inputs[1]))) return join(node, index);
  if (!Graph::has_input(node, data) || !is_value(node.inputs[static_cast<size_t>(data)]))
    return hold_all(node, index);
  if (keeps_channels(node.op)) return same(node);
  switch (node.op) {
    case Op::conv_2d:
    case Op::fully_connected:
    case Op::transpose_conv:
      return makes(node, index);
    case Op::depthwise_conv_2d:
      return depthwise(node, index);
    case Op::concatenation:
      return concatenate(node, index);
    case Op::reshape:
    case Op::squeeze:
    case Op::expand_dims:
      return reshape(node, index);
    case Op::mean:
    case Op::sum:
    case Op::pad:
      return leaves_last_axis(graph_, node) ? same(node) : hold_all(node, index);
    default:
      return hold_all(node, index);
  }
}

}  // namespace tadpole::quantise
