// Chooses the channels that matter least, and cuts them out of every constant that they touch.
#include "quantise/prune.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include <set>

#include "quantise/channels.h"

namespace tadpole::quantise {

namespace {

using ir::Graph;
using ir::Node;
using ir::Op;
using ir::Tensor;

/// The axis of output channels of a layer's weights.
size_t output_axis(Op op) { return op == Op::depthwise_conv_2d ? 3 : 0; }

bool is_dense_or_conv(Op op) {
  return op == Op::conv_2d || op == Op::fully_connected || op == Op::transpose_conv;
}

/// L1 norm of each output channel's filter, times the gain of a batch norm behind it, as parts of their mean.
std::vector<double> norms_of(const Graph& graph, const Node& layer, const Node* batch_norm) {
  const Tensor& weights = graph.input_of(layer, 1);
  const auto channels = static_cast<size_t>(weights.shape[output_axis(layer.op)]);
  const auto values = weights.values<float>();
  std::vector<double> norms(channels);
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t channel = layer.op == Op::depthwise_conv_2d ? i % channels : i / (values.size() / channels);
    norms[channel] += std::abs(double{values[i]});
  }
  if (batch_norm != nullptr) {
    const auto gamma = graph.input_of(*batch_norm, 1).values<float>();
    const auto variance = graph.input_of(*batch_norm, 4).values<float>();
    const double epsilon = std::get<ir::BatchNormAttributes>(batch_norm->attributes).epsilon;
    for (size_t c = 0; c < channels; ++c) norms[c] *= std::abs(gamma[c]) / std::sqrt(variance[c] + epsilon);
  }
  const double mean = std::accumulate(norms.begin(), norms.end(), 0.0) / static_cast<double>(channels);
  for (double& norm : norms) norm = mean > 0 ? norm / mean : 1;
  return norms;
}

/// What is known of every channel and layer before some are chosen.
class Choosing {
 public:
  Choosing(const Graph& graph, const ChannelPruning& how) : graph_(graph), how_(how), map_(graph) {
    std::map<int, const Node*> batch_norm_of;
    for (const Node& node : graph.nodes)
      if (node.op == Op::batch_norm) batch_norm_of[node.inputs[0]] = &node;
    strength_.resize(map_.size());
    for (const Node& node : graph.nodes) {
      const bool depthwise = node.op == Op::depthwise_conv_2d && map_.follows_depthwise(node);
      if (!depthwise && !map_.makes_channels(node)) continue;
      const std::vector<int> channels = map_.channels(node.outputs[0]);
      const auto norm = batch_norm_of.find(node.outputs[0]);
      const std::vector<double> norms =
          norms_of(graph, node, norm == batch_norm_of.end() ? nullptr : norm->second);
      for (size_t c = 0; c < channels.size(); ++c) strength_[static_cast<size_t>(channels[c])] += norms[c];
      if (!depthwise) makers_.push_back({&node, {channels.begin(), channels.end()}, 0});
    }
  }

  Result<ChannelChoice> run();

 private:
  struct Maker {
    const Node* node;
    std::set<int> channels;
    size_t left;  ///< channels that stay
  };

  /// Makers whose channels are tied together, directly or through others.
  std::vector<std::vector<size_t>> groups() const;
  void choose_in(const std::vector<size_t>& group);
  std::string held_by(const Maker& maker) const;
  ChannelChoice choice() const;
  Error nothing_to_take() const;

