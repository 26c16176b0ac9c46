// Parameters of the int8 layers that run on a computer's vector units (x86_avx2/, wasm_simd/). Lowering packs
// the constants for a width of `lanes` 32-bit numbers; two vectors make a block of channels.
//
// Input offsets are folded into the bias, padding is read as in_zero, and activations are widened to int16,
// so that one instruction multiplies pairs of neighbours and adds the two products: sums stay exact in 32
// bits. In a block of V vectors (2; 1 in the last block when half of it would be empty) lane l of vector v
// holds channel l / 4 * 4 * V + 4 * v + l % 4: the order in which vectors are interleaved and narrowed
// without further shuffles.
#ifndef TADPOLE_DEVICE_KERNELS_SIMD_LAYERS_INT8_H_
#define TADPOLE_DEVICE_KERNELS_SIMD_LAYERS_INT8_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// For each vector of channels: bias, multiplier, left shift, right shift, 2^(right shift) - 1, `lanes` each.
/// Where the instruction set shifts all lanes alike, the shifts are 2^left and 2^(30 - right).
constexpr int32_t kSimdChannelRows = 5;

/// Channels rounded up to whole vectors.
constexpr int32_t simd_channels(int32_t channels, int32_t lanes) {
  return (channels + lanes - 1) / lanes * lanes;
}

/// Products of a matrix of pixels with one of weights: pointwise convolutions and dense layers.
struct SimdPointwiseInt8Params {
  int32_t pixels, in_c, out_c;
  int32_t lanes;
  int32_t chunk;  // pixels that are widened at a time
  int32_t out_zero, clamp_min, clamp_max;
  const int16_t* weights;   // [blocks][pairs of in_c][vectors][lanes][2]
  const int32_t* channels;  // [vectors of all blocks][kSimdChannelRows][lanes]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("pixels", self.pixels);
    visitor.number("in_c", self.in_c);
    visitor.number("out_c", self.out_c);
    visitor.number("lanes", self.lanes);
    visitor.number("chunk", self.chunk);
    visitor.number("out_zero", self.out_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    const auto out = size_t(simd_channels(self.out_c, self.lanes));
    visitor.array("weights", self.weights, out * size_t((self.in_c + 1) / 2) * 2);
    visitor.array("channels", self.channels, out * kSimdChannelRows);
  }
};

/// scratch: chunk * in_c + 1 numbers. in and out must not overlap.
constexpr int64_t simd_pointwise_scratch(const SimdPointwiseInt8Params& params) {
  return int64_t(params.chunk) * params.in_c + 1;
}

/// Columns of the map with its padding that the windows of one output row cover.
constexpr int32_t simd_padded_width(const Window2d& w) {
  return (w.out_w - 1) * w.stride_w + (w.filter_w - 1) * w.dilation_w + 1;
}
/// Rows that the windows of one output row span.
constexpr int32_t simd_rows_spanned(const Window2d& w) { return (w.filter_h - 1) * w.dilation_h + 1; }

/// The most rows that a window may span.
constexpr int32_t kSimdMaxRows = 64;

/// A convolution, also a depthwise one of a single input channel. A filter row whose taps are neighbours is
/// one run of filter_w * in_c numbers; with dilation each tap is a run of its own.
struct SimdConv2dInt8Params {
  Window2d window;
  int32_t lanes;
  int32_t in_zero;
  int32_t out_zero, clamp_min, clamp_max;
  const int16_t* weights;   // [blocks][filter_h][runs][pairs of a run][vectors][lanes][2]
  const int32_t* channels;  // [vectors of all blocks][kSimdChannelRows][lanes]

  static int32_t runs(const Window2d& w) { return w.dilation_w == 1 ? 1 : w.filter_w; }
  static int32_t run_length(const Window2d& w) { return w.dilation_w == 1 ? w.filter_w * w.in_c : w.in_c; }

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("lanes", self.lanes);
    visitor.number("in_zero", self.in_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    const auto out = size_t(simd_channels(w.out_c, self.lanes));
    const auto pairs = size_t(w.filter_h) * runs(w) * size_t((run_length(w) + 1) / 2);
    visitor.array("weights", self.weights, out * pairs * 2);
    visitor.array("channels", self.channels, out * kSimdChannelRows);
  }
};

/// scratch: the widened rows under one output row, in numbers. in and out must not overlap.
constexpr int64_t simd_conv_row(const Window2d& w) { return int64_t(simd_padded_width(w)) * w.in_c + 1; }
constexpr int64_t simd_conv_scratch(const Window2d& w) { return simd_rows_spanned(w) * simd_conv_row(w); }

/// A depthwise convolution. Taps are taken in pairs, one above the other; an odd last row has a weight of 0
/// beside it.
struct SimdDepthwiseInt8Params {
  Window2d window;
  int32_t lanes;
  int32_t in_zero;
  int32_t out_zero, clamp_min, clamp_max;
  const int16_t* weights;   // [blocks][(filter_h + 1) / 2][filter_w][vectors][lanes][2]
  const int32_t* channels;  // [vectors of all blocks][kSimdChannelRows][lanes]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("lanes", self.lanes);
    visitor.number("in_zero", self.in_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    const auto out = size_t(simd_channels(w.out_c, self.lanes));
    visitor.array("weights", self.weights, out * size_t((w.filter_h + 1) / 2) * w.filter_w * 2);
    visitor.array("channels", self.channels, out * kSimdChannelRows);
  }
};

/// Pairs of rows that are kept.
constexpr int32_t simd_pairs_spanned(const Window2d& w) {
  return (w.filter_h - 1) / 2 * 2 * w.dilation_h + 1;
}
/// scratch: pairs of rows, and two rows as bytes, in numbers. in and out must not overlap.
constexpr int64_t simd_depthwise_row(const Window2d& w, int32_t lanes) {
  return int64_t(simd_padded_width(w)) * simd_channels(w.out_c, lanes);
}
constexpr int64_t simd_depthwise_scratch(const Window2d& w, int32_t lanes) {
  return (simd_pairs_spanned(w) * 2 + 1) * simd_depthwise_row(w, lanes);
}

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_SIMD_LAYERS_INT8_H_
