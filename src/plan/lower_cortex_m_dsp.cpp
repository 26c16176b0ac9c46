// Int8 convolutions and dense layers to the kernels of the Arm DSP extension, where their conditions hold.
#include "plan/lower_cortex_m_dsp.h"

#include <array>
#include <limits>

#include "device/kernels/cortex_m_dsp/conv_2d.h"
#include "device/kernels/cortex_m_dsp/conv_rows.h"
#include "device/kernels/cortex_m_dsp/fully_connected.h"
#include "device/kernels/cortex_m_dsp/pointwise.h"

namespace tadpole::plan {

namespace {

/// The channels of every pair of three_pixels.h: an odd number ends with two that overlap the pair before.
std::vector<size_t> firsts_of_pairs(size_t channels) {
  std::vector<size_t> firsts;
  for (size_t o = 0; o + 1 < channels; o += 2) firsts.push_back(o);
  if (channels % 2 == 1) firsts.push_back(channels == 1 ? 0 : channels - 2);
  return firsts;
}

/// The taps in the lower and the upper half of each word.
using TapOrder = std::vector<std::array<size_t, 2>>;

/// The order that SXTB16 leaves activations in.
TapOrder order_of_whole_words(size_t taps) {
  TapOrder order;
  for (size_t k = 0; k < taps; k += 4) {
    order.push_back({k, k + 2});
    order.push_back({k + 1, k + 3});
  }
  return order;
}

/// Rows of `length` taps in pairs, the last of an odd number with itself; see conv_rows.h.
TapOrder order_of_rows(size_t rows, size_t length) {
  constexpr size_t kNone = std::numeric_limits<size_t>::max();
  TapOrder order;
  for (size_t i = 0; i + 1 < rows; i += 2) {
    for (size_t k = 0; k < length; ++k) order.push_back({i * length + k, (i + 1) * length + k});
  }
  if (rows % 2 == 1) {
    const size_t begin = (rows - 1) * length, middle = (length + 1) / 2;
    for (size_t k = 0; k < middle; ++k) {
      order.push_back({begin + k, middle + k < length ? begin + middle + k : kNone});
    }
  }
  if (order.size() % 2 == 1) order.push_back({kNone, kNone});
  return order;
}

/// Biases and words of two channels A and B that share a lane; B may be none.
struct PairedLanes {
  const WeightsInt8& from;
  const FoldedInt8& folded;
  int axis;
  size_t channels, taps;
  bool fits = true;  ///< until a lane does not fit 16 bits