  const Graph& graph_;
  const ChannelPruning& how_;
  const ChannelMap map_;
  std::vector<double> strength_;  ///< of each channel
  std::vector<Maker> makers_;
  std::set<int> gone_;
};

std::vector<std::vector<size_t>> Choosing::groups() const {
  std::vector<std::vector<size_t>> groups;
  std::vector<std::set<int>> channels;
  for (size_t i = 0; i < makers_.size(); ++i) {
    std::vector<size_t> group = {i};
    std::set<int> all = makers_[i].channels;
    for (size_t g = 0; g < groups.size();) {
      const bool shares =
          std::any_of(all.begin(), all.end(), [&](int c) { return channels[g].count(c) > 0; });
      if (!shares) {
        ++g;
        continue;
      }
      group.insert(group.end(), groups[g].begin(), groups[g].end());
      all.insert(channels[g].begin(), channels[g].end());
      groups.erase(groups.begin() + static_cast<ptrdiff_t>(g));
      channels.erase(channels.begin() + static_cast<ptrdiff_t>(g));
    }
    groups.push_back(std::move(group));
    channels.push_back(std::move(all));
  }
  return groups;
}

void Choosing::choose_in(const std::vector<size_t>& group) {
  std::set<int> all;
  for (const size_t i : group) all.insert(makers_[i].channels.begin(), makers_[i].channels.end());
  const auto count = static_cast<double>(all.size());
  auto staying = static_cast<size_t>(std::ceil(count * (1 - how_.share) - 1e-9));
  const auto multiple = static_cast<size_t>(how_.multiple);
  if (all.size() >= 2 * multiple) staying = (staying + multiple - 1) / multiple * multiple;
  staying = std::clamp<size_t>(staying, 1, all.size());

  std::vector<int> candidates;
  for (const int channel : all)
    if (map_.holder(channel) == ChannelMap::kNobody) candidates.push_back(channel);
  std::stable_sort(candidates.begin(), candidates.end(), [&](int a, int b) {
    return strength_[static_cast<size_t>(a)] < strength_[static_cast<size_t>(b)];
  });
  size_t to_take = all.size() - staying;
  for (const int channel : candidates) {
    if (to_take == 0) return;
    // No layer may lose its last channel.
    const bool last = std::any_of(group.begin(), group.end(), [&](size_t i) {
      return makers_[i].left == 1 && makers_[i].channels.count(channel) > 0;
    });
    if (last) continue;
    for (const size_t i : group) makers_[i].left -= makers_[i].channels.count(channel);
    gone_.insert(channel);
    --to_take;
  }
}

std::string Choosing::held_by(const Maker& maker) const {
  for (const int channel : maker.channels) {
    const int holder = map_.holder(channel);
    if (holder == ChannelMap::kGraphEnd) return "the graph's input or output";
    if (holder != ChannelMap::kNobody) {
      const Node& node = graph_.nodes[static_cast<size_t>(holder)];
      return "'" + node.name + "' (" + std::string(ir::op_name(node.op)) + ")";
    }
  }
  return "";
}

ChannelChoice Choosing::choice() const {
  ChannelChoice choice;
  choice.stays.resize(graph_.tensors.size());
  for (size_t t = 0; t < graph_.tensors.size(); ++t) {
    std::vector<bool> stays;
    for (const int channel : map_.channels(static_cast<int>(t))) stays.push_back(gone_.count(channel) == 0);
    if (std::find(stays.begin(), stays.end(), false) != stays.end()) choice.stays[t] = std::move(stays);
  }
  for (const Maker& maker : makers_) {
    const std::vector<int> channels = map_.channels(maker.node->outputs[0]);
    const auto after =
        std::count_if(channels.begin(), channels.end(), [&](int c) { return gone_.count(c) == 0; });
    choice.layers.push_back(
        {maker.node->name, static_cast<int>(channels.size()), static_cast<int>(after), held_by(maker)});
  }
  return choice;
}

Error Choosing::nothing_to_take() const {
  std::string why;
  for (const Maker& maker : makers_) {
    const std::string holder = held_by(maker);
    why += (why.empty() ? "" : "; ") + std::string("'") + maker.node->name + "' has " +
           std::to_string(maker.channels.size()) + " channels" +
           (holder.empty() ? " and keeps as many" : ", which " + holder + " needs");
  }
  return {Code::op_unsupported,
          "no channel can be taken out of '" + graph_.name +
              "': " + (why.empty() ? "it has no convolution or dense layer with float weights" : why) +
              ". Take a larger share, or another network."};
}

Result<ChannelChoice> Choosing::run() {
  for (Maker& maker : makers_) maker.left = maker.channels.size();
  for (const std::vector<size_t>& group : groups()) choose_in(group);
  if (gone_.empty()) return nothing_to_take();
  return choice();
}

/// Cuts constants, one for each node that reads one: nodes may share a constant but not what is cut.
class Cutting {
 public:
  Cutting(const Graph& graph, const ChannelChoice& choice)
      : from_(graph), choice_(choice), graph_(graph), readers_(graph.tensors.size()) {
    for (const Node& node : graph.nodes)
      for (const int input : node.inputs)
        if (input >= 0) ++readers_[static_cast<size_t>(input)];
  }

  Result<Graph> run();

