// Inside the room: what all kernels of the Arm DSP extension ask of a layer, and how its requantisation is
// packed.
#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "device/kernels/cortex_m_dsp/requantise.h"
#include "plan/lower.h"
#include "plan/scaling.h"

namespace tadpole::plan {

inline size_t weight_index(size_t o, size_t k, size_t channels, size_t taps, int axis) {
  return axis == 0 ? o * taps + k : k * channels + o;
}

/// What all these kernels ask of every output channel: the requantisation of requantise.h, proved for these
/// bounds.
inline bool requantises(const WeightsInt8& from, const FoldedInt8& folded, int axis) {
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

/// What they ask beside that without ReLU.
inline bool shifts_right(const WeightsInt8& from) {
  return std::all_of(from.shift.begin(), from.shift.end(),
                     [](int32_t shift) { return shift < 0 && -shift <= kernels::dsp::kMaxRightShift; });
}

/// Multiplier, offset and shift of channel o.
inline void append_requantisation(const NodeView& view, const WeightsInt8& from, size_t o,
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

/// A convolution by the kernels of conv_2d.h; `axis` is that of the output channels in the weights.
LoweredNode dsp_conv_along(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                           const WeightsInt8& from, int axis);

/// Weights of 16 bits: lanes of single channels, or a 3x3 filter transformed for Winograd's algorithm.
enum class LargeWeights { none, single, winograd };

/// What each node of a graph gets: those that save the most instructions a byte get more, as long as all
/// constants stay below target.flash_limit_bytes or, without a limit, the packed weights below 1.1 times the
/// int8 ones. Cost: O(constants).
std::vector<LargeWeights> choose_large_weights(const ir::Graph& graph, const Target& target);
LargeWeights large_weights(const NodeView& view);

/// Whether convolutions of single lanes (three_pixels.h) take this right shift.
bool fits_single(int32_t right_shift);

/// A convolution for which Winograd's algorithm was chosen.
LoweredNode dsp_winograd_3x3(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                             const WeightsInt8& from);

}  // namespace tadpole::plan
