// Weights in the order in which vectors read them.
#include "plan/lower_simd.h"

#include <algorithm>

#include "plan/scaling.h"

namespace tadpole::plan {

namespace {

/// The most numbers that a pointwise layer widens at a time: half of a small first-level cache.
constexpr int32_t kChunkNumbers = 8192;

const SimdSet* simd_set(std::string_view kernels) {
  if (kernels == "avx2") return avx2_set();
  if (kernels == "wasm_simd") return wasm_simd_set();
  return nullptr;
}

/// Which channel of a block a lane holds (layers_int8.h).
int32_t channel_in_block(int32_t vectors, int32_t vector, int32_t lane) {
  return lane / 4 * 4 * vectors + 4 * vector + lane % 4;
}

/// Output channels in blocks of two vectors.
class Blocks {
 public:
  Blocks(int32_t channels, int32_t lanes) : channels_(channels), lanes_(lanes) {}

  /// Calls visit(first channel, vectors) for each block.
  template <class Visit>
  void for_each(Visit visit) const {
    for (int32_t first = 0; first < channels_; first += 2 * lanes_) {
      visit(first, channels_ - first > lanes_ ? 2 : 1);
    }
  }
  /// The channel of a lane, or -1 for none.
  int32_t channel(int32_t first, int32_t vectors, int32_t vector, int32_t lane) const {
    const int32_t channel = first + channel_in_block(vectors, vector, lane);
    return channel < channels_ ? channel : -1;
  }

 private:
  int32_t channels_, lanes_;
};

/// Two weights for each channel at each step: weight(channel, step, half).
template <class Weight>
std::vector<int16_t> pack_weights(const SimdSet& set, int32_t channels, int32_t steps, Weight weight) {
  std::vector<int16_t> packed;
  const Blocks blocks(channels, set.lanes);
  blocks.for_each([&](int32_t first, int32_t vectors) {
    for (int32_t step = 0; step < steps; ++step) {
      for (int32_t v = 0; v < vectors; ++v) {
        for (int32_t lane = 0; lane < set.lanes; ++lane) {
          const int32_t channel = blocks.channel(first, vectors, v, lane);
          for (int32_t half = 0; half < 2; ++half) {
            packed.push_back(channel < 0 ? int16_t{0} : weight(channel, step, half));
          }
        }
      }
    }
  });
  return packed;
}

std::vector<int32_t> pack_channels(const SimdSet& set, const WeightsInt8& from, const FoldedInt8& folded) {
  std::vector<int32_t> packed;
  const auto count = static_cast<int32_t>(folded.bias.size());
  const Blocks blocks(count, set.lanes);
  const auto row = [&](size_t channel, int32_t which) -> int32_t {
    const int32_t left = std::max(0, from.shift[channel]), right = std::max(0, -from.shift[channel]);
    switch (which) {
      case 0:
        return folded.bias[channel];
      case 1:
        return from.multiplier[channel];
      case 2:
        return set.shifts_as_factors ? 1 << left : left;
      case 3:
        return set.shifts_as_factors ? 1 << (30 - right) : right;
      default:
        return static_cast<int32_t>((int64_t{1} << right) - 1);
    }
  };
  blocks.for_each([&](int32_t first, int32_t vectors) {
    for (int32_t v = 0; v < vectors; ++v) {
      for (int32_t which = 0; which < kernels::kSimdChannelRows; ++which) {
        for (int32_t lane = 0; lane < set.lanes; ++lane) {
          const int32_t channel = blocks.channel(first, vectors, v, lane);
          packed.push_back(channel < 0 ? 0 : row(static_cast<size_t>(channel), which));
        }
      }
    }
  });
  return packed;
}

/// Whether a shift can be expressed (see kSimdChannelRows).
bool packs(const SimdSet& set, int32_t shift) { return !set.shifts_as_factors || shift >= -30; }

/// Every partial sum fits, and so do the shifts.
bool packs(const SimdSet& set, const WeightsInt8& from, const FoldedInt8& folded) {
  return folded.fits &&
         std::all_of(from.shift.begin(), from.shift.end(), [&](int32_t shift) { return packs(set, shift); });
}

template <class Params>
void fill(const NodeView& view, const SimdSet& set, ir::Activation activation, Params& params) {
  const ClampInt8 clamp = clamp_int8(activation, view.scale(view.out()), view.zero(view.out()));
  params.lanes = set.lanes;
  params.out_zero = view.zero(view.out());
  params.clamp_min = clamp.low;
  params.clamp_max = clamp.high;
}

template <class Params>
LoweredNode call(const NodeView& view, const SimdSet::Weighted<Params>& kernel, const Params& params,
                 Constants constants, int64_t scratch_numbers) {
  return {make_call(kernel.name, kernel.kernel, params, std::move(constants)),
          {view.node.inputs[0]},
          scratch_numbers * int64_t{sizeof(int16_t)}};
}

LoweredNode pointwise(const NodeView& view, const SimdSet& set, int32_t pixels, int32_t in_c, int32_t out_c,
                      ir::Activation activation, const WeightsInt8& from) {
  const FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), 0);
  if (!packs(set, from, folded)) return {};
  Constants constants;
  kernels::SimdPointwiseInt8Params params{};
  fill(view, set, activation, params);
  params.pixels = pixels;
  params.in_c = in_c;
  params.out_c = out_c;
  params.chunk = std::min(pixels, std::max(12, kChunkNumbers / in_c / 12 * 12));
  params.weights = constants.keep(
      pack_weights(set, out_c, (in_c + 1) / 2, [&](int32_t channel, int32_t step, int32_t half) -> int16_t {
        const int32_t k = 2 * step + half;
        return k < in_c ? from.weights[static_cast<size_t>(channel) * static_cast<size_t>(in_c) +
                                       static_cast<size_t>(k)]
                        : int16_t{0};
      }));
  params.channels = constants.keep(pack_channels(set, from, folded));
  return call(view, set.pointwise, params, std::move(constants), kernels::simd_pointwise_scratch(params));
}

