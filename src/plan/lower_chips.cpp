// Packing for the kernels that are told apart by the order of their weights alone.
#include "plan/lower_chips.h"

#include <algorithm>
#include <cstdlib>

#include "device/kernels/cortex_m0/weighted_int8.h"
#include "device/kernels/cortex_m_helium/vector.h"
#include "device/kernels/cortex_m_helium/weighted_int8.h"
#include "device/kernels/rv32/weighted_int8.h"
#include "plan/scaling.h"

namespace tadpole::plan {

namespace {

/// Channels and taps of a layer, whatever the layout of its weights.
struct Taps {
  const WeightsInt8& from;
  int axis;
  size_t channels = from.bias.size(), count = from.weights.size() / channels;

  /// 0 for channels and taps that only fill up.
  int8_t at(size_t channel, size_t tap) const {
    if (channel >= channels || tap >= count) return 0;
    return from.weights[axis == 0 ? channel * count + tap : tap * channels + channel];
  }
};

size_t rounded_up(size_t value, size_t to) { return (value + to - 1) / to * to; }

template <class T, class Numbers>
std::vector<T> filled_up(const Numbers& values, size_t count) {
  std::vector<T> to(values.begin(), values.end());
  to.resize(count, 0);
  return to;
}

bool shifts_right(const WeightsInt8& from) {
  return std::all_of(from.shift.begin(), from.shift.end(), [](int32_t shift) { return shift <= 0; });
}

/// Whether every accumulator stays below 2^bits.
bool stays_below(const Taps& taps, const FoldedInt8& folded, int bits) {
  for (size_t o = 0; o < taps.channels; ++o) {
    int64_t most = std::abs(int64_t{folded.bias[o]});
    for (size_t k = 0; k < taps.count; ++k) most += 128 * std::abs(int64_t{taps.at(o, k)});
    if (most >= int64_t{1} << bits) return false;
  }
  return true;
}

/// Everything but the shape and the weights.
template <class Shift, class Params>
void fill(const NodeView& view, ir::Activation activation, const WeightsInt8& from, const FoldedInt8& folded,
          size_t channels, Params& params, Constants& constants) {
  const ClampInt8 clamp = clamp_int8(activation, view.scale(view.out()), view.zero(view.out()));
  params.in_zero = view.zero(view.in());
  params.out_zero = view.zero(view.out());
  params.clamp_min = clamp.low;
  params.clamp_max = clamp.high;
  params.bias = constants.keep(filled_up<int32_t>(folded.bias, channels));
  params.multiplier = constants.keep(filled_up<int32_t>(from.multiplier, channels));
  params.shift = constants.keep(filled_up<Shift>(from.shift, channels));
}

template <class Params, class... Operands>
LoweredNode by_pixel(const NodeView& view, const KernelName& name,
                     void (*kernel)(const Params&, Operands*...), const Params& params, Constants constants,
                     int64_t scratch) {
  LoweredNode lowered{make_call(name, kernel, params, std::move(constants)), {view.node.inputs[0]}, scratch};
  if (params.window.batches == 1) lowered.overlaps.push_back({0, overlap_distance_by_pixel(params.window)});
  return lowered;
}

template <class Params, class... Operands>
LoweredNode by_row(const NodeView& view, const KernelName& name, void (*kernel)(const Params&, Operands*...),
                   const Params& params, Constants constants) {
  LoweredNode lowered{make_call(name, kernel, params, std::move(constants)),
                      {view.node.inputs[0]},
                      kernels::window_rows_bytes(params.window)};
  if (params.window.batches == 1) lowered.overlaps.push_back({0, overlap_distance_by_row(params.window)});
  return lowered;
}

LoweredNode scalar_conv(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                        const Taps& taps, const FoldedInt8& folded) {
  const bool is_thumb = view.wants("cortex_m0");
  const size_t group = is_thumb ? 2 : 4, channels = rounded_up(taps.channels, group);
  std::vector<int8_t> weights;
  for (size_t o = 0; o < channels; o += group) {
    for (size_t i = 0; i < group * taps.count; ++i) {
      const size_t channel = is_thumb ? i / taps.count : i % group,
                   tap = is_thumb ? i % taps.count : i / group;
      weights.push_back(taps.at(o + channel, tap));
    }
  }
  Constants constants;
  kernels::InterleavedConv2dInt8Params params{};
  params.window = window;
  params.group = static_cast<int32_t>(group);
  params.weights = constants.keep(std::move(weights));
  fill<int8_t>(view, activation, taps.from, folded, channels, params, constants);
  const auto scratch = static_cast<int64_t>(taps.count);
  if (is_thumb) {
    return by_pixel(
        view,
        TADPOLE_KERNEL("cortex_m0/weighted_int8.h", InterleavedConv2dInt8Params, cortex_m0_conv_2d_int8),
        params, std::move(constants), scratch);
  }
  return by_pixel(view,
                  TADPOLE_KERNEL("rv32/weighted_int8.h", InterleavedConv2dInt8Params, rv32_conv_2d_int8),
                  params, std::move(constants), scratch);
}

LoweredNode helium_conv(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                        const Taps& taps, const FoldedInt8& folded) {
  constexpr size_t kGroup = kernels::helium::kGroup, kLanes = kernels::helium::kLanes;
  const size_t channels = rounded_up(taps.channels, kGroup), padded = rounded_up(taps.count, kLanes);
  std::vector<int8_t> weights;
  for (size_t o = 0; o < channels; o += kGroup) {
    for (size_t k = 0; k < padded; k += kLanes) {
      for (size_t c = 0; c < kGroup; ++c) {
        for (size_t lane = 0; lane < kLanes; ++lane) weights.push_back(taps.at(o + c, k + lane));
      }
    }
  }
  Constants constants;
  kernels::HeliumConv2dInt8Params params{};
  params.window = window;
  params.weights = constants.keep(std::move(weights));
  fill<int32_t>(view, activation, taps.from, folded, channels, params, constants);
  return by_pixel(
      view, TADPOLE_KERNEL("cortex_m_helium/weighted_int8.h", HeliumConv2dInt8Params, helium_conv_2d_int8),
      params, std::move(constants), kernels::helium_conv_scratch_bytes(window));
}

/// The constants of whole vectors of channels where the depthwise kernel wants them.
std::pair<WeightsInt8, FoldedInt8> in_depthwise_order(const WeightsInt8& from, const FoldedInt8& folded) {
  constexpr size_t kLanes = kernels::helium::kLanes;
  std::pair<WeightsInt8, FoldedInt8> ordered(from, folded);
  for (size_t block = 0; block + kLanes <= from.bias.size(); block += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const auto place =
          block + static_cast<size_t>(kernels::helium::depthwise_place(static_cast<int32_t>(lane)));
      ordered.first.multiplier[place] = from.multiplier[block + lane];
      ordered.first.shift[place] = from.shift[block + lane];
      ordered.second.bias[place] = folded.bias[block + lane];
    }
  }
  return ordered;
}

LoweredNode conv(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                 const WeightsInt8& from, int axis) {
  const bool is_helium = view.wants("cortex_m_helium");
  if (!is_helium && !view.wants("cortex_m0") && !view.wants("rv32")) return {};
  const FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), axis);
  const Taps taps{from, axis};
  if (!folded.fits || !shifts_right(from)) return {};
  if (is_helium) return helium_conv(view, window, activation, taps, folded);
  if (!stays_below(taps, folded, kernels::kMaxAccumulatorBits)) return {};
  return scalar_conv(view, window, activation, taps, folded);
}

}  // namespace

