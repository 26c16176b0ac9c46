// Which layers get weights of 16 bits: a choice for the whole graph, by what each saves a byte.
#include "device/kernels/cortex_m_dsp/three_pixels.h"
#include "plan/lower_cortex_m_dsp.h"

namespace tadpole::plan {

namespace {

struct Candidate {
  size_t node;
  LargeWeights kind;
  double instructions;  ///< saved
  int64_t bytes;        ///< more than the int8 weights
};

bool has_int8_weights(const ir::Graph& graph, const ir::Node& node) {
  if (node.op != ir::Op::conv_2d && node.op != ir::Op::depthwise_conv_2d &&
      node.op != ir::Op::fully_connected) {
    return false;
  }
  const ir::Tensor &in = graph.input_of(node, 0), &weights = graph.input_of(node, 1),
                   &out = graph.output_of(node);
  return in.type == ir::DType::int8 && weights.type == ir::DType::int8 && weights.is_constant() &&
         in.quantisation && weights.quantisation && out.quantisation;
}

bool is_plain_3x3(const ir::Graph& graph, const ir::Node& node) {
  if (node.op != ir::Op::conv_2d) return false;
  const auto& attributes = std::get<ir::Conv2dAttributes>(node.attributes);
  const ir::Shape& weights = graph.input_of(node, 1).shape;
  return weights[1] == 3 && weights[2] == 3 && attributes.stride_h == 1 && attributes.stride_w == 1 &&
         attributes.dilation_h == 1 && attributes.dilation_w == 1 && weights[0] % 4 == 0 &&
         weights[3] % 4 == 0;
}

/// Whether the kernels of single lanes can take all right shifts.
bool shifts_fit_single(const ir::Graph& graph, const ir::Node& node) {
  const double in = graph.input_of(node, 0).quantisation->scales[0];
  const double out = graph.output_of(node).quantisation->scales[0];
  const std::vector<float>& scales = graph.input_of(node, 1).quantisation->scales;
  return std::all_of(scales.begin(), scales.end(), [&](float scale) {
    return fits_single(-fixed_factor(in * static_cast<double>(scale) / out).shift);
  });
}

/// Instructions for all outputs of a convolution, by the loops of three_pixels.h: six outputs at a time.
double loop_instructions(double outputs, int64_t taps, bool single) {
  const auto words = static_cast<double>(kernels::dsp::words_of_taps(static_cast<size_t>(taps), single));
  return outputs / 6 * (single ? 30 + 8 * words : 44 + 8.5 * words);
}

void add_candidates(const ir::Graph& graph, const Target& target, size_t index,
                    std::vector<Candidate>& candidates) {
  const ir::Node& node = graph.nodes[index];
  if (!has_int8_weights(graph, node)) return;
  const ir::Tensor& weights = graph.input_of(node, 1);
  const auto macs = static_cast<double>(ir::multiply_accumulates(graph, node));
  if (node.op == ir::Op::fully_connected) {
    // 0.66 instead of 0.85 a multiply-accumulate.
    candidates.push_back({index, LargeWeights::single, 0.19 * macs, weights.bytes()});
    return;
  }
  const bool depthwise = node.op == ir::Op::depthwise_conv_2d;
  if (depthwise && graph.input_of(node, 0).shape[3] != 1) return;
  const auto outputs = static_cast<double>(ir::element_count(graph.output_of(node).shape));
  const int64_t channels = depthwise ? weights.shape[3] : weights.shape[0], taps = weights.bytes() / channels;
  const double paired = loop_instructions(outputs, taps, false);
  // Quads (two_pixels.h) need more instructions than single lanes, but neither more cycles nor bytes.
  if (shifts_fit_single(graph, node) && (target.flash_limit_bytes > 0 || channels % 4 != 0)) {
    candidates.push_back(
        {index, LargeWeights::single, paired - loop_instructions(outputs, taps, true), weights.bytes()});
  }
  if (is_plain_3x3(graph, node)) {
    // Products, and what is done once for an input or an output channel; measured on ResNet-8.
    const double winograd =
        macs * (0.32 + 1.25 / static_cast<double>(channels) + 2.1 / static_cast<double>(taps / 9));
    candidates.push_back({index, LargeWeights::winograd, paired - winograd, weights.bytes() / 9 * 23});
  }
}

/// A kind that saves less than a fiftieth of the model is not worth its code.
void drop_small_kinds(const ir::Graph& graph, const std::vector<double>& saved,
                      std::vector<LargeWeights>& chosen) {
  double all = 0;
  for (const ir::Node& node : graph.nodes) {
    all += 0.8 * static_cast<double>(ir::multiply_accumulates(graph, node));
  }
  // Dense layers have kernels of their own, of the same kind.
  const auto kind_of = [&](size_t i) {
    return static_cast<size_t>(chosen[i]) + (graph.nodes[i].op == ir::Op::fully_connected ? 3 : 0);
  };
  std::array<double, 6> sums{};
  for (size_t i = 0; i < chosen.size(); ++i) sums[kind_of(i)] += saved[i];
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (sums[kind_of(i)] < 0.02 * all) chosen[i] = LargeWeights::none;
  }
}

/// Bytes that the choice may add. Without a limit packed weights stay below 1.1 times the int8 ones: a
/// twelfth leaves room for padding. Otherwise all constants count: the tensors, 16 for the requantisation of
/// each channel and a layer's parameters.
int64_t budget(const ir::Graph& graph, const Target& target) {
  int64_t weights = 0, constants = 100 * static_cast<int64_t>(graph.nodes.size());
  for (const ir::Node& node : graph.nodes) {
    if (has_int8_weights(graph, node)) weights += graph.input_of(node, 1).bytes();
  }
  for (const ir::Tensor& tensor : graph.tensors) {
    if (tensor.is_constant()) constants += tensor.bytes() * (tensor.type == ir::DType::int32 ? 4 : 1);
  }
  return target.flash_limit_bytes > 0 ? target.flash_limit_bytes - constants : weights / 12;
}

}  // namespace

bool fits_single(int32_t right_shift) {
  const int32_t scale_bits = kernels::dsp::kSingleShift + 1 - right_shift;
  return scale_bits >= 2 && scale_bits <= 8;
}

std::vector<LargeWeights> choose_large_weights(const ir::Graph& graph, const Target& target) {
  std::vector<LargeWeights> chosen(graph.nodes.size(), LargeWeights::none);
  std::vector<int64_t> spent(graph.nodes.size(), 0);
  std::vector<double> saved(graph.nodes.size(), 0);
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < graph.nodes.size(); ++i) add_candidates(graph, target, i, candidates);
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.instructions * static_cast<double>(b.bytes) > b.instructions * static_cast<double>(a.bytes);
  });
  int64_t left = budget(graph, target);
  for (const Candidate& candidate : candidates) {
    // Winograd after single lanes of the same layer replaces them; the other way round saves nothing.
    const int64_t more = candidate.bytes - spent[candidate.node];
    if (candidate.instructions <= 0 || more <= 0 || more > left) continue;
    chosen[candidate.node] = candidate.kind;
    spent[candidate.node] = candidate.bytes;
    saved[candidate.node] = candidate.instructions;
    left -= more;
  }
  drop_small_kinds(graph, saved, chosen);
  return chosen;
}

LargeWeights large_weights(const NodeView& view) {
  const std::vector<LargeWeights> chosen = choose_large_weights(view.graph, view.target);
  const auto index = static_cast<size_t>(&view.node - view.graph.nodes.data());
  return index < chosen.size() ? chosen[index] : LargeWeights::none;
}

}  // namespace tadpole::plan
