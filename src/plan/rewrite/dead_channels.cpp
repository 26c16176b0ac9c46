// Three steps: constant outputs get filters of zeros; tensors that are constant as a whole become constants;
// channels that all readers can do without are cut out, together with those tied to them by operators that
// keep channels apart.
#include "plan/rewrite/dead_channels.h"

#include <algorithm>

#include "plan/rewrite/channel_links.h"
#include "plan/rewrite/channel_ranges.h"

namespace tadpole::plan::rewriting {

namespace {

/// Weights in the order of the node's tensor.
std::vector<int8_t> tensor_order(const Filters& filters) {
  std::vector<int8_t> weights(filters.weights.size());
  const auto outputs = static_cast<size_t>(filters.outputs);
  const size_t taps = weights.size() / outputs;
  for (size_t o = 0; o < outputs; ++o) {
    for (size_t k = 0; k < taps; ++k) {
      weights[filters.depthwise ? k * outputs + o : o * taps + k] = filters.weights[o * taps + k];
    }
  }
  return weights;
}

/// Those of kept channels, where there is one for each.
ir::Quantisation kept_scales(ir::Quantisation all, const std::vector<bool>& keep) {
  if (!all.per_channel()) return all;
  ir::Quantisation kept{{}, {}, all.axis};
  for (size_t i = 0; i < keep.size(); ++i) {
    if (!keep[i]) continue;
    kept.scales.push_back(all.scales[i]);
    kept.zero_points.push_back(all.zero_points[i]);
  }
  return kept;
}

ir::Quantisation scales_of_bias(const ir::Tensor& in, const ir::Tensor& weights) {
  ir::Quantisation scales = *weights.quantisation;
  scales.axis = 0;
  for (float& scale : scales.scales) scale *= in.quantisation->scales[0];
  return scales;
}

/// Two values a byte, the earlier one in the low half.
std::shared_ptr<const Bytes> packed_int4(const std::vector<int8_t>& values) {
  Bytes bytes((values.size() + 1) / 2, 0);
  for (size_t i = 0; i < values.size(); ++i) {
    const unsigned half = static_cast<unsigned>(values[i]) & 15u;
    bytes[i / 2] = static_cast<uint8_t>(bytes[i / 2] | (i % 2 == 0 ? half : half << 4));
  }
  return std::make_shared<const Bytes>(std::move(bytes));
}

/// Gives the node new weights and biases of kept output channels.
void set_filters(ir::Graph& graph, size_t node_index, const Filters& filters, ir::Shape shape,
                 const std::vector<bool>& keep) {
  ir::Node node = graph.nodes[node_index];
  ir::Tensor weights = graph.input_of(node, 1);
  const std::vector<int8_t> values = tensor_order(filters);
  weights.constant =
      weights.type == ir::DType::int4 ? packed_int4(values) : ir::make_constant<int8_t>(values);
  weights.shape = std::move(shape);
  weights.quantisation = kept_scales(*weights.quantisation, keep);
  ir::Tensor bias;
  if (ir::Graph::has_input(node, 2)) {
    bias = graph.input_of(node, 2);
    if (bias.quantisation) bias.quantisation = kept_scales(*bias.quantisation, keep);
  } else {
    bias.name = node.name + "/bias";
    bias.type = ir::DType::int32;
    bias.quantisation = scales_of_bias(graph.input_of(node, 0), weights);
  }
  bias.shape = {filters.outputs};
  bias.constant = ir::make_constant<int32_t>(filters.bias);
  node.inputs.resize(3, -1);
  node.inputs[1] = add_tensor(graph, std::move(weights));
  node.inputs[2] = add_tensor(graph, std::move(bias));
  graph.nodes[node_index] = std::move(node);
}

bool is_zero(const Filters& filters, int output) {
  const size_t taps = filters.weights.size() / static_cast<size_t>(filters.outputs);
  const auto begin = filters.weights.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(output) * taps);
  return std::all_of(begin, begin + static_cast<ptrdiff_t>(taps), [](int8_t weight) { return weight == 0; });
}

void make_zero(Filters& filters, int output, int64_t accumulator) {
  const size_t taps = filters.weights.size() / static_cast<size_t>(filters.outputs);
  const auto begin = filters.weights.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(output) * taps);
  std::fill(begin, begin + static_cast<ptrdiff_t>(taps), int8_t{0});
  filters.bias[static_cast<size_t>(output)] = static_cast<int32_t>(accumulator);
}

