// Int8 layers with weights to the kernels of the Arm DSP extension, where their conditions hold.
#include <algorithm>
#include <cstdlib>

#include "device/kernels/cortex_m_dsp/conv_2d.h"
#include "device/kernels/cortex_m_dsp/depthwise_3x3.h"
#include "device/kernels/cortex_m_dsp/requantise.h"
#include "plan/lower.h"
#include "plan/scaling.h"

namespace tadpole::plan {

namespace {

size_t weight_index(size_t o, size_t k, size_t channels, size_t taps, int axis) {
  return axis == 0 ? o * taps + k : k * channels + o;
}

/// What all these kernels ask of every output channel: the requantisation of requantise.h, proved for these
/// bounds.
bool requantises(const WeightsInt8& from, const FoldedInt8& folded, int axis) {
  const size_t channels = from.bias.size(), taps = from.weights.size() / channels;
  for (size_t o = 0; o < channels; ++o) {
    if (from.shift[o] > 0 || -from.shift[o] > kernels::dsp::kMaxRightShift) return false;
    int64_t least = folded.bias[o], most = folded.bias[o];
    for (size_t k = 0; k < taps; ++k) {
      const int64_t weight = from.weights[weight_index(o, k, channels, taps, axis)];
      least += std::min(weight * 127, weight * -128);
      most += std::max(weight * 127, weight * -128);
    }
    if (std::max(std::abs(least), std::abs(most)) > kernels::dsp::kMaxAccumulator) return false;
  }
  return folded.fits;
}

/// Multiplier, offset and shift of channel o.
void append_requantisation(const NodeView& view, const WeightsInt8& from, size_t o,
                           std::vector<int32_t>& to) {
  const int32_t right = -from.shift[o];
  to.push_back(from.multiplier[o]);
  to.push_back(kernels::dsp::requantise_offset(right, view.zero(view.out())));
  to.push_back(7 + right);
}

template <class Params>
void fill_clamp(const NodeView& view, ir::Activation activation, Params& params) {
  const ClampInt8 clamp = clamp_int8(activation, view.scale(view.out()), view.zero(view.out()));
  params.clamp_min = clamp.low;
  params.clamp_max = clamp.high;
  params.relu = clamp.low == -128 && clamp.high == 127 && view.zero(view.out()) == -128 ? 1 : 0;
}

struct PairedWeights {
  std::vector<int16_t> lanes;
  std::vector<int32_t> pairs;
  bool fits = true;
};

/// Two channels a lane, in the order that SXTB16 leaves the activations in; see conv_2d.h.
PairedWeights pair_up(const NodeView& view, const WeightsInt8& from, const FoldedInt8& folded, int axis) {
  const size_t channels = from.bias.size(), taps = from.weights.size() / channels;
  const auto weight = [&](size_t o, size_t k) -> int32_t {
    if (o >= channels || k >= taps) return 0;
    return from.weights[weight_index(o, k, channels, taps, axis)];
  };
  PairedWeights paired;
  for (size_t o = 0; o < channels; o += 2) {
    for (size_t k = 0; k < taps; k += 4) {
      for (const size_t at : {k, k + 2, k + 1, k + 3}) {
        const int32_t lane = 256 * weight(o, at) + weight(o + 1, at);
        paired.fits = paired.fits && lane >= INT16_MIN && lane <= INT16_MAX;
        paired.lanes.push_back(static_cast<int16_t>(lane));
      }
    }
    const bool has_second = o + 1 < channels;
    const auto bias_b = static_cast<uint32_t>(has_second ? folded.bias[o + 1] : 0);
    paired.pairs.push_back(static_cast<int32_t>(256u * static_cast<uint32_t>(folded.bias[o]) + bias_b));
    paired.pairs.push_back(static_cast<int32_t>(bias_b));
    append_requantisation(view, from, o, paired.pairs);
    append_requantisation(view, from, has_second ? o + 1 : o, paired.pairs);
  }
  return paired;
}

LoweredNode conv(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                 const WeightsInt8& from, int axis) {
  const FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), axis);
  if (!requantises(from, folded, axis)) return {};
  PairedWeights paired = pair_up(view, from, folded, axis);
  if (!paired.fits) return {};
  Constants constants;
  kernels::DspConv2dInt8Params params{};
  params.window = window;
  params.in_zero = view.zero(view.in());
  fill_clamp(view, activation, params);
  params.weights = constants.keep(std::move(paired.lanes));
  params.pairs = constants.keep(std::move(paired.pairs));
  const int64_t taps = (int64_t{window.filter_h} * window.filter_w * window.in_c + 3) / 4 * 4;
  LoweredNode lowered{
      make_call(TADPOLE_KERNEL("cortex_m_dsp/conv_2d.h", DspConv2dInt8Params, dsp_conv_2d_int8), params,
                constants),
      {view.node.inputs[0]},
      (window.in_c % 4 == 0 ? 6 : 7) * taps};
  if (window.batches == 1) lowered.overlaps.push_back({0, overlap_distance_by_pixel(window)});
  return lowered;
}