 private:
  using Mask = std::vector<bool>;
  const Mask& mask(int tensor) const { return choice_.stays[static_cast<size_t>(tensor)]; }
  void cut_node(size_t index);
  void cut_weights(size_t index, int data, int bias);
  void cut_last_axis(size_t index, int position, const Mask& mask);
  void set_shape_input(size_t index, int position);
  void replace(size_t index, int position, Tensor made);

  const Graph& from_;
  const ChannelChoice& choice_;
  Graph graph_;
  std::vector<int> readers_;                ///< of each tensor
  std::map<int, std::vector<int>> copies_;  ///< of a constant that several nodes read
};

/// A constant without the slices of one axis whose mask is false; `mask` repeats along the axis.
Tensor cut(const Tensor& from, size_t axis, const std::vector<bool>& mask) {
  if (mask.empty()) return from;
  Tensor made = from;
  const auto width = static_cast<size_t>(ir::byte_size(from.type));
  size_t inner = width, outer = 1;
  for (size_t i = axis + 1; i < from.shape.size(); ++i) inner *= static_cast<size_t>(from.shape[i]);
  for (size_t i = 0; i < axis; ++i) outer *= static_cast<size_t>(from.shape[i]);
  const auto places = static_cast<size_t>(from.shape[axis]);
  std::vector<uint8_t> bytes;
  int32_t staying = 0;
  for (size_t i = 0; i < places; ++i) staying += mask[i % mask.size()] ? 1 : 0;
  for (size_t o = 0; o < outer; ++o) {
    for (size_t i = 0; i < places; ++i) {
      if (!mask[i % mask.size()]) continue;
      const auto begin = from.constant->begin() + static_cast<ptrdiff_t>((o * places + i) * inner);
      bytes.insert(bytes.end(), begin, begin + static_cast<ptrdiff_t>(inner));
    }
  }
  made.shape[axis] = staying;
  made.constant = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
  return made;
}

/// The only reader of a constant changes it; where there are several, those that cut it alike share a copy.
void Cutting::replace(size_t index, int position, Tensor made) {
  int& tensor = graph_.nodes[index].inputs[static_cast<size_t>(position)];
  const int old = tensor;
  const Tensor& from = from_.tensors[static_cast<size_t>(old)];
  if (made.shape == from.shape && *made.constant == *from.constant) return;
  if (readers_[static_cast<size_t>(old)] == 1) {
    graph_.tensors[static_cast<size_t>(old)] = std::move(made);
    return;
  }
  for (const int copy : copies_[old]) {
    const Tensor& other = graph_.tensors[static_cast<size_t>(copy)];
    if (other.shape != made.shape || *other.constant != *made.constant) continue;
    tensor = copy;
    return;
  }
  made.name += "_" + graph_.nodes[index].name;
  tensor = static_cast<int>(graph_.tensors.size());
  copies_[old].push_back(tensor);
  graph_.tensors.push_back(std::move(made));
}

void Cutting::cut_last_axis(size_t index, int position, const Mask& mask) {
  if (mask.empty() || !Graph::has_input(from_.nodes[index], position)) return;
  const Tensor& from = from_.input_of(from_.nodes[index], position);
  if (!from.is_constant() || from.shape.empty() || from.shape.back() != static_cast<int32_t>(mask.size()))
    return;
  replace(index, position, cut(from, from.shape.size() - 1, mask));
}

void Cutting::cut_weights(size_t index, int data, int bias) {
  const Node& node = from_.nodes[index];
  const Mask& in = mask(node.inputs[static_cast<size_t>(data)]);
  const Mask& out = mask(node.outputs[0]);
  const Tensor& weights = from_.input_of(node, 1);
  if (!weights.is_constant()) return;
  Tensor made = cut(weights, output_axis(node.op), out);
  if (node.op != Op::depthwise_conv_2d) made = cut(made, made.shape.size() - 1, in);
  replace(index, 1, std::move(made));
  cut_last_axis(index, bias, out);
}

/// The shape that a reshape or transposed convolution is told.
void Cutting::set_shape_input(size_t index, int position) {
  const Node& node = from_.nodes[index];
  if (!Graph::has_input(node, position)) return;
  const Tensor& from = from_.input_of(node, position);
  const ir::Shape& shape = graph_.output_of(node).shape;
  if (!from.is_constant() || from.type != ir::DType::int32) return;
  Tensor made = from;
  made.shape = {static_cast<int32_t>(shape.size())};
  made.constant = ir::make_constant<int32_t>(shape);
  replace(index, position, std::move(made));
}

void Cutting::cut_node(size_t index) {
  const Node& node = from_.nodes[index];
  switch (node.op) {
    case Op::conv_2d:
    case Op::depthwise_conv_2d:
    case Op::fully_connected:
      return cut_weights(index, 0, 2);
    case Op::transpose_conv:
      cut_weights(index, 2, 3);
      return set_shape_input(index, 0);
    case Op::batch_norm:
      for (int i = 1; i < 5; ++i) cut_last_axis(index, i, mask(node.outputs[0]));
      return;
    case Op::reshape:
      if (!mask(node.outputs[0]).empty()) set_shape_input(index, 1);
      return;
    case Op::prelu:
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::maximum:
    case Op::minimum:
    case Op::squared_difference:
      for (int i = 0; i < 2; ++i) cut_last_axis(index, i, mask(node.outputs[0]));
      return;
    default:
      return;
  }
}

Result<Graph> Cutting::run() {
  for (size_t t = 0; t < from_.tensors.size(); ++t) {
    const Mask& stays = mask(static_cast<int>(t));
    if (!stays.empty())
      graph_.tensors[t].shape.back() = static_cast<int32_t>(std::count(stays.begin(), stays.end(), true));
  }
  for (size_t i = 0; i < from_.nodes.size(); ++i) cut_node(i);
  TADPOLE_CHECK(ir::check_graph(graph_));
  return std::move(graph_);
}

}  // namespace