/// A constant output needs none of its inputs: its bias alone gives the value.
bool empty_constant_filters(ir::Graph& graph, const std::vector<Ranges>& ranges) {
  bool changed = false;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node& node = graph.nodes[i];
    auto filters = read_filters(graph, node);
    if (!filters || ranges[static_cast<size_t>(node.inputs[0])].empty()) continue;
    const Ranges& out = ranges[static_cast<size_t>(node.outputs[0])];
    bool emptied = false;
    for (int o = 0; o < filters->outputs; ++o) {
      if (!out[static_cast<size_t>(o)].is_constant() || is_zero(*filters, o)) continue;
      const int64_t reached = accumulator_range(*filters, o, ranges[static_cast<size_t>(node.inputs[0])]).low;
      if (filters->requantised(o, reached) != out[static_cast<size_t>(o)].low) continue;
      make_zero(*filters, o, reached);
      emptied = true;
    }
    if (!emptied) continue;
    const std::vector<bool> all(static_cast<size_t>(filters->outputs), true);
    set_filters(graph, i, *filters, graph.input_of(node, 1).shape, all);
    changed = true;
  }
  return changed;
}

/// The accumulator nearest to 0 that gives `value`, if there is one. Requantisation never falls.
std::optional<int32_t> accumulator_for(const Filters& filters, int output, int32_t value) {
  int64_t low = -(int64_t{1} << 30), high = int64_t{1} << 30;  // the first in it that gives at least `value`
  if (filters.shift[static_cast<size_t>(output)] > 0) return std::nullopt;
  if (filters.requantised(output, 0) == value) return 0;
  const bool is_above = filters.requantised(output, 0) < value;
  // Of those above 0 the first, of those below 0 the last.
  const int32_t wanted = is_above ? value : value + 1;
  (is_above ? low : high) = 0;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (filters.requantised(output, middle) >= wanted) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  const int64_t found = is_above ? low : low - 1;
  if (filters.requantised(output, found) != value) return std::nullopt;
  return static_cast<int32_t>(found);
}

/// A filter of zeros may have any scale, and converters give it odd ones (its largest weight was 0), which
/// keep the whole layer from kernels that ask for usual ones. It gets that of a living filter.
bool give_usual_scales(ir::Graph& graph) {
  bool changed = false;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node node = graph.nodes[i];
    auto filters = read_filters(graph, node);
    if (!filters || !graph.input_of(node, 1).quantisation->per_channel()) continue;
    ir::Tensor weights = graph.input_of(node, 1);
    int living = 0;
    while (living < filters->outputs && is_zero(*filters, living)) ++living;
    if (living == filters->outputs) continue;
    bool found = false;
    for (int o = 0; o < filters->outputs; ++o) {
      float& scale = weights.quantisation->scales[static_cast<size_t>(o)];
      const float usual = weights.quantisation->scales[static_cast<size_t>(living)];
      if (scale == usual || !is_zero(*filters, o)) continue;
      const auto bias =
          accumulator_for(*filters, living, filters->requantised(o, filters->bias[static_cast<size_t>(o)]));
      if (!bias) continue;
      scale = usual;
      filters->bias[static_cast<size_t>(o)] = *bias;
      found = true;
    }
    if (!found) continue;
    graph.nodes[i].inputs[1] = add_tensor(graph, weights);
    set_filters(graph, i, *filters, weights.shape, std::vector<bool>(filters->bias.size(), true));
    changed = true;
  }
  return changed;
}

/// Tensors that a step must write when the model runs: the outputs, also under another shape.
std::vector<bool> outputs_and_their_sources(const ir::Graph& graph) {
  std::vector<bool> written(graph.tensors.size(), false);
  for (const int output : graph.outputs) written[static_cast<size_t>(output)] = true;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (node->op == ir::Op::reshape && written[static_cast<size_t>(node->outputs[0])])
      written[static_cast<size_t>(node->inputs[0])] = true;
  }
  return written;
}

bool make_known_tensors_constant(ir::Graph& graph, const std::vector<Ranges>& ranges) {
  const std::vector<bool> written = outputs_and_their_sources(graph);
  bool changed = false;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node& node = graph.nodes[i];
    if (!is_pure(node) || written[static_cast<size_t>(node.outputs[0])]) continue;
    const Ranges& known = ranges[static_cast<size_t>(node.outputs[0])];
    if (!is_known(known)) continue;
    Bytes bytes(static_cast<size_t>(graph.output_of(node).bytes()));
    for (size_t k = 0; k < bytes.size(); ++k) bytes[k] = static_cast<uint8_t>(known[k % known.size()].low);
    make_constant(graph, i, std::move(bytes));
    changed = true;
  }
  return changed;
}

