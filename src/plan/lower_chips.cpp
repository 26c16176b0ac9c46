// Packing for the kernels that are told apart by the order of their weights alone.
#include "plan/lower_chips.h"

#include <algorithm>
#include <cstdlib>

#include "device/kernels/cortex_m0/weighted_int8.h"
#include "device/kernels/cortex_m_helium/depthwise_pixels.h"
#include "device/kernels/cortex_m_helium/dot_products.h"
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

/// What all layers for Helium share.
template <class Params>
void fill_helium(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                 std::vector<int8_t> weights, std::vector<int32_t> constants, Params& params,
                 Constants& kept) {
  const ClampInt8 clamp = clamp_int8(activation, view.scale(view.out()), view.zero(view.out()));
  params.window = window;
  params.in_zero = view.zero(view.in());
  params.out_zero = view.zero(view.out());
  params.clamp_min = clamp.low;
  params.clamp_max = clamp.high;
  params.weights = kept.keep(std::move(weights));
  params.constants = kept.keep(std::move(constants));
}

/// Biases, multipliers and shifts of `lanes` channels, in the order of `channel_of(place)`; 0 for none.
template <class ChannelOf>
void append_constants(std::vector<int32_t>& to, const WeightsInt8& from, const FoldedInt8& folded,
                      size_t lanes, ChannelOf channel_of) {
  for (const std::vector<int32_t>* numbers : {&folded.bias, &from.multiplier, &from.shift}) {
    for (size_t place = 0; place < lanes; ++place) {
      const size_t channel = channel_of(place);
      to.push_back(channel < numbers->size() ? (*numbers)[channel] : 0);
    }
  }
}

LoweredNode helium_conv(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                        const Taps& taps, const FoldedInt8& folded) {
  constexpr size_t kGroup = kernels::helium::kGroup, kLanes = kernels::helium::kLanes;
  const size_t padded = rounded_up(taps.count, kLanes);
  std::vector<int8_t> weights;
  std::vector<int32_t> constants;
  for (size_t o = 0; o < taps.channels; o += kGroup) {
    for (int32_t half = 0; half < 2; ++half) {
      for (size_t k = 0; k < padded * 2; ++k) {
        const auto place = 2 * half + static_cast<int32_t>(k / kLanes % 2);
        weights.push_back(taps.at(o + static_cast<size_t>(kernels::helium::channel_at(place)),
                                  k / (2 * kLanes) * kLanes + k % kLanes));
      }
    }
    append_constants(constants, taps.from, folded, kGroup, [o](size_t place) { return o + place; });
  }
  Constants kept;
  kernels::HeliumConv2dInt8Params params{};
  fill_helium(view, window, activation, std::move(weights), std::move(constants), params, kept);
  return by_pixel(
      view, TADPOLE_KERNEL("cortex_m_helium/weighted_int8.h", HeliumConv2dInt8Params, helium_conv_2d_int8),
      params, std::move(kept), kernels::helium_conv_scratch_bytes(window));
}

LoweredNode helium_depthwise(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                             const Taps& taps, const FoldedInt8& folded) {
  constexpr size_t kLanes = kernels::helium::kLanes;
  // Pixels that share a vector repeat the channels; otherwise what is behind the last is no channel.
  const bool repeat = kernels::helium_depthwise_pixels(window) > 1;
  const auto channel = [&](size_t lane) { return repeat ? lane % taps.channels : lane; };
  std::vector<int8_t> weights;
  std::vector<int32_t> constants;
  for (size_t block = 0; block < taps.channels; block += kLanes) {
    for (size_t k = 0; k < taps.count * kLanes; ++k)
      weights.push_back(taps.at(channel(block + k % kLanes), k / kLanes));
    // The inverse of depthwise_place is itself.
    append_constants(constants, taps.from, folded, kLanes, [&](size_t place) {
      return channel(block +
                     static_cast<size_t>(kernels::helium::depthwise_place(static_cast<int32_t>(place))));
    });
  }
  Constants kept;
  kernels::HeliumDepthwiseInt8Params params{};
  fill_helium(view, window, activation, std::move(weights), std::move(constants), params, kept);
  LoweredNode lowered{make_call(TADPOLE_KERNEL("cortex_m_helium/weighted_int8.h", HeliumDepthwiseInt8Params,
                                               helium_depthwise_conv_2d_int8),
                                params, std::move(kept)),
                      {view.node.inputs[0]},
                      kernels::helium_depthwise_scratch_bytes(window)};
  if (window.batches == 1) lowered.overlaps.push_back({0, overlap_distance_by_row(window)});
  return lowered;
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
  if (is_helium) {
    if (std::count(from.weights.begin(), from.weights.end(), int8_t{-128}) > 0) return {};
    return helium_depthwise(view, window, activation, taps, folded);
  }
  if (!stays_below(taps, folded, kernels::kMaxAccumulatorBits)) return {};
  Constants constants;
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
