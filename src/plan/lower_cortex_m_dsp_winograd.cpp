// 3x3 convolutions to Winograd's algorithm, where flash allows the larger weights.
#include "device/kernels/cortex_m_dsp/winograd_3x3.h"
#include "plan/lower_cortex_m_dsp.h"

namespace tadpole::plan {

namespace {

/// A layer that could be transformed: what that saves, and what it costs.
struct Candidate {
  size_t node;
  double instructions;
  int64_t bytes;
};

/// Instructions a multiply-accumulate, measured on the three widths of the ResNet-8 reference model: the
/// products, and what is done once for an input or an output channel.
double winograd_cost(int in_c, int out_c) { return 0.32 + 1.25 / out_c + 2.1 / in_c; }
constexpr double kDirectCost = 0.8;

bool applies(const ir::Graph& graph, const ir::Node& node) {
  if (node.op != ir::Op::conv_2d) return false;
  const auto& attributes = std::get<ir::Conv2dAttributes>(node.attributes);
  const ir::Tensor &in = graph.input_of(node, 0), &weights = graph.input_of(node, 1);
  return in.type == ir::DType::int8 && weights.type == ir::DType::int8 && weights.is_constant() &&
         weights.shape[1] == 3 && weights.shape[2] == 3 && attributes.stride_h == 1 &&
         attributes.stride_w == 1 && attributes.dilation_h == 1 && attributes.dilation_w == 1 &&
         weights.shape[0] % 4 == 0 && weights.shape[3] % 4 == 0;
}

/// Bytes of all constants with int8 weights: the tensors, and 16 for the requantisation of each channel.
int64_t plain_bytes(const ir::Graph& graph) {
  int64_t bytes = 0;
  for (const ir::Tensor& tensor : graph.tensors) {
    if (!tensor.is_constant()) continue;
    bytes += tensor.bytes();
    if (tensor.type == ir::DType::int32) bytes += 3 * tensor.bytes();
  }
  return bytes + 100 * static_cast<int64_t>(graph.nodes.size());
}

/// G f G^T, doubled in each dimension. Element (i, j) at j * 4 + i.
std::array<int32_t, 16> transform_filter(const std::array<int32_t, 9>& f) {
  constexpr int32_t kG[4][3] = {{2, 0, 0}, {1, 1, 1}, {1, -1, 1}, {0, 0, 2}};
  std::array<int32_t, 16> made{};
  for (size_t i = 0; i < 4; ++i) {
    for (size_t j = 0; j < 4; ++j) {
      for (size_t a = 0; a < 3; ++a) {
        for (size_t b = 0; b < 3; ++b) made[j * 4 + i] += kG[i][a] * kG[j][b] * f[a * 3 + b];
      }
    }
  }
  return made;
}

/// The layout of winograd_3x3.h.
std::vector<int16_t> transform_weights(const WeightsInt8& from, size_t out_c, size_t in_c) {
  std::vector<int16_t> packed(16 * out_c * in_c);
  for (size_t o = 0; o < out_c; ++o) {
    for (size_t c = 0; c < in_c; ++c) {
      std::array<int32_t, 9> filter{};
      for (size_t k = 0; k < 9; ++k) filter[k] = from.weights[(o * 9 + k) * in_c + c];
      const auto made = transform_filter(filter);
      // Channels k and k + 2 of each four share a word, k + 1 and k + 3 the next.
      const size_t pair = c / 4 * 2 + c % 2, half = c % 4 / 2;
      for (size_t e = 0; e < 16; ++e) {
        packed[(((o / 4 * 16 + e) * (in_c / 2) + pair) * 4 + o % 4) * 2 + half] =
            static_cast<int16_t>(made[e]);
      }
    }
  }
  return packed;
}

}  // namespace

std::vector<bool> choose_winograd(const ir::Graph& graph, const Target& target) {
  std::vector<bool> chosen(graph.nodes.size(), false);
  if (target.flash_limit_bytes <= 0) return chosen;
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!applies(graph, graph.nodes[i])) continue;
    const ir::Shape& weights = graph.input_of(graph.nodes[i], 1).shape;
    const double saved = kDirectCost - winograd_cost(weights[3], weights[0]);
    const auto macs = static_cast<double>(ir::multiply_accumulates(graph, graph.nodes[i]));
    if (saved > 0) candidates.push_back({i, saved * macs, int64_t{23} * weights[0] * weights[3]});
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.instructions * static_cast<double>(b.bytes) > b.instructions * static_cast<double>(a.bytes);
  });
  int64_t left = target.flash_limit_bytes - plain_bytes(graph);
  for (const Candidate& candidate : candidates) {
    if (candidate.bytes > left) continue;
    chosen[candidate.node] = true;
    left -= candidate.bytes;
  }
  return chosen;
}

LoweredNode dsp_winograd_3x3(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                             const WeightsInt8& from) {
  const auto index = static_cast<size_t>(&view.node - view.graph.nodes.data());
  const std::vector<bool> chosen = choose_winograd(view.graph, view.target);
  if (index >= chosen.size() || !chosen[index]) return {};
  const FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), 0);
  const ClampInt8 clamp = clamp_int8(activation, view.scale(view.out()), view.zero(view.out()));
  if (!requantises(from, folded, 0) || clamp.low != -128 || clamp.high != 127) return {};
  kernels::DspWinograd3x3Int8Params params{};
  params.window = window;
  params.in_zero = view.zero(view.in());
  params.relu = view.zero(view.out()) == -128 ? 1 : 0;
  if (!params.relu && !shifts_right(from)) return {};
  std::vector<int32_t> channels;
  for (size_t o = 0; o < from.bias.size(); ++o) {
    const int32_t right = -from.shift[o];
    channels.insert(channels.end(),
                    {4 * folded.bias[o], from.multiplier[o],
                     kernels::dsp::requantise_offset<2>(right, view.zero(view.out())), 1 + right});
  }
  Constants constants;
  params.weights = constants.keep(
      transform_weights(from, static_cast<size_t>(window.out_c), static_cast<size_t>(window.in_c)));
  params.channels = constants.keep(std::move(channels));
  LoweredNode lowered{make_call(TADPOLE_KERNEL("cortex_m_dsp/winograd_3x3.h", DspWinograd3x3Int8Params,
                                               dsp_winograd_3x3_int8),
                                params, constants),
                      {view.node.inputs[0]},
                      kernels::dsp_winograd_3x3_scratch_bytes(window)};
  if (window.batches == 1) lowered.overlaps.push_back({0, overlap_distance_by_row(window)});
  return lowered;
}

}  // namespace tadpole::plan
