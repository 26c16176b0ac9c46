// Int8 layers for processors without vector instructions: each step of the inner loop reads one input and one
// weight of `kGroup` output channels that lie side by side, and keeps their sums in registers. Used with 2
// channels on Thumb-1, which has eight registers, and with 4 on RISC-V, which has thirty.
#ifndef TADPOLE_DEVICE_KERNELS_SCALAR_INTERLEAVED_INT8_H_
#define TADPOLE_DEVICE_KERNELS_SCALAR_INTERLEAVED_INT8_H_

#include "device/kernels/fixed_point.h"
#include "device/kernels/windows.h"

namespace tadpole {
namespace kernels {

/// weights: for each group of channels, taps [filter_h][filter_w][in_c] in the order of scalar::TwoRows or
/// scalar::FourSideBySide; missing channels of the last group are zero. bias, multiplier, shift: one for each
/// channel of all groups; the bias is folded: minus in_zero * (sum of weights). |accumulators| <
/// 2^kMaxAccumulatorBits.
struct InterleavedConv2dInt8Params {
  Window2d window;
  int32_t group;
  int32_t in_zero;
  int32_t out_zero, clamp_min, clamp_max;
  const int8_t* weights;
  const int32_t* bias;
  const int32_t* multiplier;
  const int8_t* shift;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("group", self.group);
    const size_t group = size_t(self.group),
                 channels = group == 0 ? 0 : (size_t(w.out_c) + group - 1) / group * group;
    visitor.number("in_zero", self.in_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("weights", self.weights,
                  channels * size_t(w.filter_h) * size_t(w.filter_w) * size_t(w.in_c));
    visitor.array("bias", self.bias, channels);
    visitor.array("multiplier", self.multiplier, channels);
    visitor.array("shift", self.shift, channels);
  }
};

/// A depthwise convolution with out_c = in_c and at most kInterleavedDepthwiseMaxTaps taps; weights
/// [taps][out_c].
struct InterleavedDepthwiseInt8Params {
  Window2d window;
  int32_t in_zero;
  int32_t out_zero, clamp_min, clamp_max;
  const int8_t* weights;
  const int32_t* bias;
  const int32_t* multiplier;
  const int8_t* shift;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("in_zero", self.in_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("weights", self.weights, size_t(w.filter_h) * size_t(w.filter_w) * size_t(w.out_c));
    visitor.array("bias", self.bias, size_t(w.out_c));
    visitor.array("multiplier", self.multiplier, size_t(w.out_c));
    visitor.array("shift", self.shift, size_t(w.out_c));
  }
};

constexpr int32_t kInterleavedDepthwiseMaxTaps = 64;
constexpr int32_t kMaxAccumulatorBits = 28;

namespace scalar {

/// multiply_by_quantized_multiplier for |x| < 2^28 and shift <= 0, from 16-bit halves, since the smallest
/// processors multiply 32 by 32 to 32 bits only. With x = 2^16 xh + xl and m = 2^16 mh + ml:
///   floor((x m + 2^30) / 2^31) = 2 xh mh + floor((t + 2^14) / 2^15),  t = xh ml + xl mh + floor(xl ml /
///   2^16),
/// exactly, because what is left of xl ml is below 2^16 and cannot carry. |xh| <= 2^12 keeps t in 32 bits.
inline int32_t scale(int32_t x, int32_t m, int32_t shift) {
  const uint32_t x_low = static_cast<uint32_t>(x) & 0xffffu, m_low = static_cast<uint32_t>(m) & 0xffffu;
  const int32_t x_high = x >> 16, m_high = m >> 16;
  const int32_t t = x_high * static_cast<int32_t>(m_low) + static_cast<int32_t>(x_low) * m_high +
                    static_cast<int32_t>((x_low * m_low) >> 16);
  const int32_t high = 2 * x_high * m_high + ((t + 16384) >> 15);
  return shift == 0 ? high : rounding_divide_by_pot(high, -shift);
}

template <class Params>
inline int8_t finish(const Params& params, int32_t sum, int32_t channel) {
  const int32_t scaled = scale(sum, params.multiplier[channel], params.shift[channel]);
  return add_zero_and_clamp(scaled, params.out_zero, params.clamp_min, params.clamp_max);
}

/// Sums of two channels whose weights are two rows, one behind the other: one index serves the input and
/// both, which is how Thumb-1 addresses signed bytes.
struct TwoRows {
  static constexpr int kGroup = 2;
  static void add(const int8_t* vector, int32_t length, const int8_t* weights, int32_t* sums) {
    const int8_t *const end = vector + length, *const first = weights + length,
                        *const second = first + length;
    int32_t a = sums[0], b = sums[1];
    for (int32_t k = -length; k != 0; ++k) {
      const int32_t value = end[k];
      a += value * first[k];
      b += value * second[k];
    }
    sums[0] = a;
    sums[1] = b;
  }
};

/// Sums of four channels whose weights lie side by side, tap by tap: one pointer with fixed offsets.
struct FourSideBySide {
  static constexpr int kGroup = 4;
  static void add(const int8_t* vector, int32_t length, const int8_t* weights, int32_t* sums) {
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    for (const int8_t* const end = vector + length; vector != end; ++vector, weights += kGroup) {
      const int32_t value = *vector;
      a += value * weights[0];
      b += value * weights[1];
      c += value * weights[2];
      d += value * weights[3];
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
  }
};

/// scratch: filter_h * filter_w * in_c bytes, one window. An output pixel is written after its own window has
/// been read and before the next one is: out may overlap in accordingly.
template <class Group>
void conv_2d(const InterleavedConv2dInt8Params& params, const int8_t* in, int8_t* out, int8_t* scratch) {
  constexpr int kGroup = Group::kGroup;
  const Window2d& w = params.window;
  const int32_t length = w.filter_h * w.filter_w * w.in_c;
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    for (int32_t y = 0; y < w.out_h; ++y) {
      for (int32_t x = 0; x < w.out_w; ++x, out += w.out_c) {
        gather_window(w, params.in_zero, in, y, x, scratch);
        const int8_t* weights = params.weights;
        for (int32_t o = 0; o < w.out_c; o += kGroup, weights += kGroup * length) {
          int32_t sums[kGroup];
          for (int c = 0; c < kGroup; ++c) sums[c] = params.bias[o + c];
          Group::add(scratch, length, weights, sums);
          for (int c = 0; c < kGroup && o + c < w.out_c; ++c) out[o + c] = finish(params, sums[c], o + c);
        }
      }
    }
  }
}

/// scratch: window_rows_bytes. out may overlap in as for_each_window says.
inline void depthwise_conv_2d(const InterleavedDepthwiseInt8Params& params, const int8_t* in, int8_t* out,
                              int8_t* scratch) {
  const int8_t* taps[kInterleavedDepthwiseMaxTaps];
  const int32_t channels = params.window.out_c;
  for_each_window(params.window, params.in_zero, in, out, scratch, taps,
                  [&](const int8_t* const* from, int32_t count, int8_t* to) {
                    for (int32_t c = 0; c < channels; ++c) {
                      int32_t sum = params.bias[c];
                      const int8_t* weight = params.weights + c;
                      for (int32_t t = 0; t < count; ++t, weight += channels) sum += from[t][c] * *weight;
                      to[c] = finish(params, sum, c);
                    }
                  });
}

}  // namespace scalar

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_SCALAR_INTERLEAVED_INT8_H_
