// 3x3 convolutions to Winograd's algorithm, where larger weights are allowed.
#include "device/kernels/cortex_m_dsp/winograd_3x3.h"
#include "plan/lower_cortex_m_dsp.h"

namespace tadpole::plan {

namespace {

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

LoweredNode dsp_winograd_3x3(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                             const WeightsInt8& from) {
  if (large_weights(view) != LargeWeights::winograd) return {};
  const FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), 0);
  const ClampInt8 clamp = clamp_int8(activation, view.scale(view.out()), view.zero(view.out()));
  if (!requantises(from, folded, 0) || !shifts_right(from) || clamp.low != -128 || clamp.high != 127)
    return {};
  kernels::DspWinograd3x3Int8Params params{};
  params.window = window;
  params.in_zero = view.zero(view.in());
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
