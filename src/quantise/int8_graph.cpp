// Builds the int8 graph: scales of activations from calibration, scales of weights from the weights, biases
// from both.
#include "quantise/int8_graph.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "quantise/scales.h"
#include "quantise/weights.h"

namespace tadpole::quantise {

namespace {

using ir::DType;
using ir::Graph;
using ir::Node;
using ir::Op;
using ir::Quantisation;
using ir::Tensor;

/// A bias leaves as much of 32 bits to the sum of products.
constexpr double kLargestBias = 1 << 30;
/// The same of 48 bits, which is what a sum of int16 activations may reach before it is scaled.
constexpr double kLargestWideBias = 274877906944.0;  // 2^38

/// Weights below this add nothing to any activation; scales made from them would leave the range of floats.
constexpr double kSmallestWeight = 1e-20;

constexpr float kLargestInt8 = 127, kLargestInt4 = 7;

Error bad_range(const std::string& detail) { return {Code::quantise_bad_range, detail}; }

/// Of those, where constant and output must have one scale.
bool shares_scale(Op op) { return op == Op::maximum || op == Op::minimum || op == Op::pad_v2; }

int channel_axis(Op op) { return op == Op::depthwise_conv_2d ? 3 : 0; }
int bias_position(Op op) { return op == Op::transpose_conv ? 3 : 2; }

/// Symmetric, in [-127, 127].
Quantisation symmetric(float largest) { return {{std::max(largest, 1e-6f) / 127}, {0}, 0}; }

float largest_of(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

std::vector<int8_t> stored_as(std::span<const float> values, const Quantisation& quantisation, float low) {
  std::vector<int8_t> stored;
  const float zero = static_cast<float>(quantisation.zero_points[0]);
  for (const float value : values) {
    stored.push_back(
        static_cast<int8_t>(std::clamp(std::round(value / quantisation.scales[0]) + zero, low, 127.0f)));
  }
  return stored;
}

/// Two values a byte, the earlier one in the low half.
std::shared_ptr<const std::vector<uint8_t>> packed_int4(const std::vector<int8_t>& values) {
  std::vector<uint8_t> bytes((values.size() + 1) / 2);
  for (size_t i = 0; i < values.size(); ++i)
    bytes[i / 2] = static_cast<uint8_t>(bytes[i / 2] | (values[i] & 15) << (i % 2 * 4));
  return std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
}

/// The weights of one output channel, which is the last axis of depthwise kernels and the first of others.
std::vector<float> channel_of(std::span<const float> values, size_t channels, bool last_axis,
                              size_t channel) {
  std::vector<float> found;
  const size_t inner = values.size() / channels;
  for (size_t i = 0; i < inner; ++i)
    found.push_back(values[last_axis ? i * channels + channel : channel * inner + i]);
  return found;
}

/// Where to clip weights so that int4 stores them with the least squared error: with so few steps it pays to
/// clip the largest.
double best_clip(const std::vector<float>& weights, double largest) {
  constexpr int kTrials = 12;
  double best = largest, least = std::numeric_limits<double>::infinity();
  for (int trial = 0; trial < kTrials && largest > 0; ++trial) {
    const double clip = largest * (1 - 0.05 * trial), scale = clip / static_cast<double>(kLargestInt4);
    double error = 0;
    for (const float weight : weights) {
      const double stored = std::clamp(std::round(double{weight} / scale), -7.0, 7.0);
      error += (weight - stored * scale) * (weight - stored * scale);
    }
    if (error >= least) continue;
    least = error;
    best = clip;
  }
  return best;
}

class Quantiser {
 public:
  Quantiser(const Graph& folded, const std::vector<Range>& ranges,
            const std::vector<std::string>& int4_layers, bool wide)
      : folded_(folded),
        ranges_(ranges),
        int4_layers_(int4_layers),
        wide_(wide),
        graph_(folded),
        owner_(folded.tensors.size(), -1) {}
  Result<Graph> run();

 private:
  void set_activation(int tensor, const Quantisation& quantisation);
  Result<void> set_activations();
  Result<void> quantise_node(size_t index);
  Result<void> quantise_constant(size_t index, int input);
  Result<void> quantise_wide_constant(size_t index, int input, const Extremes& extremes);
  Result<void> quantise_lstm(size_t index);
  Result<std::vector<float>> weight_scales(const Node& node, const std::vector<float>& bias) const;
  Result<void> put_int8_ends();
  int place_for(size_t node, int tensor);
  /// The largest integer that a layer's weights may be.
  double largest_bias() const { return wide_ ? kLargestWideBias : kLargestBias; }
  float largest_stored(const Node& node) const {
    const bool int4 = std::find(int4_layers_.begin(), int4_layers_.end(), node.name) != int4_layers_.end();
    return int4 ? kLargestInt4 : kLargestInt8;
  }

  const Graph& folded_;
  const std::vector<Range>& ranges_;
  const std::vector<std::string>& int4_layers_;
  const bool wide_;  ///< int16 activations
  Graph graph_;
  /// Weights, bias and input scale of layers that share both, and where theirs are: steps of a recurrent
  /// layer.
  std::map<std::tuple<int, int, float>, std::pair<int, int>> shared_;
  std::vector<int> owner_;  ///< node that has quantised this constant, so that sharers get a copy
};

void Quantiser::set_activation(int tensor, const Quantisation& quantisation) {
  Tensor& to = graph_.tensors[static_cast<size_t>(tensor)];
  to.type = wide_ ? DType::int16 : DType::int8;
  to.quantisation = quantisation;
}

Result<void> Quantiser::set_activations() {
  TADPOLE_TRY(const auto scales, activation_scales(folded_, ranges_, wide_));
  for (size_t i = 0; i < scales.size(); ++i) {
    if (scales[i]) set_activation(static_cast<int>(i), *scales[i]);
  }
  return {};
}

/// Where a node's quantised constant goes: over the float one, or into a new tensor when another node has
/// taken that already.
int Quantiser::place_for(size_t node, int tensor) {
  int& owner = owner_[static_cast<size_t>(tensor)];
  if (owner < 0) {
    owner = static_cast<int>(node);
    return tensor;
  }
  Tensor copy = folded_.tensors[static_cast<size_t>(tensor)];
  copy.name += "_" + folded_.nodes[node].name;
  graph_.tensors.push_back(std::move(copy));
  return static_cast<int>(graph_.tensors.size()) - 1;
}

/// One scale a channel (one in all for dense layers), each positive and such that the bias fits.
Result<std::vector<float>> Quantiser::weight_scales(const Node& node, const std::vector<float>& bias) const {
  const Tensor& weights = folded_.input_of(node, 1);
  const float in_scale = graph_.input_of(node, data_position(node.op)).quantisation->scales[0];
  const auto values = weights.values<float>();
  const bool per_channel = node.op != Op::fully_connected;
  const auto axis = static_cast<size_t>(channel_axis(node.op));
  const size_t channels = per_channel ? static_cast<size_t>(weights.shape[axis]) : 1;
  std::vector<double> largest(channels, 0.0);
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return bad_range("weights '" + weights.name + "' of layer '" + node.name + "' hold " +
                       std::to_string(values[i]) + "; needs finite numbers. Train again.");
    }
    const size_t channel = !per_channel ? 0 : axis == 3 ? i % channels : i / (values.size() / channels);
    largest[channel] = std::max(largest[channel], std::abs(double{values[i]}));
  }
  const float most = largest_stored(node);
  if (most == kLargestInt4) {
    for (size_t c = 0; c < channels; ++c)
      largest[c] = best_clip(channel_of(values, channels, axis == 3, c), largest[c]);
  }
  // A channel of zeros needs a scale only for its bias; the tensor's own order of magnitude suits that.
  const double overall = *std::max_element(largest.begin(), largest.end());
  std::vector<float> scales;
  for (size_t c = 0; c < channels; ++c) {
    const bool vanishing = largest[c] < kSmallestWeight;
    double scale = (!vanishing ? largest[c] : overall >= kSmallestWeight ? overall : 1.0) / most;
    for (size_t b = 0; b < bias.size(); ++b) {
      if (!per_channel || b == c)
        scale = std::max(scale, std::abs(double{bias[b]}) / (double{in_scale} * largest_bias()));
    }
    const auto narrowed = static_cast<float>(scale);
    const float product = in_scale * narrowed;
    if (!std::isnormal(narrowed) || !std::isnormal(product)) {
      return bad_range("weights '" + weights.name + "' of layer '" + node.name + "' reach " +
                       std::to_string(largest[c]) + " in channel " + std::to_string(c) +
                       " for an input of scale " + std::to_string(in_scale) +
                       ", which no scale can hold. Calibrate with more recordings, or train again.");
    }
    scales.push_back(narrowed);
  }
  return scales;
}

Result<void> Quantiser::quantise_node(size_t index) {
  Node& node = graph_.nodes[index];
  const Tensor& weights = folded_.input_of(node, 1);
  const auto channels = static_cast<size_t>(weights.shape[static_cast<size_t>(channel_axis(node.op))]);
  std::vector<float> bias(channels, 0.0f);
  const int bias_place = bias_position(node.op);
  const bool has_bias = Graph::has_input(node, bias_place);
  if (has_bias) {
    const auto values = folded_.input_of(node, bias_place).values<float>();
    bias.assign(values.begin(), values.end());
  }
  for (const float value : bias) {
    if (!std::isfinite(value))
      return bad_range("bias '" + folded_.input_of(node, bias_place).name + "' of layer '" + node.name +
                       "' holds " + std::to_string(value) + "; needs finite numbers. Train again.");
  }
  TADPOLE_TRY(const std::vector<float> scales, weight_scales(node, bias));
  const float in_scale = graph_.input_of(node, data_position(node.op)).quantisation->scales[0];
  const bool per_channel = scales.size() > 1;
  const std::tuple key{node.inputs[1], has_bias ? node.inputs[static_cast<size_t>(bias_place)] : -1,
                       in_scale};
  if (const auto found = shared_.find(key); found != shared_.end()) {
    node.inputs.resize(static_cast<size_t>(bias_place) + 1);
    node.inputs[1] = found->second.first;
    node.inputs[static_cast<size_t>(bias_place)] = found->second.second;
    return {};
  }

  // The TensorFlow Lite converter multiplies by the inverse too, which rounds ties its way.
  std::vector<float> inverse;
  for (const float scale : scales) inverse.push_back(1.0f / scale);
  const auto from = weights.values<float>();
  const float most = largest_stored(node);
  std::vector<int8_t> stored(from.size());
  for (size_t i = 0; i < from.size(); ++i) {
    const size_t channel = !per_channel                       ? 0
                           : node.op == Op::depthwise_conv_2d ? i % channels
                                                              : i / (from.size() / channels);
    stored[i] = static_cast<int8_t>(std::clamp(std::round(from[i] * inverse[channel]), -most, most));
  }
  std::vector<int64_t> stored_bias(channels);
  std::vector<float> bias_scales;
  for (const float scale : scales) bias_scales.push_back(in_scale * scale);
  for (size_t c = 0; c < channels; ++c) {
    const double scale = bias_scales[per_channel ? c : 0];
    // The scale was chosen so that this fits; rounding it to float may cost the last bit.
    stored_bias[c] =
        static_cast<int64_t>(std::clamp(std::round(bias[c] / scale), -largest_bias(), largest_bias()));
  }

  const std::vector<int32_t> zeros(scales.size(), 0);
  const int weights_place = place_for(index, node.inputs[1]);
  Tensor& to = graph_.tensors[static_cast<size_t>(weights_place)];
  to.type = most == kLargestInt4 ? DType::int4 : DType::int8;
  to.quantisation = Quantisation{scales, zeros, channel_axis(node.op)};
  to.constant = most == kLargestInt4 ? packed_int4(stored) : ir::make_constant<int8_t>(stored);
  if (!has_bias) {
    node.inputs.resize(static_cast<size_t>(bias_place) + 1);
    node.inputs[static_cast<size_t>(bias_place)] = static_cast<int>(graph_.tensors.size());
    graph_.tensors.push_back({node.name + "_bias", DType::int32, {}, std::nullopt, nullptr});
  } else {
    int& place = node.inputs[static_cast<size_t>(bias_place)];
    place = place_for(index, place);
  }
  node.inputs[1] = weights_place;
  Tensor& to_bias = graph_.tensors[static_cast<size_t>(node.inputs[static_cast<size_t>(bias_place)])];
  to_bias.type = wide_ ? DType::int64 : DType::int32;
  to_bias.shape = {static_cast<int32_t>(channels)};
  to_bias.quantisation = Quantisation{bias_scales, zeros, 0};
  to_bias.constant =
      wide_ ? ir::make_constant<int64_t>(stored_bias)
            : ir::make_constant<int32_t>(std::vector<int32_t>(stored_bias.begin(), stored_bias.end()));
  shared_[key] = {weights_place, node.inputs[static_cast<size_t>(bias_place)]};
  return {};
}

/// A constant that takes part like an activation, as one side of an addition.
Result<void> Quantiser::quantise_constant(size_t index, int input) {
  Node& node = graph_.nodes[index];
  int& tensor = node.inputs[static_cast<size_t>(input)];
  const Tensor& from = folded_.tensors[static_cast<size_t>(tensor)];
  Extremes extremes;
  extremes.see(from.values<float>());
  if (!extremes.finite)
    return bad_range("constant '" + from.name + "' of layer '" + node.name + "' is not finite.");
  if (wide_) return quantise_wide_constant(index, input, extremes);
  const bool is_matrix = node.op == Op::batch_matmul;
  const Quantisation quantisation = is_matrix ? symmetric(largest_of(from.values<float>()))
                                    : shares_scale(node.op)
                                        ? *graph_.output_of(node).quantisation
                                        : activation_quantisation({extremes.low, extremes.high});
  const std::vector<int8_t> stored = stored_as(from.values<float>(), quantisation, is_matrix ? -127 : -128);
  const int place = place_for(index, tensor);
  set_activation(place, quantisation);
  graph_.tensors[static_cast<size_t>(place)].constant = ir::make_constant<int8_t>(stored);
  node.inputs[static_cast<size_t>(input)] = place;
  return {};
}

/// The same of int16; the slopes of a PReLU are int8 even then.
Result<void> Quantiser::quantise_wide_constant(size_t index, int input, const Extremes& extremes) {
  Node& node = graph_.nodes[index];
  int& tensor = node.inputs[static_cast<size_t>(input)];
  const auto values = folded_.tensors[static_cast<size_t>(tensor)].values<float>();
  const bool slopes = node.op == Op::prelu;
  const Quantisation quantisation = slopes ? symmetric(largest_of(values))
                                    : shares_scale(node.op)
                                        ? *graph_.output_of(node).quantisation
                                        : int16_quantisation({extremes.low, extremes.high});
  const int place = place_for(index, tensor);
  set_activation(place, quantisation);
  Tensor& to = graph_.tensors[static_cast<size_t>(place)];
  if (slopes) {
    to.type = DType::int8;
    to.constant = ir::make_constant<int8_t>(stored_as(values, quantisation, -127));
  } else {
    std::vector<int16_t> stored;
    for (const float value : values) {
      stored.push_back(
          static_cast<int16_t>(std::clamp(std::round(value / quantisation.scales[0]), -32768.0f, 32767.0f)));
    }
    to.constant = ir::make_constant<int16_t>(stored);
  }
  node.inputs[static_cast<size_t>(input)] = place;
  return {};
}

/// Int8 input and output, whose names they take over from the int16 tensors behind them.
Result<void> Quantiser::put_int8_ends() {
  TADPOLE_TRY(const auto narrow, activation_scales(folded_, ranges_));
  const auto outside = [&](int& end) {
    Tensor int8 = graph_.tensors[static_cast<size_t>(end)];
    int8.type = DType::int8;
    int8.quantisation = narrow[static_cast<size_t>(end)];
    graph_.tensors[static_cast<size_t>(end)].name += "_int16";
    graph_.tensors.push_back(std::move(int8));
    return std::exchange(end, static_cast<int>(graph_.tensors.size()) - 1);
  };
  for (int& input : graph_.inputs) {
    const int within = outside(input);
    graph_.nodes.insert(graph_.nodes.begin(), {Op::quantize,
                                               graph_.tensors[static_cast<size_t>(within)].name,
                                               {input},
                                               {within},
                                               ir::NoAttributes{}});
  }
  for (int& output : graph_.outputs) {
    const int within = outside(output);
    graph_.nodes.push_back({Op::quantize,
                            graph_.tensors[static_cast<size_t>(output)].name + "_int8",
                            {within},
                            {output},
                            ir::NoAttributes{}});
  }
  return {};
}

/// Weights symmetric, one scale a matrix; biases as sums of products with the input; the output state as the
/// output, the cell state int16 with a power of two. Source: TFLite Micro's LSTM.
Result<void> Quantiser::quantise_lstm(size_t index) {
  const auto inputs = graph_.nodes[index].inputs;
  const auto at = [&](int position) -> const Tensor& {
    return folded_.input_of(folded_.nodes[index], position);
  };
  const double in_scale = graph_.input_of(graph_.nodes[index], 0).quantisation->scales[0];
  std::vector<float> in_weight_scales;
  for (int position = 1; position <= 8; ++position) {
    const auto values = at(position).values<float>();
    const Quantisation scale = symmetric(largest_of(values));
    if (!std::isfinite(scale.scales[0]))
      return bad_range("weights '" + at(position).name + "' are not finite. Train again.");
    if (position <= 4) in_weight_scales.push_back(scale.scales[0]);
    const int place = place_for(index, inputs[static_cast<size_t>(position)]);
    set_activation(place, scale);
    graph_.tensors[static_cast<size_t>(place)].constant =
        ir::make_constant<int8_t>(stored_as(values, scale, -127));
    graph_.nodes[index].inputs[static_cast<size_t>(position)] = place;
  }
  for (int gate = 0; gate < 4; ++gate) {
    const double scale = in_scale * double{in_weight_scales[static_cast<size_t>(gate)]};
    std::vector<int32_t> stored;
    for (const float value : at(12 + gate).values<float>()) {
      stored.push_back(
          static_cast<int32_t>(std::clamp(std::round(double{value} / scale), -kLargestBias, kLargestBias)));
    }
    const int place = place_for(index, inputs[static_cast<size_t>(12 + gate)]);
    Tensor& bias = graph_.tensors[static_cast<size_t>(place)];
    bias.type = DType::int32;
    bias.quantisation = Quantisation{{static_cast<float>(scale)}, {0}, 0};
    bias.constant = ir::make_constant<int32_t>(stored);
    graph_.nodes[index].inputs[static_cast<size_t>(12 + gate)] = place;
  }
  set_activation(inputs[18], *graph_.output_of(graph_.nodes[index]).quantisation);
  const Range& range = ranges_[static_cast<size_t>(inputs[19])];
  const double largest = std::max({double{range.high}, -double{range.low}, 1.0 / 32768});
  Tensor& cell = graph_.tensors[static_cast<size_t>(inputs[19])];
  cell.type = DType::int16;
  cell.quantisation =
      Quantisation{{static_cast<float>(std::exp2(std::ceil(std::log2(largest / 32767))))}, {0}, 0};
  return {};
}

Result<Graph> Quantiser::run() {
  TADPOLE_CHECK(set_activations());
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    const Op op = graph_.nodes[i].op;
    if (wide_ && op == Op::unidirectional_sequence_lstm) {
      return Error{Code::op_unsupported, "layer '" + graph_.nodes[i].name + "' (" +
                                             std::string(ir::op_name(op)) +
                                             ") has no form with 16-bit activations. Use scheme \"int8\"."};
    }
    if (has_weights(op)) TADPOLE_CHECK(quantise_node(i));
    if (op == Op::unidirectional_sequence_lstm) TADPOLE_CHECK(quantise_lstm(i));
    if (!takes_constants(op)) continue;
    for (int input = 0; input < static_cast<int>(graph_.nodes[i].inputs.size()); ++input) {
      const Tensor& tensor = folded_.input_of(folded_.nodes[i], input);
      if (tensor.is_constant() && tensor.type == DType::float32) TADPOLE_CHECK(quantise_constant(i, input));
    }
  }
  if (wide_) TADPOLE_CHECK(put_int8_ends());
  TADPOLE_CHECK(ir::check_graph(graph_));
  return std::move(graph_);
}

}  // namespace

bool takes_constants(Op op) {
  return op == Op::add || op == Op::sub || op == Op::mul || op == Op::maximum || op == Op::minimum ||
         op == Op::squared_difference || op == Op::prelu || op == Op::pad_v2 || op == Op::batch_matmul;
}

Result<Graph> int8_graph(const Graph& folded, const std::vector<Range>& ranges,
                         const std::vector<std::string>& int4_layers, bool wide) {
  return Quantiser(folded, ranges, int4_layers, wide).run();
}

}  // namespace tadpole::quantise