bool is_pointwise(const kernels::Window2d& w) {
  return w.filter_h == 1 && w.filter_w == 1 && w.stride_h == 1 && w.stride_w == 1 && w.pad_top == 0 &&
         w.pad_left == 0 && w.in_h == w.out_h && w.in_w == w.out_w;
}

/// `axis` is that of the output channels in the weights.
LoweredNode conv(const NodeView& view, const SimdSet& set, const kernels::Window2d& window,
                 ir::Activation activation, const WeightsInt8& from, int axis) {
  const FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), axis);
  if (!packs(set, from, folded) || window.filter_h > kernels::kSimdMaxRows) return {};
  Constants constants;
  kernels::SimdConv2dInt8Params params{};
  fill(view, set, activation, params);
  params.window = window;
  params.in_zero = view.zero(view.in());
  const int32_t runs = params.runs(window), length = params.run_length(window), pairs = (length + 1) / 2;
  const auto channels = static_cast<size_t>(window.out_c);
  const size_t taps = from.weights.size() / channels;
  params.weights =
      constants.keep(pack_weights(set, window.out_c, window.filter_h * runs * pairs,
                                  [&](int32_t channel, int32_t step, int32_t half) -> int16_t {
                                    const int32_t in_run = step % pairs * 2 + half;
                                    if (in_run >= length) return 0;
                                    const auto o = static_cast<size_t>(channel);
                                    const auto k = static_cast<size_t>(step / pairs * length + in_run);
                                    return from.weights[axis == 0 ? o * taps + k : k * channels + o];
                                  }));
  params.channels = constants.keep(pack_channels(set, from, folded));
  return call(view, set.conv_2d, params, std::move(constants), kernels::simd_conv_scratch(window));
}

}  // namespace

Result<Target> with_kernels_here(const Target& wanted) {
  Target target = wanted;
  if (wanted.kernels == "host") {
    target.kernels = avx2_set() != nullptr ? "avx2" : wasm_simd_set() != nullptr ? "wasm_simd" : "generic";
    return target;
  }
  for (const char* portable : {"ref", "generic", "cortex_m_dsp", "cortex_m_helium", "cortex_m0", "rv32"}) {
    if (wanted.kernels == portable) return target;
  }
  if (simd_set(wanted.kernels) != nullptr) return target;
  if (wanted.kernels == "avx2" || wanted.kernels == "wasm_simd") {
    return Error{Code::op_unsupported, "the kernels '" + wanted.kernels +
                                           "' do not run on this computer; 'host' picks those that do."};
  }
  return Error{Code::op_unsupported, "there are no kernels '" + wanted.kernels +
                                         "'; there are ref, generic, cortex_m_dsp, cortex_m_helium, "
                                         "cortex_m0, rv32, avx2, wasm_simd and host."};
}

LoweredNode simd_conv_2d(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                         const WeightsInt8& from) {
  const SimdSet* set = simd_set(view.target.kernels);
  if (set == nullptr) return {};
  if (!is_pointwise(window)) return conv(view, *set, window, activation, from, 0);
  const int32_t pixels = window.batches * window.in_h * window.in_w;
  return pointwise(view, *set, pixels, window.in_c, window.out_c, activation, from);
}

