// Int8 depthwise convolutions to the kernels of the Arm DSP extension, where their conditions hold.
#include "device/kernels/cortex_m_dsp/depthwise_3x3.h"
#include "plan/fit_requantisation.h"
#include "plan/lower_cortex_m_dsp.h"

namespace tadpole::plan {

namespace {

constexpr int kMostScaleBits = 14;
constexpr int32_t kPlaneBytes = 1024;
bool is_plain_3x3(const kernels::Window2d& w) {
  const auto pad_after = [](int32_t in, int32_t out, int32_t stride, int32_t before) {
    return (out - 1) * stride + 3 - before - in;
  };
  return w.batches == 1 && w.filter_h == 3 && w.filter_w == 3 && w.dilation_h == 1 && w.dilation_w == 1 &&
         w.stride_h == w.stride_w && w.stride_h <= 2 && w.pad_top <= 1 && w.pad_left <= 1 &&
         pad_after(w.in_h, w.out_h, w.stride_h, w.pad_top) <= 1 &&
         pad_after(w.in_w, w.out_w, w.stride_w, w.pad_left) <= 1 && w.in_c == w.out_c;
}

using Kernel = void (*)(const kernels::DspDepthwise3x3Int8Params&, const int8_t*, int8_t*, int32_t*);

/// A kernel with what it is made for.
struct Shape {
  int32_t stride, strip_w;
  bool words, fixed;
  std::string_view function;
  Kernel kernel;
};

#define TADPOLE_SHAPE(stride, strip_w, words, fixed, function) \
  {stride, strip_w, words, fixed, #function, &kernels::function},
#define TADPOLE_SHAPES(stride, strip_w)                                                              \
  TADPOLE_SHAPE(stride, strip_w, true, true, dsp_depthwise_3x3_s##stride##_w##strip_w##_words_fixed) \
  TADPOLE_SHAPE(stride, strip_w, true, false, dsp_depthwise_3x3_s##stride##_w##strip_w##_words)      \
  TADPOLE_SHAPE(stride, strip_w, false, true, dsp_depthwise_3x3_s##stride##_w##strip_w##_fixed)      \
  TADPOLE_SHAPE(stride, strip_w, false, false, dsp_depthwise_3x3_s##stride##_w##strip_w)
constexpr Shape kShapes[] = {TADPOLE_DSP_DEPTHWISE_3X3_SHAPES(TADPOLE_SHAPES)};
#undef TADPOLE_SHAPES
#undef TADPOLE_SHAPE

/// Strips of 3 at stride 1 know whole maps of 3 columns with padding on both sides only: what else they could
/// do would be a third of their code.
bool suits(const Shape& shape, const kernels::Window2d& w) {
  const bool padded_whole = w.in_w == 3 && w.out_w == 3 && w.pad_left == 1;
  return shape.strip_w <= w.out_w && (shape.stride == 2 || shape.strip_w != 3 || padded_whole);
}

/// The shape whose strips cover the width with the least work: each strip costs as much as its outputs and
/// about one and a half more.
const Shape* best_shape(const kernels::Window2d& w, bool fixed) {
  const Shape* best = nullptr;
  int32_t least = 0;
  for (const Shape& shape : kShapes) {
    if (shape.stride != w.stride_w || !suits(shape, w) || shape.fixed != fixed ||
        shape.words != (w.in_c % 4 == 0))
      continue;
    const int32_t work = kernels::dsp_depthwise_strips(w.out_w, shape.strip_w) * (2 * shape.strip_w + 3);
    if (!best || work < least) {
      best = &shape;
      least = work;
    }
  }
  return best;
}

/// Rows of pairs to hold: all, or as many as make the fewest equal parts within kPlaneBytes, or where out
/// lies over in within a quarter of the input if that is more and there are several strips, to which each
/// part costs more.
int32_t plane_rows(const kernels::Window2d& w, int32_t strips, bool in_place) {
  const int32_t quarter = w.in_h * w.in_w * w.in_c / 4;
  const int32_t limit = in_place && strips > 1 ? std::max(kPlaneBytes, quarter) : kPlaneBytes;
  for (int32_t parts = 1;; ++parts) {
    const int32_t rows = (w.out_h + parts - 1) / parts;
    const int32_t held = rows * w.stride_h + 3 - w.stride_h;
    if (kernels::dsp_depthwise_scratch_bytes(strips, held) <= limit || rows == 1) return held;
  }
}

/// How one channel turns sums into bytes.
struct ChannelFit {
  int scale_bits, shift;
  bool rounds_away;  ///< halves below zero too, see fit_offset()
  int32_t offset;
};

/// `fixed_shift` 0: any.
std::optional<ChannelFit> fit_channel(const Requantisation& wanted, int32_t largest_weight, int fixed_shift) {
  // multiplier is in [2^30, 2^31): scale_bits - shift is given.
  const int difference = 1 + wanted.factor.shift;
  for (int scale_bits = kMostScaleBits; scale_bits >= 0; --scale_bits) {
    const int shift = scale_bits - difference;
    if ((fixed_shift && shift != fixed_shift) || shift < 1 || shift > 23) continue;
    if ((largest_weight << scale_bits) > 32768) continue;
    const auto plain = fit_offset(wanted, scale_bits, shift, 0);
    if (plain) return ChannelFit{scale_bits, shift, false, *plain};
    if (fixed_shift || scale_bits < 1) continue;
    const auto away = fit_offset(wanted, scale_bits, shift, 1 << (scale_bits - 1));
    if (away) return ChannelFit{scale_bits, shift, true, *away};
  }
  return std::nullopt;
}

/// Three weights and one number more, a byte each.
int32_t packed_row(const int32_t* weights, int32_t above) {
  uint32_t word = static_cast<uint32_t>(above) << 24;
  for (int i = 0; i < 3; ++i) word |= (static_cast<uint32_t>(weights[i]) & 0xff) << (8 * i);
  return static_cast<int32_t>(word);
}

/// The numbers of all channels as the kernel wants them; nothing when a channel does not fit.
std::optional<std::vector<int32_t>> pack(const NodeView& view, const WeightsInt8& from,
                                         const FoldedInt8& folded, int fixed_shift) {
  std::vector<int32_t> packed;
  const size_t count = from.bias.size();
  for (size_t o = 0; o < count; ++o) {
    int32_t weights[9];
    int64_t least = folded.bias[o], most = folded.bias[o];
    int32_t largest = 1;
    for (size_t k = 0; k < 9; ++k) {
      const int32_t weight = weights[k] = from.weights[weight_index(o, k, count, 9, 3)];
      least += std::min(weight * 127, weight * -128);
      most += std::max(weight * 127, weight * -128);
      largest = std::max(largest, weight < 0 ? -weight : weight + 1);
    }
    Requantisation wanted;
    wanted.least = static_cast<int32_t>(least);
    wanted.most = static_cast<int32_t>(most);
    wanted.factor = {from.multiplier[o], from.shift[o]};
    wanted.zero = view.zero(view.out());
    const auto fit = fit_channel(wanted, largest, fixed_shift);
    if (!fit) return std::nullopt;
    packed.insert(packed.end(), {packed_row(weights, fit->scale_bits), packed_row(weights + 3, fit->shift),
                                 packed_row(weights + 6, fit->rounds_away),
                                 folded.bias[o] * (1 << fit->scale_bits), from.multiplier[o], fit->offset});
  }
  return packed;
}

}  // namespace

LoweredNode dsp_depthwise_conv_2d(const NodeView& view, const kernels::Window2d& window,
                                  ir::Activation activation, const WeightsInt8& from) {
  if (window.in_c == 1) return dsp_conv_along(view, window, activation, from, 3);
  const FoldedInt8 folded = fold_input_zero(from, view.zero(view.in()), 3);
  if (!is_plain_3x3(window) || !folded.fits) return {};
  std::optional<std::vector<int32_t>> packed = pack(view, from, folded, kernels::kDspDepthwiseShift);
  const bool fixed = packed.has_value();
  if (!fixed) packed = pack(view, from, folded, 0);
  const Shape* shape = best_shape(window, fixed);
  if (!packed || !shape) return {};
  Constants constants;
  kernels::DspDepthwise3x3Int8Params params{};
  params.window = window;
  params.in_zero = view.zero(view.in());
  const ClampInt8 clamp = clamp_int8(activation, view.scale(view.out()), view.zero(view.out()));
  params.clamp_min = clamp.low;
  params.clamp_max = clamp.high;
  const bool in_place = view.in().shape == view.out().shape;
  params.strips = in_place ? kernels::dsp_depthwise_strips(window.out_w, shape->strip_w) : 1;
  params.plane_rows = plane_rows(window, params.strips, in_place);
  params.channels = constants.keep(std::move(*packed));
  const KernelName name = {"device/kernels/cortex_m_dsp/depthwise_3x3.h", "DspDepthwise3x3Int8Params",
                           shape->function};
  LoweredNode lowered{make_call(name, shape->kernel, params, constants),
                      {view.node.inputs[0]},
                      kernels::dsp_depthwise_scratch_bytes(params.strips, params.plane_rows)};
  if (in_place) lowered.overlaps.push_back({0, 0, true});
  return lowered;
}

}  // namespace tadpole::plan