  int32_t weight(size_t o, size_t k) const {
    return o < channels && k < taps ? from.weights[weight_index(o, k, channels, taps, axis)] : 0;
  }
  uint32_t lane(size_t o, size_t k) {
    const int32_t both = 256 * weight(o, k) + weight(o + 1, k);
    fits = fits && both >= INT16_MIN && both <= INT16_MAX;
    return static_cast<uint32_t>(both) & 0xffffu;
  }
  int32_t word(size_t o, const std::array<size_t, 2>& at) {
    return static_cast<int32_t>(lane(o, at[0]) | lane(o, at[1]) << 16);
  }
  void append_biases(size_t o, std::vector<int32_t>& stream) const {
    const auto bias = [&](size_t i) { return static_cast<uint32_t>(i < channels ? folded.bias[i] : 0); };
    stream.push_back(static_cast<int32_t>(256u * bias(o) + bias(o + 1)));
    stream.push_back(static_cast<int32_t>(bias(o + 1)));
  }
};

PairedLanes paired_lanes(const WeightsInt8& from, const FoldedInt8& folded, int axis) {
  const size_t channels = from.bias.size();
  return {from, folded, axis, channels, from.weights.size() / channels};
}

/// The stream of three_pixels.h, or nothing when a lane does not fit 16 bits.
std::vector<int32_t> pack_stream(const NodeView& view, const WeightsInt8& from, const FoldedInt8& folded,
                                 int axis, const TapOrder& order) {
  PairedLanes lanes = paired_lanes(from, folded, axis);
  const std::vector<size_t> firsts = firsts_of_pairs(lanes.channels);
  std::vector<int32_t> stream;
  for (size_t i = 0; i < firsts.size(); ++i) {
    const size_t o = firsts[i], second = std::min(o + 1, lanes.channels - 1);
    lanes.append_biases(o, stream);
    for (const auto& at : order) stream.push_back(lanes.word(o, at));
    append_requantisation(view, from, o, stream);
    append_requantisation(view, from, second, stream);
    const size_t next = i + 1 < firsts.size() ? firsts[i + 1] : second + 1;
    stream.back() += next > second ? 256 : 0;
  }
  return lanes.fits ? stream : std::vector<int32_t>{};
}

/// The stream of two_pixels.h, or nothing when a lane does not fit 16 bits.
std::vector<int32_t> pack_quad_stream(const NodeView& view, const WeightsInt8& from, const FoldedInt8& folded,
                                      int axis, const TapOrder& order) {
  PairedLanes lanes = paired_lanes(from, folded, axis);
  std::vector<int32_t> stream;
  for (size_t o = 0; o < lanes.channels; o += 4) {
    lanes.append_biases(o, stream);
    lanes.append_biases(o + 2, stream);
    for (size_t i = 0; i < (lanes.taps + 1) / 2; ++i) {
      stream.push_back(lanes.word(o, order[i]));
      stream.push_back(lanes.word(o + 2, order[i]));
    }
    for (size_t i = o; i < o + 4; ++i) {
      append_requantisation(view, from, std::min(i, lanes.channels - 1), stream);
    }
  }
  return lanes.fits ? stream : std::vector<int32_t>{};
}

/// The same for single lanes.
std::vector<int32_t> pack_single_stream(const NodeView& view, const WeightsInt8& from,
                                        const FoldedInt8& folded, int axis, const TapOrder& order,
                                        bool relu) {
  const size_t channels = from.bias.size(), taps = from.weights.size() / channels;
  const auto bits = [&](size_t o) { return kernels::dsp::kSingleShift + 1 + from.shift[o]; };
  const auto lane = [&](size_t o, size_t k) -> uint32_t {
    if (k >= taps) return 0;
    const int32_t weight = from.weights[weight_index(o, k, channels, taps, axis)];
    return static_cast<uint32_t>(weight * (1 << bits(o))) & 0xffffu;
  };
  const std::vector<size_t> firsts = firsts_of_pairs(channels);
  std::vector<int32_t> stream;
  for (size_t i = 0; i < firsts.size(); ++i) {
    const size_t both[] = {firsts[i], std::min(firsts[i] + 1, channels - 1)};
    for (const size_t o : both) stream.push_back(folded.bias[o] * (1 << bits(o)));
    for (size_t word = 0; word < (taps + 1) / 2; ++word) {
      for (const size_t o : both) {
        stream.push_back(static_cast<int32_t>(lane(o, order[word][0]) | lane(o, order[word][1]) << 16));
      }
    }
    for (const size_t o : both) {
      const int32_t rounding = (1 << (bits(o) - 2)) + (1 << (kernels::dsp::kSingleShift - 1));
      stream.push_back(from.multiplier[o]);
      stream.push_back(rounding + view.zero(view.out()) * (1 << kernels::dsp::kSingleShift));
      if (!relu) stream.push_back(1 << (bits(o) - 1));
    }
    const size_t next = i + 1 < firsts.size() ? firsts[i + 1] : both[1] + 1;
    stream.push_back(next > both[1] ? 1 : 0);
  }
  return stream;
}

bool is_pointwise(const kernels::Window2d& w) {
  return w.filter_h == 1 && w.filter_w == 1 && w.pad_top == 0 && w.pad_left == 0 &&
         (w.out_h - 1) * w.stride_h < w.in_h && (w.out_w - 1) * w.stride_w < w.in_w;
}

/// Whether the quads of a graph load register by register: a sixteenth fewer cycles for a sixth more
/// instructions. One loop for the whole graph, as its code is large: where filters of 1x1 prevail. Larger
/// ones gather their windows, and would need more instructions than they are allowed.
bool suits_single_loads(const ir::Graph& graph) {
  int64_t all = 0, of_1x1 = 0;
  for (const ir::Node& node : graph.nodes) {
    if (node.op != ir::Op::conv_2d) continue;
    const ir::Shape& weights = graph.input_of(node, 1).shape;
    const int64_t macs = ir::multiply_accumulates(graph, node);
    all += macs;
    of_1x1 += weights[1] == 1 && weights[2] == 1 ? macs : 0;
  }
  return 2 * of_1x1 > all;
}

/// Cycles for one pixel that three by two (three_pixels.h) take more than two by four (two_pixels.h), by
/// counting their loops; docs/decisions/0005 has what was measured.
double cycles_saved_by_quads(int64_t taps, int64_t in_c, int64_t out_c, bool single_loads) {
  const auto words = static_cast<double>((taps + 1) / 2), padded = static_cast<double>((taps + 3) / 4 * 2);
  const auto pairs = static_cast<double>(out_c / 2);
  const bool whole_words = in_c % 4 == 0;
  const double quad = 86 + (single_loads ? 15 : 16) * words, pair = 69 + 12.5 * padded;
  const double widen_two = (whole_words ? 6.5 : 12) * words, widen_three = (whole_words ? 9.5 : 16) * padded;
  return (110 + pairs * pair + widen_three) / 3 - (95 + pairs / 2 * quad + widen_two) / 2;
}

/// Whether a graph's convolutions take fewer cycles two by four, as far as four divides their channels. One
/// choice for the whole graph, because of the code.
bool prefers_quads(const ir::Graph& graph, bool single_loads) {
  double saved = 0;
  for (const ir::Node& node : graph.nodes) {
    if (node.op != ir::Op::conv_2d && node.op != ir::Op::depthwise_conv_2d) continue;
    const int64_t in_c = graph.input_of(node, 0).shape[3];
    if (node.op == ir::Op::depthwise_conv_2d && in_c > 1) continue;
    const ir::Shape &weights = graph.input_of(node, 1).shape, &out = graph.output_of(node).shape;
    if (out[3] % 4 != 0) continue;
    saved += static_cast<double>(out[1] * out[2]) *
             cycles_saved_by_quads(int64_t{weights[1]} * weights[2] * in_c, in_c, out[3], single_loads);
  }
  return saved >= 0;
}

}  // namespace

LoweredNode dsp_conv_along(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                           const WeightsInt8& from, int axis) {
  const FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), axis);
  if (!requantises(from, folded, axis)) return {};
  kernels::DspConv2dInt8Params params{};
  params.window = window;
  params.in_zero = view.zero(view.in());
  fill_clamp(view, activation, params);
  if (!params.relu && !shifts_right(from)) return {};
  const bool pointwise = is_pointwise(window), whole_words = window.in_c % 4 == 0;
  const bool dilated = window.dilation_h > 1 || window.dilation_w > 1;
  if (!pointwise && !whole_words && dilated) return {};
  const auto rows = static_cast<size_t>(window.filter_h),
             length = static_cast<size_t>(window.filter_w) * static_cast<size_t>(window.in_c);
  const TapOrder order = whole_words ? order_of_whole_words(rows * length) : order_of_rows(rows, length);
  const bool single =
      (pointwise || !dilated) && large_weights(view) == LargeWeights::single &&
      std::all_of(from.shift.begin(), from.shift.end(), [](int32_t shift) { return fits_single(-shift); });
  const bool single_loads = suits_single_loads(view.graph);
  // A single pixel takes any number of channels.
  const bool quads = !single && (pointwise || !dilated) &&
                     (window.out_c % 4 == 0 || window.out_h * window.out_w == 1) &&
                     prefers_quads(view.graph, single_loads);
  params.lanes = single  ? kernels::dsp::kSingleLanes
                 : quads ? kernels::dsp::kQuadLanes
                         : kernels::dsp::kPairedLanes;
  std::vector<int32_t> stream = single ? pack_single_stream(view, from, folded, axis, order, params.relu != 0)
                                : quads ? pack_quad_stream(view, from, folded, axis, order)
                                        : pack_stream(view, from, folded, axis, order);
  if (stream.empty()) return {};
  Constants constants;
  params.weights = constants.keep(std::move(stream));
  LoweredNode lowered{nullptr, {view.node.inputs[0]}};
  int64_t distance = overlap_distance_by_pixel(window);
  const auto call = [&](const KernelName& name, auto kernel) {
    lowered.call = make_call(name, kernel, params, constants);
  };
