// Int8 layers with weights to the portable fast kernels.
#include <algorithm>
#include <cstdlib>
#include <limits>

#include "device/kernels/generic/weighted_int8.h"
#include "plan/lower.h"
#include "plan/scaling.h"

namespace tadpole::plan {

namespace {

/// Where weight k of output channel o lies.
size_t weight_index(size_t o, size_t k, size_t channels, size_t taps, int axis) {
  return axis == 0 ? o * taps + k : k * channels + o;
}

std::vector<int8_t> channel_major(const WeightsInt8& from, int axis) {
  const size_t channels = from.bias.size(), taps = from.weights.size() / channels;
  std::vector<int8_t> packed(from.weights.size());
  for (size_t o = 0; o < channels; ++o) {
    for (size_t k = 0; k < taps; ++k) {
      packed[o * taps + k] = from.weights[weight_index(o, k, channels, taps, axis)];
    }
  }
  return packed;
}

/// Fills everything but the shape and the weights.
template <class Params>
void fill(const NodeView& view, ir::Activation activation, const WeightsInt8& from, FoldedInt8 folded,
          Params& params, Constants& constants) {
  const ClampInt8 clamp = clamp_int8(activation, view.scale(view.out()), view.zero(view.out()));
  params.out_zero = view.zero(view.out());
  params.clamp_min = clamp.low;
  params.clamp_max = clamp.high;
  params.bias = constants.keep(std::move(folded.bias));
  params.multiplier = constants.keep(from.multiplier);
  params.shift = constants.keep(std::vector<int8_t>(from.shift.begin(), from.shift.end()));
}

LoweredNode conv(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                 const WeightsInt8& from, int axis) {
  FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), axis);
  if (!folded.fits) return {};
  Constants constants;
  kernels::GenericConv2dInt8Params params{};
  params.window = window;
  params.in_zero = view.zero(view.in());
  params.weights = constants.keep(channel_major(from, axis));
  fill(view, activation, from, std::move(folded), params, constants);
  const int64_t scratch = int64_t{2} * window.filter_h * window.filter_w * window.in_c;
  LoweredNode lowered{
      make_call(TADPOLE_KERNEL("generic/weighted_int8.h", GenericConv2dInt8Params, generic_conv_2d_int8),
                params, constants),
      {view.node.inputs[0]},
      scratch};
  if (window.batches == 1) lowered.overlaps.push_back({0, overlap_distance_by_pixel(window)});
  return lowered;
}

}  // namespace

FoldedInt8 fold_input_zero(const WeightsInt8& from, int32_t in_zero, int axis) {
  const size_t channels = from.bias.size(), taps = from.weights.size() / channels;
  FoldedInt8 folded;
  folded.fits = true;
  for (size_t o = 0; o < channels; ++o) {
    int64_t sum = 0, magnitude = 0;
    for (size_t k = 0; k < taps; ++k) {
      const int64_t weight = from.weights[weight_index(o, k, channels, taps, axis)];
      sum += weight;
      magnitude += std::abs(weight);
    }
    const int64_t bias = from.bias[o] - in_zero * sum;
    folded.fits = folded.fits && std::abs(bias) + 128 * magnitude <= std::numeric_limits<int32_t>::max();
    folded.bias.push_back(static_cast<int32_t>(bias));
  }
  return folded;
}

int64_t overlap_distance_by_pixel(const kernels::Window2d& w) {
  // Bytes of the input before this are not read once the windows from (y, x) on are all that is left.
  const auto first_needed = [&](int64_t y, int64_t x) {
    const int64_t row = std::max<int64_t>(0, y * w.stride_h - w.pad_top);
    const int64_t column = std::max<int64_t>(0, x * w.stride_w - w.pad_left);
    return (row * w.in_w + column) * w.in_c;
  };
  int64_t distance = -int64_t{w.in_h} * w.in_w * w.in_c;
  for (int64_t y = 0; y < w.out_h; ++y) {
    for (int64_t x = 0; x < w.out_w; ++x) {
      const int64_t written = (y * w.out_w + x + 1) * w.out_c;
      if (x + 1 < w.out_w) distance = std::max(distance, written - first_needed(y, x + 1));
      if (y + 1 < w.out_h) distance = std::max(distance, written - first_needed(y + 1, 0));
    }
  }
  return distance;
}

int64_t overlap_distance_by_row(const kernels::Window2d& w) {
  const int64_t in_row = int64_t{w.in_w} * w.in_c, out_row = int64_t{w.out_w} * w.out_c;
  const int64_t rows_kept = int64_t{w.filter_h - 1} * w.dilation_h + 1;
  int64_t distance = -w.in_h * in_row;
  for (int64_t y = 0; y + 1 < w.out_h; ++y) {
    const int64_t rows_read = std::min<int64_t>(w.in_h, y * w.stride_h - w.pad_top + rows_kept);
    if (rows_read < w.in_h) distance = std::max(distance, (y + 1) * out_row - rows_read * in_row);
  }
  return distance;
}

LoweredNode generic_conv_2d(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                            const WeightsInt8& from) {
  return conv(view, window, activation, from, 0);
}

LoweredNode generic_depthwise_conv_2d(const NodeView& view, const kernels::Window2d& window,
                                      ir::Activation activation, const WeightsInt8& from) {
  // Every output channel reads the one input channel: that is a convolution.
  if (window.in_c == 1) return conv(view, window, activation, from, 3);
  const int taps = window.filter_h * window.filter_w;
  FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), 3);
  if (window.in_c != window.out_c || taps > kernels::kGenericDepthwiseMaxTaps || !folded.fits) return {};
  Constants constants;
  kernels::GenericDepthwiseConv2dInt8Params params{};
  params.window = window;
  params.in_zero = view.zero(view.in());
  params.weights = constants.keep(std::vector<int8_t>(from.weights.begin(), from.weights.end()));
  fill(view, activation, from, std::move(folded), params, constants);
  const int64_t rows_kept = int64_t{window.filter_h - 1} * window.dilation_h + 1;
  LoweredNode lowered{make_call(TADPOLE_KERNEL("generic/weighted_int8.h", GenericDepthwiseConv2dInt8Params,
                                               generic_depthwise_conv_2d_int8),
                                params, constants),
                      {view.node.inputs[0]},
                      rows_kept * window.in_w * window.in_c + window.in_c};
  if (window.batches == 1) lowered.overlaps.push_back({0, overlap_distance_by_row(window)});
  return lowered;
}

LoweredNode generic_fully_connected(const NodeView& view, int32_t rows, int32_t in_c, int32_t out_c,
                                    ir::Activation activation, const WeightsInt8& from) {
  FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), 0);
  if (!folded.fits) return {};
  Constants constants;
  kernels::GenericFullyConnectedInt8Params params{};
  params.rows = rows;
  params.in_c = in_c;
  params.out_c = out_c;
  params.weights = constants.keep(std::vector<int8_t>(from.weights.begin(), from.weights.end()));
  fill(view, activation, from, std::move(folded), params, constants);
  return {make_call(TADPOLE_KERNEL("generic/weighted_int8.h", GenericFullyConnectedInt8Params,
                                   generic_fully_connected_int8),
                    params, constants),
          {view.node.inputs[0]}};
}

}  // namespace tadpole::plan
