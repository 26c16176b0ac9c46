// Inside the folder: which stored values each channel of an int8 activation can take, whatever the input.
#pragma once

#include <optional>
#include <vector>

#include "plan/rewrite/graph_edit.h"

namespace tadpole::plan::rewriting {

/// Every value of the channel, at every position, lies in [low, high].
struct Range {
  int32_t low = -128, high = 127;
  bool is_constant() const { return low == high; }
};
using Ranges = std::vector<Range>;  ///< one for each channel (last dimension)

/// For each tensor: the ranges of its channels; empty where the tensor is not int8 with one scale.
/// Interval arithmetic through layers with weights (each distinct position at a padded border by itself, so
/// that a constant input gives exact results); other operators are run on their least and greatest inputs.
/// Cost: O(weights + activations).
std::vector<Ranges> find_channel_ranges(const ir::Graph& graph);

/// Whether every value of the tensor is known.
bool is_known(const Ranges& ranges);

/// A layer with weights as rows of weights: one for each output channel, made of taps; each tap reads one
/// position of the window and one input channel.
struct Filters {
  int outputs = 0, positions = 0, inputs = 0;  ///< positions: filter_h * filter_w; inputs: channels read by
                                               ///< one output at one position
  bool depthwise = false;
  std::vector<int8_t> weights;                   ///< [outputs][positions][inputs]
  std::vector<int32_t> bias, multiplier, shift;  ///< of outputs
  int32_t in_zero = 0, out_zero = 0, clamp_low = -128, clamp_high = 127;
  /// The distinct sets of positions that lie inside the map: row-major masks over positions.
  std::vector<std::vector<bool>> windows;

  int8_t weight(int output, int position, int input) const {
    return weights[(static_cast<size_t>(output) * static_cast<size_t>(positions) +
                    static_cast<size_t>(position)) *
                       static_cast<size_t>(inputs) +
                   static_cast<size_t>(input)];
  }
  /// The channel of the input tensor that tap `input` of `output` reads; `in_channels` of the tensor.
  int channel_of(int output, int input, int in_channels) const {
    return depthwise ? output / (outputs / in_channels) : input % in_channels;
  }
  /// The stored value for an accumulator.
  int32_t requantised(int output, int64_t accumulator) const;
};

/// Of an int8 conv_2d, depthwise_conv_2d or fully_connected node with constant weights; nothing for others,
/// and where the accumulator could overflow.
std::optional<Filters> read_filters(const ir::Graph& graph, const ir::Node& node);

/// The accumulators of one output channel over all positions of the map.
struct AccumulatorRange {
  int64_t low = 0, high = 0;
};
/// Whether requantisation of these does not wrap around, so that it keeps the order of accumulators.
bool keeps_order(const Filters& filters, int output, const AccumulatorRange& range);
AccumulatorRange accumulator_range(const Filters& filters, int output, const Ranges& in);

}  // namespace tadpole::plan::rewriting