#define TADPOLE_CONV(header, function) \
  TADPOLE_KERNEL("cortex_m_dsp/" header ".h", DspConv2dInt8Params, function)
  if (pointwise) {
    if (single) {
      call(TADPOLE_CONV("pointwise", dsp_pointwise_wide_int8));
    } else if (quads && single_loads) {
      call(TADPOLE_CONV("pointwise", dsp_pointwise_quads_int8));
    } else if (quads) {
      call(TADPOLE_CONV("pointwise", dsp_pointwise_quads_ldrd_int8));
    } else {
      call(TADPOLE_CONV("pointwise", dsp_pointwise_int8));
    }
    lowered.scratch_bytes = kernels::dsp_pointwise_scratch_bytes(window, quads);
  } else if (dilated) {
    call(TADPOLE_CONV("conv_2d", dsp_conv_2d_int8));
    lowered.scratch_bytes = kernels::dsp_conv_2d_scratch_bytes(window);
  } else {
    if (single) {
      call(TADPOLE_CONV("conv_rows", dsp_conv_rows_wide_int8));
    } else if (quads && single_loads) {
      call(TADPOLE_CONV("conv_rows", dsp_conv_rows_quads_int8));
    } else if (quads) {
      call(TADPOLE_CONV("conv_rows", dsp_conv_rows_quads_ldrd_int8));
    } else {
      call(TADPOLE_CONV("conv_rows", dsp_conv_rows_int8));
    }
    lowered.scratch_bytes = kernels::dsp_conv_rows_scratch_bytes(window, quads);
    // It holds more rows than an output row needs, and writes up to two pixels of the next row before it
    // reads on.
    kernels::Window2d held = window;
    held.filter_h = kernels::dsp_conv_rows_held(window);
    distance = std::min(overlap_distance_by_row(window), overlap_distance_by_row(held) + 2 * window.out_c);
  }