LoweredNode chip_conv_2d(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                         const WeightsInt8& from) {
  return conv(view, window, activation, from, 0);
}

LoweredNode chip_fully_connected(const NodeView& view, int32_t rows, int32_t in_c, int32_t out_c,
                                 ir::Activation activation, const WeightsInt8& from) {
  // Rows of a map that is one pixel wide.
  return conv(view, {1, rows, 1, in_c, rows, 1, out_c, 1, 1, 1, 1, 1, 1, 0, 0}, activation, from, 0);
}

LoweredNode chip_depthwise_conv_2d(const NodeView& view, const kernels::Window2d& window,
                                   ir::Activation activation, const WeightsInt8& from) {
  const bool is_helium = view.wants("cortex_m_helium");
  if (!is_helium && !view.wants("cortex_m0") && !view.wants("rv32")) return {};
  // Every output channel reads the one input channel: that is a convolution.
  if (window.in_c == 1) return conv(view, window, activation, from, 3);
  const FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), 3);
  const Taps taps{from, 3};
  if (window.in_c != window.out_c || taps.count > 64 || !folded.fits || !shifts_right(from)) return {};
  Constants constants;
  if (is_helium) {
    if (std::count(from.weights.begin(), from.weights.end(), int8_t{-128}) > 0) return {};
    kernels::HeliumDepthwiseInt8Params params{};
    params.window = window;
    params.weights = constants.keep(std::vector<int8_t>(from.weights.begin(), from.weights.end()));
    const auto [ordered, ordered_folded] = in_depthwise_order(from, folded);
    fill<int32_t>(view, activation, ordered, ordered_folded, rounded_up(taps.channels, 4), params, constants);
    return by_row(view,
                  TADPOLE_KERNEL("cortex_m_helium/weighted_int8.h", HeliumDepthwiseInt8Params,
                                 helium_depthwise_conv_2d_int8),
                  params, std::move(constants));
  }
  if (!stays_below(taps, folded, kernels::kMaxAccumulatorBits)) return {};
  kernels::InterleavedDepthwiseInt8Params params{};
  params.window = window;
  params.weights = constants.keep(std::vector<int8_t>(from.weights.begin(), from.weights.end()));
  fill<int8_t>(view, activation, from, folded, taps.channels, params, constants);
  if (view.wants("cortex_m0")) {
    return by_row(view,
                  TADPOLE_KERNEL("cortex_m0/weighted_int8.h", InterleavedDepthwiseInt8Params,
                                 cortex_m0_depthwise_conv_2d_int8),
                  params, std::move(constants));
  }
  return by_row(
      view,
      TADPOLE_KERNEL("rv32/weighted_int8.h", InterleavedDepthwiseInt8Params, rv32_depthwise_conv_2d_int8),
      params, std::move(constants));
}

}  // namespace tadpole::plan
