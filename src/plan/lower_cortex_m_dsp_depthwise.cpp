// Int8 depthwise convolutions to the kernels of the Arm DSP extension, where their conditions hold.
#include "device/kernels/cortex_m_dsp/depthwise_3x3.h"
#include "plan/lower_cortex_m_dsp.h"

namespace tadpole::plan {

namespace {

bool is_plain_3x3(const kernels::Window2d& w) {
  return w.batches == 1 && w.filter_h == 3 && w.filter_w == 3 && w.dilation_h == 1 && w.dilation_w == 1 &&
         w.stride_h == w.stride_w && w.stride_h <= 2 && w.pad_top <= 1 && w.pad_left <= 1 &&
         w.in_c == w.out_c && w.in_c % 4 == 0;
}

}  // namespace

LoweredNode dsp_depthwise_conv_2d(const NodeView& view, const kernels::Window2d& window,
                                  ir::Activation activation, const WeightsInt8& from) {
  if (window.in_c == 1) return dsp_conv_along(view, window, activation, from, 3);
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

}  // namespace tadpole::plan