#undef TADPOLE_CONV
  if (window.batches == 1) lowered.overlaps.push_back({0, distance});
  return lowered;
}

LoweredNode dsp_conv_2d(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                        const WeightsInt8& from) {
  LoweredNode winograd = dsp_winograd_3x3(view, window, activation, from);
  return winograd.call ? winograd : dsp_conv_along(view, window, activation, from, 0);
}

namespace {

/// The layout of fully_connected.h, or nothing when a lane does not fit 16 bits.
std::vector<int32_t> pack_dense(const NodeView& view, const WeightsInt8& from, const FoldedInt8& folded,
                                bool single, bool wide_sums) {
  const size_t channels = from.bias.size(), taps = from.weights.size() / channels;
  const auto weight = [&](size_t o, size_t k) -> int32_t {
    return o < channels && k < taps ? from.weights[o * taps + k] : 0;
  };
  const auto bias = [&](size_t o) { return static_cast<uint32_t>(o < channels ? folded.bias[o] : 0); };
  bool fits = true;
  std::vector<int32_t> packed;
  // Taps k and k + 2 of channel o, of o and o + 1 together unless they are single.
  const auto push_lanes = [&](size_t o, size_t k) {
    uint32_t lanes[2];
    for (size_t i = 0; i < 2; ++i) {
      const int32_t lane =
          single ? weight(o, k + 2 * i) : 256 * weight(o, k + 2 * i) + weight(o + 1, k + 2 * i);
      fits = fits && lane >= INT16_MIN && lane <= INT16_MAX;
      lanes[i] = static_cast<uint32_t>(lane) & 0xffffu;
    }
    packed.push_back(static_cast<int32_t>(lanes[0] | lanes[1] << 16));
  };
  for (size_t o = 0; o < channels; o += 4) {
    for (size_t i = o; i < o + 4; i += 2) {
      const bool plain = single || wide_sums;
      packed.push_back(static_cast<int32_t>(plain ? bias(i) : 256u * bias(i) + bias(i + 1)));
      packed.push_back(static_cast<int32_t>(bias(i + 1)));
    }
    for (size_t k = 0; k < taps; k += 8) {
      if (single) {
        for (size_t i = o; i < o + 4; ++i) {
          for (const size_t at : {k, k + 1, k + 4, k + 5}) push_lanes(i, at);
        }
      } else {
        for (const size_t half : {k, k + 4}) {
          for (size_t i = o; i < o + 4; i += 2) {
            push_lanes(i, half);
            push_lanes(i, half + 1);
          }
        }
      }
    }
    for (size_t i = o; i < o + 4; ++i) append_requantisation(view, from, std::min(i, channels - 1), packed);
  }
  return fits ? packed : std::vector<int32_t>{};
}

/// Whether every sum beyond kMaxAccumulator is clamped: at least 2^22 / 2^right, which is 256 or more.
bool clamps_wide_sums(const WeightsInt8& from) {
  return std::all_of(from.shift.begin(), from.shift.end(), [](int32_t shift) { return -shift <= 14; });
}

/// Whether the graph's dense layers are too small a part of it to be worth the code of their kernels.
bool dense_is_small(const ir::Graph& graph) {
  int64_t all = 0, dense = 0;
  for (const ir::Node& node : graph.nodes) {
    const int64_t macs = ir::multiply_accumulates(graph, node);
    all += macs;
    if (node.op == ir::Op::fully_connected) dense += macs;
  }
  return dense * 50 < all;
}

}  // namespace