/// What a node's filters become without the channels that are not kept.
Filters cut_filters(const Filters& filters, const std::vector<bool>& keep_in,
                    const std::vector<bool>& keep_out) {
  Filters cut = filters;
  const int channels = static_cast<int>(keep_in.size());
  cut.weights.clear();
  cut.bias.clear();
  cut.outputs = 0;
  for (int o = 0; o < filters.outputs; ++o) {
    if (!keep_out[static_cast<size_t>(o)]) continue;
    ++cut.outputs;
    cut.bias.push_back(filters.bias[static_cast<size_t>(o)]);
    for (int p = 0; p < filters.positions; ++p) {
      for (int i = 0; i < filters.inputs; ++i) {
        if (keep_in[static_cast<size_t>(filters.channel_of(o, i, channels))])
          cut.weights.push_back(filters.weight(o, p, i));
      }
    }
  }
  return cut;
}

/// Adds what the lost channels always gave to the biases.
void fold_lost_channels(Filters& filters, const Ranges& in, const std::vector<bool>& keep_in) {
  if (filters.depthwise) return;  // their outputs are lost with them
  const int channels = static_cast<int>(in.size());
  for (int c = 0; c < channels; ++c) {
    if (keep_in[static_cast<size_t>(c)]) continue;
    for (int o = 0; o < filters.outputs; ++o) {
      filters.bias[static_cast<size_t>(o)] += static_cast<int32_t>(*contribution(filters, o, c, in));
    }
  }
}

ir::Shape cut_shape(const ir::Node& node, ir::Shape shape, const Filters& cut) {
  const auto taps = static_cast<int32_t>(cut.weights.size() / static_cast<size_t>(cut.outputs));
  if (node.op == ir::Op::depthwise_conv_2d) {
    shape[3] = cut.outputs;
  } else {
    shape[0] = cut.outputs;
    shape.back() = taps / cut.positions;
  }
  return shape;
}

/// Removes the channels along the last dimension.
void cut_tensor(ir::Tensor& tensor, const std::vector<bool>& keep) {
  if (tensor.is_constant()) {
    Bytes kept;
    for (size_t i = 0; i < tensor.constant->size(); ++i) {
      if (keep[i % keep.size()]) kept.push_back((*tensor.constant)[i]);
    }
    tensor.constant = std::make_shared<const Bytes>(std::move(kept));
  }
  tensor.shape.back() = static_cast<int32_t>(std::count(keep.begin(), keep.end(), true));
}

bool all_kept(const std::vector<bool>& keep) {
  return std::find(keep.begin(), keep.end(), false) == keep.end();
}

bool cut_channels(ir::Graph& graph, const std::vector<Ranges>& ranges, int multiple) {
  const std::vector<std::vector<bool>> keep = find_kept_channels(graph, ranges, multiple);
  if (std::all_of(keep.begin(), keep.end(), all_kept)) return false;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node node = graph.nodes[i];
    auto filters = read_filters(graph, node);
    if (filters) {
      const auto& keep_in = keep[static_cast<size_t>(node.inputs[0])];
      const auto& keep_out = keep[static_cast<size_t>(node.outputs[0])];
      if (all_kept(keep_in) && all_kept(keep_out)) continue;
      fold_lost_channels(*filters, ranges[static_cast<size_t>(node.inputs[0])], keep_in);
      const Filters cut = cut_filters(*filters, keep_in, keep_out);
      set_filters(graph, i, cut, cut_shape(node, graph.input_of(node, 1).shape, cut), keep_out);
    } else if (node.op == ir::Op::reshape && !all_kept(keep[static_cast<size_t>(node.outputs[0])])) {
      graph.nodes[i].inputs.resize(1);  // the output tensor's shape rules; the old one is wrong now
    }
  }
  for (size_t t = 0; t < keep.size(); ++t) {
    if (!all_kept(keep[t])) cut_tensor(graph.tensors[t], keep[t]);
  }
  return true;
}

}  // namespace

bool remove_dead_channels(ir::Graph& graph, int channel_multiple) {
  std::vector<Ranges> ranges = find_channel_ranges(graph);
  bool changed = empty_constant_filters(graph, ranges);
  changed |= give_usual_scales(graph);
  ranges.resize(graph.tensors.size());
  if (make_known_tensors_constant(graph, ranges)) {
    sweep(graph);
    return true;
  }
  changed |= cut_channels(graph, ranges, channel_multiple);
  if (changed) sweep(graph);
  return changed;
}

}  // namespace tadpole::plan::rewriting