Result<ChannelChoice> choose_channels(const Graph& trained, const ChannelPruning& how) {
  TADPOLE_CHECK(ir::check_graph(trained));
  if (!(how.share > 0 && how.share < 1))
    return Error{Code::train_bad_setting, "the share of channels to take out is " +
                                              std::to_string(how.share) +
                                              "; needs more than 0 and less than 1."};
  if (how.multiple < 1)
    return Error{Code::train_bad_setting, "channels would be kept in multiples of " +
                                              std::to_string(how.multiple) + "; needs at least 1."};
  return Choosing(trained, how).run();
}

Result<Graph> keep_channels(const Graph& graph, const ChannelChoice& choice) {
  if (choice.stays.size() != graph.tensors.size())
    return Error{Code::internal, "the choice of channels is not one for '" + graph.name + "'"};
  return Cutting(graph, choice).run();
}

Result<Graph> zero_small_weights(const Graph& trained, double share) {
  constexpr int64_t kFewest = 64;
  if (!(share >= 0 && share < 1))
    return Error{Code::train_bad_setting, "the share of weights to set to zero is " + std::to_string(share) +
                                              "; needs 0 up to below 1."};
  Graph graph = trained;
  for (const Node& node : graph.nodes) {
    if (!is_dense_or_conv(node.op)) continue;
    Tensor& weights = graph.tensors[static_cast<size_t>(node.inputs[1])];
    if (!weights.is_constant() || weights.type != ir::DType::float32) continue;
    if (ir::element_count(weights.shape) < kFewest) continue;
    std::vector<float> values(weights.values<float>().begin(), weights.values<float>().end());
    std::vector<size_t> order(values.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto many = static_cast<ptrdiff_t>(share * static_cast<double>(values.size()));
    std::nth_element(order.begin(), order.begin() + many, order.end(), [&](size_t a, size_t b) {
      const float x = std::abs(values[a]), y = std::abs(values[b]);
      return x < y || (x == y && a < b);
    });
    for (ptrdiff_t i = 0; i < many; ++i) values[order[static_cast<size_t>(i)]] = 0;
    weights.constant = ir::make_constant<float>(values);
  }
  return graph;
}

double share_of_zeros(const Graph& graph) {
  int64_t zeros = 0, all = 0;
  for (const Node& node : graph.nodes) {
    if (!is_dense_or_conv(node.op)) continue;
    const Tensor& weights = graph.input_of(node, 1);
    if (!weights.is_constant()) continue;
    if (weights.type == ir::DType::float32) {
      const auto values = weights.values<float>();
      zeros += std::count(values.begin(), values.end(), 0.0f);
      all += static_cast<int64_t>(values.size());
    } else if (weights.type == ir::DType::int8) {
      const auto values = weights.values<int8_t>();
      zeros += std::count(values.begin(), values.end(), int8_t{0});
      all += static_cast<int64_t>(values.size());
    }
  }
  return all > 0 ? static_cast<double>(zeros) / static_cast<double>(all) : 0;
}

}  // namespace tadpole::quantise