bool is_plain_3x3(const kernels::Window2d& w) {
  return w.batches == 1 && w.filter_h == 3 && w.filter_w == 3 && w.dilation_h == 1 && w.dilation_w == 1 &&
         w.stride_h == w.stride_w && w.stride_h <= 2 && w.pad_top <= 1 && w.pad_left <= 1 &&
         w.in_c == w.out_c && w.in_c % 4 == 0;
}

}  // namespace

LoweredNode dsp_conv_2d(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                        const WeightsInt8& from) {
  return conv(view, window, activation, from, 0);
}

LoweredNode dsp_depthwise_conv_2d(const NodeView& view, const kernels::Window2d& window,
                                  ir::Activation activation, const WeightsInt8& from) {
  if (window.in_c == 1) return conv(view, window, activation, from, 3);
  const FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), 3);
  if (!is_plain_3x3(window) || !requantises(from, folded, 3)) return {};
  Constants constants;
  kernels::DspDepthwise3x3Int8Params params{};
  params.window = window;
  params.in_zero = view.zero(view.in());
  fill_clamp(view, activation, params);
  std::vector<int8_t> weights;
  std::vector<int32_t> channels;
  const size_t count = from.bias.size();
  for (size_t o = 0; o < count; ++o) {
    for (size_t k = 0; k < 9; ++k) weights.push_back(from.weights[weight_index(o, k, count, 9, 3)]);
    channels.push_back(folded.bias[o] * 256);
    append_requantisation(view, from, o, channels);
  }
  params.weights = constants.keep(std::move(weights));
  params.channels = constants.keep(std::move(channels));
  LoweredNode lowered{make_call(TADPOLE_KERNEL("cortex_m_dsp/depthwise_3x3.h", DspDepthwise3x3Int8Params,
                                               dsp_depthwise_3x3_int8),
                                params, constants),
                      {view.node.inputs[0]},
                      kernels::dsp_depthwise_scratch_bytes(window.out_w, window.stride_w)};
  if (view.in().shape == view.out().shape) lowered.overlaps.push_back({0, 0, true});
  return lowered;
}

LoweredNode dsp_fully_connected(const NodeView& view, int32_t rows, int32_t in_c, int32_t out_c,
                                ir::Activation activation, const WeightsInt8& from) {
  const FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), 0);
  if (in_c % 4 != 0 || out_c % 4 != 0 || !requantises(from, folded, 0)) return {};
  PairedWeights paired = pair_up(view, from, folded, 0);
  if (!paired.fits) return {};
  Constants constants;
  kernels::DspFullyConnectedInt8Params params{};
  params.rows = rows;
  params.in_c = in_c;
  params.out_c = out_c;
  fill_clamp(view, activation, params);
  params.weights = constants.keep(std::move(paired.lanes));
  params.pairs = constants.keep(std::move(paired.pairs));
  return {make_call(
              TADPOLE_KERNEL("cortex_m_dsp/conv_2d.h", DspFullyConnectedInt8Params, dsp_fully_connected_int8),
              params, constants),
          {view.node.inputs[0]}};
}

}  // namespace tadpole::plan