LoweredNode dsp_fully_connected(const NodeView& view, int32_t rows, int32_t in_c, int32_t out_c,
                                ir::Activation activation, const WeightsInt8& from) {
  if (dense_is_small(view.graph)) {
    const kernels::Window2d pixels = {1, 1, rows, in_c, 1, rows, out_c, 1, 1, 1, 1, 1, 1, 0, 0};
    LoweredNode as_pixels = dsp_conv_along(view, pixels, activation, from, 0);
    if (as_pixels.call) return as_pixels;
  }
  const FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), 0);
  const bool bounded = requantises(from, folded, 0);
  if (!folded.fits || (!bounded && (!shifts_right(from) || !clamps_wide_sums(from)))) return {};
  kernels::DspFullyConnectedInt8Params params{};
  params.rows = rows;
  params.in_c = in_c;
  params.out_c = out_c;
  fill_clamp(view, activation, params);
  params.wide_sums = !bounded || in_c > kernels::dsp::kDenseChunk ? 1 : 0;
  if (!params.wide_sums && !params.relu && !shifts_right(from)) return {};
  params.single = large_weights(view) == LargeWeights::single ? 1 : 0;
  std::vector<int32_t> packed = pack_dense(view, from, folded, params.single != 0, params.wide_sums != 0);
  if (packed.empty()) return {};
  Constants constants;
  params.weights = constants.keep(std::move(packed));
  const auto call = [&](const KernelName& name, auto kernel) {
    return LoweredNode{make_call(name, kernel, params, constants),
                       {view.node.inputs[0]},
                       kernels::dsp_fully_connected_scratch_bytes(in_c)};
  };
#define TADPOLE_DENSE(function) \
  TADPOLE_KERNEL("cortex_m_dsp/fully_connected.h", DspFullyConnectedInt8Params, function)
  if (params.single && params.wide_sums) return call(TADPOLE_DENSE(dsp_fully_connected_wide_long_int8));
  if (params.single) return call(TADPOLE_DENSE(dsp_fully_connected_wide_int8));
  if (params.wide_sums) return call(TADPOLE_DENSE(dsp_fully_connected_long_int8));
  return call(TADPOLE_DENSE(dsp_fully_connected_int8));
#undef TADPOLE_DENSE
}

}  // namespace tadpole::plan
