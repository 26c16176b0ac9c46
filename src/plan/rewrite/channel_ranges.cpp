// Interval arithmetic on stored int8 values.
#include "plan/rewrite/channel_ranges.h"

#include <algorithm>
#include <limits>
#include <set>

#include "device/kernels/fixed_point.h"
#include "plan/lower.h"
#include "plan/scaling.h"

namespace tadpole::plan::rewriting {

namespace {

/// The distinct ranges of taps that lie inside [0, in) for output positions 0 ... out - 1.
std::set<std::pair<int, int>> taps_inside(int in, int filter, int stride, int dilation, int pad, int out) {
  std::set<std::pair<int, int>> ranges;
  for (int64_t y = 0; y < out; ++y) {
    const int64_t start = y * stride - pad;
    int first = 0, end = 0;
    for (int i = 0; i < filter; ++i) {
      const int64_t at = start + int64_t{i} * dilation;
      first += at < 0 ? 1 : 0;
      end += at < in ? 1 : 0;
    }
    ranges.insert({first, std::max(first, end)});
  }
  return ranges;
}

template <class Attributes>
bool read_windows(const ir::Tensor& in, const ir::Tensor& weights, const ir::Tensor& out,
                  const Attributes& attributes, Filters& filters) {
  const int filter_h = weights.shape[1], filter_w = weights.shape[2];
  const auto [rows, columns] = ir::windows_of(in.shape, filter_h, filter_w, attributes);
  const auto row_ranges = taps_inside(in.shape[1], filter_h, attributes.stride_h, attributes.dilation_h,
                                      rows.pad_before, out.shape[1]);
  const auto column_ranges = taps_inside(in.shape[2], filter_w, attributes.stride_w, attributes.dilation_w,
                                         columns.pad_before, out.shape[2]);
  constexpr size_t kMostWork = size_t{1} << 22;  // untrusted sizes; real layers have some hundred
  if (row_ranges.size() * column_ranges.size() > kMostWork / static_cast<size_t>(filters.positions))
    return false;
  for (const auto& [top, bottom] : row_ranges) {
    for (const auto& [left, right] : column_ranges) {
      std::vector<bool> inside(static_cast<size_t>(filters.positions), false);
      for (int i = top; i < bottom; ++i) {
        for (int j = left; j < right; ++j) inside[static_cast<size_t>(i * filter_w + j)] = true;
      }
      filters.windows.push_back(std::move(inside));
    }
  }
  return true;
}

/// Sizes, windows and activation; false where they are beyond what is looked into.
bool read_shape(const ir::Graph& graph, const ir::Node& node, Filters& filters, ir::Activation& activation) {
  const ir::Tensor& in = graph.input_of(node, 0);
  const ir::Tensor& weights = graph.input_of(node, 1);
  const ir::Tensor& out = graph.output_of(node);
  if (node.op == ir::Op::conv_2d) {
    const auto& attributes = std::get<ir::Conv2dAttributes>(node.attributes);
    activation = attributes.activation;
    filters.outputs = weights.shape[0];
    filters.positions = weights.shape[1] * weights.shape[2];
    filters.inputs = weights.shape[3];
    return read_windows(in, weights, out, attributes, filters);
  }
  if (node.op == ir::Op::depthwise_conv_2d) {
    const auto& attributes = std::get<ir::DepthwiseConv2dAttributes>(node.attributes);
    activation = attributes.activation;
    filters.outputs = weights.shape[3];
    filters.positions = weights.shape[1] * weights.shape[2];
    filters.inputs = 1;
    filters.depthwise = true;
    return read_windows(in, weights, out, attributes, filters);
  }
  activation = std::get<ir::FullyConnectedAttributes>(node.attributes).activation;
  filters.outputs = weights.shape[0];
  filters.positions = 1;
  filters.inputs = weights.shape[1];
  filters.windows = {{true}};
  return filters.inputs % channels_of(in) == 0;  // otherwise a weight reads other channels in other rows
}

}  // namespace

std::optional<Filters> read_filters(const ir::Graph& graph, const ir::Node& node) {
  const bool has_filters = node.op == ir::Op::conv_2d || node.op == ir::Op::depthwise_conv_2d ||
                           node.op == ir::Op::fully_connected;
  if (!has_filters) return std::nullopt;
  const ir::Tensor& in = graph.input_of(node, 0);
  const ir::Tensor& out = graph.output_of(node);
  if (!is_int8(in) || !is_int8(out)) return std::nullopt;
  Filters filters;
  ir::Activation activation = ir::Activation::none;
  if (!read_shape(graph, node, filters, activation)) return std::nullopt;
  const Target target;
  const NodeView view(graph, node, target);
  auto read = read_weights_int8(view, filters.outputs, filters.depthwise ? 3 : 0);
  if (!read.ok()) return std::nullopt;
  const auto outputs = static_cast<size_t>(filters.outputs);
  const size_t taps = read->weights.size() / outputs;
  for (size_t o = 0; o < outputs; ++o) {
    for (size_t k = 0; k < taps; ++k) {
      filters.weights.push_back(read->weights[filters.depthwise ? k * outputs + o : o * taps + k]);
    }
  }
  filters.bias = std::move(read->bias);
  filters.multiplier = std::move(read->multiplier);
  filters.shift = std::move(read->shift);
  filters.in_zero = zero_of(in);
  filters.out_zero = zero_of(out);
  const ClampInt8 clamp = clamp_int8(activation, view.scale(out), filters.out_zero);
  filters.clamp_low = clamp.low;
  filters.clamp_high = clamp.high;
  return filters;
}

int32_t Filters::requantised(int output, int64_t accumulator) const {
  const auto o = static_cast<size_t>(output);
  const int32_t scaled =
      kernels::multiply_by_quantized_multiplier(static_cast<int32_t>(accumulator), multiplier[o], shift[o]);
  return kernels::add_zero_and_clamp(scaled, out_zero, clamp_low, clamp_high);
}

AccumulatorRange accumulator_range(const Filters& filters, int output, const Ranges& in) {
  const int channels = static_cast<int>(in.size());
  std::vector<int64_t> low(static_cast<size_t>(filters.positions)), high = low;
  for (int p = 0; p < filters.positions; ++p) {
    for (int i = 0; i < filters.inputs; ++i) {
      const Range& range = in[static_cast<size_t>(filters.channel_of(output, i, channels))];
      const int64_t weight = filters.weight(output, p, i);
      const int64_t a = weight * (range.low - filters.in_zero), b = weight * (range.high - filters.in_zero);
      low[static_cast<size_t>(p)] += std::min(a, b);
      high[static_cast<size_t>(p)] += std::max(a, b);
    }
  }
  AccumulatorRange all{std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()};
  for (const auto& inside : filters.windows) {
    int64_t window_low = filters.bias[static_cast<size_t>(output)], window_high = window_low;
    for (size_t p = 0; p < inside.size(); ++p) {
      window_low += inside[p] ? low[p] : 0;
      window_high += inside[p] ? high[p] : 0;
    }
    all.low = std::min(all.low, window_low);
    all.high = std::max(all.high, window_high);
  }
  return all;
}

bool keeps_order(const Filters& filters, int output, const AccumulatorRange& range) {
  const int32_t shift = filters.shift[static_cast<size_t>(output)];
  const int64_t limit = int64_t{std::numeric_limits<int32_t>::max()} >> std::max(0, shift);
  return range.low >= -limit && range.high <= limit;
}

namespace {

Ranges ranges_of_filters(const Filters& filters, const Ranges& in) {
  Ranges out;
  for (int o = 0; o < filters.outputs; ++o) {
    const AccumulatorRange range = accumulator_range(filters, o, in);
    if (keeps_order(filters, o, range)) {
      out.push_back({filters.requantised(o, range.low), filters.requantised(o, range.high)});
    } else {
      out.push_back({filters.clamp_low, filters.clamp_high});
    }
  }
  return out;
}

/// The least and greatest value of each channel.
Ranges ranges_of_bytes(const Bytes& bytes, int channels) {
  Ranges ranges(static_cast<size_t>(channels), {127, -128});
  for (size_t i = 0; i < bytes.size(); ++i) {
    Range& range = ranges[i % ranges.size()];
    const int32_t value = static_cast<int8_t>(bytes[i]);
    range.low = std::min(range.low, value);
    range.high = std::max(range.high, value);
  }
  return ranges;
}

/// Of a function of one value.
Ranges ranges_of_table(const Bytes& table, const Ranges& in) {
  Ranges ranges;
  for (const Range& from : in) {
    Range range{127, -128};
    for (int32_t value = from.low; value <= from.high; ++value) {
      const int32_t to = static_cast<int8_t>(table[static_cast<size_t>(value + 128)]);
      range.low = std::min(range.low, to);
      range.high = std::max(range.high, to);
    }
    ranges.push_back(range);
  }
  return ranges;
}

Bytes filled(const ir::Tensor& tensor, const Ranges& ranges, bool high) {
  Bytes bytes(static_cast<size_t>(tensor.bytes()));
  for (size_t i = 0; i < bytes.size(); ++i) {
    const Range& range = ranges[i % ranges.size()];
    bytes[i] = static_cast<uint8_t>(high ? range.high : range.low);
  }
  return bytes;
}

/// Operators whose outputs never fall when an input rises.
bool is_monotone(ir::Op op) {
  switch (op) {
    case ir::Op::average_pool_2d:
    case ir::Op::max_pool_2d:
    case ir::Op::mean:
    case ir::Op::sum:
    case ir::Op::add:
    case ir::Op::maximum:
    case ir::Op::minimum:
    case ir::Op::reshape:
    case ir::Op::squeeze:
    case ir::Op::expand_dims:
    case ir::Op::transpose:
    case ir::Op::pad:
    case ir::Op::pad_v2:
    case ir::Op::concatenation:
    case ir::Op::slice:
    case ir::Op::strided_slice:
    case ir::Op::pack:
    case ir::Op::resize_bilinear:
    case ir::Op::resize_nearest_neighbor:
      return true;
    default:
      return false;
  }
}

/// Runs the node on the least or greatest values of its int8 inputs.
std::optional<Bytes> extreme(const ir::Graph& graph, const ir::Node& node, const std::vector<Ranges>& ranges,
                             bool high) {
  std::vector<Bytes> inputs;
  for (const int input : node.inputs) {
    if (input < 0) {
      inputs.emplace_back();
    } else if (tensor_at(graph, input).is_constant()) {
      inputs.push_back(*tensor_at(graph, input).constant);
    } else {
      inputs.push_back(filled(tensor_at(graph, input), ranges[static_cast<size_t>(input)], high));
    }
  }
  return evaluate(graph, node, inputs);
}

Ranges ranges_of_node(const ir::Graph& graph, const ir::Node& node, const std::vector<Ranges>& ranges) {
  const ir::Tensor& out = graph.output_of(node);
  const Ranges any(static_cast<size_t>(channels_of(out)));
  const bool reads_int8 = std::all_of(node.inputs.begin(), node.inputs.end(), [&](int input) {
    return input < 0 || tensor_at(graph, input).is_constant() || !ranges[static_cast<size_t>(input)].empty();
  });
  if (!reads_int8) return any;
  if (const auto filters = read_filters(graph, node)) {
    const Ranges& in = ranges[static_cast<size_t>(node.inputs[0])];
    return in.empty() ? any : ranges_of_filters(*filters, in);
  }
  if (is_unary(node.op)) {
    const auto table = table_of(graph, node);
    return table ? ranges_of_table(*table, ranges[static_cast<size_t>(node.inputs[0])]) : any;
  }
  const bool knows_all = std::all_of(node.inputs.begin(), node.inputs.end(), [&](int input) {
    return input < 0 || tensor_at(graph, input).is_constant() || is_known(ranges[static_cast<size_t>(input)]);
  });
  if (!knows_all && !is_monotone(node.op)) return any;
  const auto low = extreme(graph, node, ranges, false), high = extreme(graph, node, ranges, true);
  if (!low || !high) return any;
  const Ranges from_low = ranges_of_bytes(*low, channels_of(out));
  Ranges from = ranges_of_bytes(*high, channels_of(out));
  for (size_t c = 0; c < from.size(); ++c) from[c].low = from_low[c].low;
  return from;
}

}  // namespace

bool is_known(const Ranges& ranges) {
  return !ranges.empty() &&
         std::all_of(ranges.begin(), ranges.end(), [](const Range& range) { return range.is_constant(); });
}

std::vector<Ranges> find_channel_ranges(const ir::Graph& graph) {
  std::vector<Ranges> ranges(graph.tensors.size());
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    const ir::Tensor& tensor = graph.tensors[i];
    if (!is_int8(tensor)) continue;
    const int channels = channels_of(tensor);
    ranges[i] = tensor.is_constant() ? ranges_of_bytes(*tensor.constant, channels)
                                     : Ranges(static_cast<size_t>(channels));
  }
  for (const ir::Node& node : graph.nodes) {
    if (!is_pure(node) || !is_int8(graph.output_of(node))) continue;
    ranges[static_cast<size_t>(node.outputs[0])] = ranges_of_node(graph, node, ranges);
  }
  return ranges;
}

}  // namespace tadpole::plan::rewriting