LoweredNode simd_fully_connected(const NodeView& view, int32_t rows, int32_t in_c, int32_t out_c,
                                 ir::Activation activation, const WeightsInt8& from) {
  const SimdSet* set = simd_set(view.target.kernels);
  return set == nullptr ? LoweredNode{} : pointwise(view, *set, rows, in_c, out_c, activation, from);
}

LoweredNode simd_depthwise_conv_2d(const NodeView& view, const kernels::Window2d& window,
                                   ir::Activation activation, const WeightsInt8& from) {
  const SimdSet* set = simd_set(view.target.kernels);
  if (set == nullptr) return {};
  if (window.in_c == 1) return conv(view, *set, window, activation, from, 3);
  const FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), 3);
  if (!packs(*set, from, folded) || kernels::simd_pairs_spanned(window) > kernels::kSimdMaxRows) return {};
  Constants constants;
  kernels::SimdDepthwiseInt8Params params{};
  fill(view, *set, activation, params);
  params.window = window;
  params.in_zero = view.zero(view.in());
  params.weights = constants.keep(
      pack_weights(*set, window.out_c, (window.filter_h + 1) / 2 * window.filter_w,
                   [&](int32_t channel, int32_t step, int32_t half) -> int16_t {
                     const int32_t row = step / window.filter_w * 2 + half;
                     if (row >= window.filter_h) return 0;
                     const int32_t tap = row * window.filter_w + step % window.filter_w;
                     return from.weights[static_cast<size_t>(tap) * static_cast<size_t>(window.out_c) +
                                         static_cast<size_t>(channel)];
                   }));
  params.channels = constants.keep(pack_channels(*set, from, folded));
  return call(view, set->depthwise_conv_2d, params, std::move(constants),
              kernels::simd_depthwise_scratch(window, set->lanes));
}

std::shared_ptr<const KernelCall> simd_add(const NodeView& view, const kernels::AddInt8Params& params) {
  const SimdSet* set = simd_set(view.target.kernels);
  const kernels::Broadcast& shape = params.broadcast;
  if (set == nullptr || shape.a_stride[3] != 1 || shape.b_stride[3] != 1 || !packs(*set, params.a_shift) ||
      !packs(*set, params.b_shift) || !packs(*set, params.out_shift)) {
    return nullptr;
  }
  return make_call(set->add.name, set->add.kernel, params);
}

namespace {

/// The sums of a window divide exactly (see divide() of the vectors).
bool pools(const kernels::Window2d& window) { return int64_t{window.filter_h} * window.filter_w < 1 << 16; }

}  // namespace

std::shared_ptr<const KernelCall> simd_average_pool_2d(const NodeView& view,
                                                       const kernels::Pool2dInt8Params& params) {
  const SimdSet* set = simd_set(view.target.kernels);
  if (set == nullptr || !pools(params.window)) return nullptr;
  return make_call(set->average_pool_2d.name, set->average_pool_2d.kernel, params);
}

std::shared_ptr<const KernelCall> simd_max_pool_2d(const NodeView& view,
                                                   const kernels::Pool2dInt8Params& params) {
  const SimdSet* set = simd_set(view.target.kernels);
  if (set == nullptr || !pools(params.window)) return nullptr;
  return make_call(set->max_pool_2d.name, set->max_pool_2d.kernel, params);
}

std::shared_ptr<const KernelCall> simd_conv_2d_float(const NodeView& view,
                                                     const kernels::Conv2dFloatParams& params,
                                                     Constants constants) {
  const SimdSet* set = simd_set(view.target.kernels);
  if (set == nullptr) return nullptr;
  return make_call(set->conv_2d_float.name, set->conv_2d_float.kernel, params, std::move(constants));
}

std::shared_ptr<const KernelCall> simd_depthwise_conv_2d_float(
    const NodeView& view, const kernels::DepthwiseConv2dFloatParams& params, Constants constants) {
  const SimdSet* set = simd_set(view.target.kernels);
  if (set == nullptr) return nullptr;
  if (params.window.in_c == 1) {  // every output channel reads the one input channel: that is a convolution
    const kernels::Conv2dFloatParams conv = {params.window, params.clamp_min, params.clamp_max,
                                             params.weights, params.bias};
    return make_call(set->conv_2d_float.name, set->conv_2d_float.kernel, conv, std::move(constants));
  }
  if (params.window.in_c != params.window.out_c) return nullptr;
  return make_call(set->depthwise_conv_2d_float.name, set->depthwise_conv_2d_float.kernel, params,
                   std::move(constants));
}

}  // namespace tadpole::plan
