// Int8 convolutions and dense layers for Armv8.1-M with the M-profile vector extension (Cortex-M55, M85),
// with a portable twin (see vector.h).
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_WEIGHTED_INT8_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_WEIGHTED_INT8_H_

#include "device/kernels/windows.h"

namespace tadpole {
namespace kernels {

/// Taps of a window rounded up to whole vectors.
constexpr int32_t helium_padded_taps(const Window2d& w) {
  return (w.filter_h * w.filter_w * w.in_c + 15) / 16 * 16;
}

/// weights, constants: as DotProducts, of whole groups of four channels; missing weights are zero. Biases are
/// folded: minus in_zero * (sum of weights).
struct HeliumConv2dInt8Params {
  Window2d window;
  int32_t in_zero;
  int32_t out_zero, clamp_min, clamp_max;
  const int8_t* weights;
  const int32_t* constants;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("window", self.window);
    const size_t channels = (size_t(self.window.out_c) + 3) / 4 * 4;
    visitor.number("in_zero", self.in_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    const auto& w = self.window;
    const size_t taps = (size_t(w.filter_h) * size_t(w.filter_w) * size_t(w.in_c) + 15) / 16 * 16;
    visitor.array("weights", self.weights, channels * taps);
    visitor.array("constants", self.constants, 3 * channels);
  }
};

/// Windows that lie side by side: three, or all that there are.
constexpr int32_t helium_windows(const Window2d& w) {
  return w.batches * w.out_h * w.out_w < 3 ? w.batches * w.out_h * w.out_w : 3;
}

constexpr int32_t helium_conv_scratch_bytes(const Window2d& w) {
  return helium_windows(w) * helium_padded_taps(w);
}

/// Windows are read before the first of their pixels is written: out may overlap in pixel by pixel.
void helium_conv_2d_int8(const HeliumConv2dInt8Params& params, const int8_t* in, int8_t* out,
                         int8_t* scratch);

constexpr int32_t kHeliumDepthwiseMaxTaps = 64;

/// Pixels that share a vector: 16 / in_c where that is whole and neighbours are neighbours in the input too.
constexpr int32_t helium_depthwise_pixels(const Window2d& w) {
  return w.stride_w == 1 && w.in_c < 16 && 16 % w.in_c == 0 ? 16 / w.in_c : 1;
}

/// Blocks of 16 channels, of one pixel or of those that share a vector.
constexpr size_t helium_depthwise_blocks(const Window2d& w) { return (size_t(w.in_c) + 15) / 16; }

/// out_c = in_c, at most kHeliumDepthwiseMaxTaps taps. weights, constants: as DepthwisePixels, repeated for
/// each of the pixels that share a vector.
struct HeliumDepthwiseInt8Params {
  Window2d window;
  int32_t in_zero;
  int32_t out_zero, clamp_min, clamp_max;
  const int8_t* weights;
  const int32_t* constants;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("window", self.window);
    visitor.number("in_zero", self.in_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    const auto& w = self.window;
    const size_t lanes = (size_t(w.in_c) + 15) / 16 * 16;
    visitor.array("weights", self.weights, size_t(w.filter_h) * size_t(w.filter_w) * lanes);
    visitor.array("constants", self.constants, 3 * lanes);
  }
};

/// Columns of a row with its padding.
constexpr int32_t helium_padded_columns(const Window2d& w) {
  return w.pad_left + w.in_w > (w.out_w - 1) * w.stride_w + (w.filter_w - 1) * w.dilation_w + 1
             ? w.pad_left + w.in_w
             : (w.out_w - 1) * w.stride_w + (w.filter_w - 1) * w.dilation_w + 1;
}

/// The input rows under one output row, with their padding; vectors reach 15 bytes further.
constexpr int64_t helium_depthwise_scratch_bytes(const Window2d& w) {
  return ((int64_t{w.filter_h} - 1) * w.dilation_h + 1) * helium_padded_columns(w) * w.in_c + 15;
}

/// out may overlap in row by row.
void helium_depthwise_conv_2d_int8(const HeliumDepthwiseInt8Params& params, const int8_t* in, int8_t* out,
                                   int8_t* scratch);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_WEIGHTED_INT8_H_
