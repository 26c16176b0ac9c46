// Int8 convolutions and dense layers to the kernels of the Arm DSP extension, where their conditions hold.
#include "plan/lower_cortex_m_dsp.h"

#include "device/kernels/cortex_m_dsp/conv_2d.h"

namespace tadpole::plan {

namespace {

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

}  // namespace

LoweredNode dsp_conv_along(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
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

LoweredNode dsp_conv_2d(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                        const WeightsInt8& from) {
  return dsp_conv_along(view, window, activation, from, 0);
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
