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

/// weights: for each four output channels, for each 16 taps, 16 weights of each channel; missing ones are
/// zero. bias, multiplier, shift: one for each channel of all groups; biases are folded: minus in_zero * (sum
/// of weights); shifts are <= 0.
struct HeliumConv2dInt8Params {
  Window2d window;
  int32_t in_zero;
  int32_t out_zero, clamp_min, clamp_max;
  const int8_t* weights;
  const int32_t* bias;
  const int32_t* multiplier;
  const int32_t* shift;

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
    visitor.array("bias", self.bias, channels);
    visitor.array("multiplier", self.multiplier, channels);
    visitor.array("shift", self.shift, channels);
  }
};

/// Bytes of scratch: three windows.
constexpr int32_t helium_conv_scratch_bytes(const Window2d& w) { return 3 * helium_padded_taps(w); }

/// Windows are read before the first of their pixels is written: out may overlap in pixel by pixel.
void helium_conv_2d_int8(const HeliumConv2dInt8Params& params, const int8_t* in, int8_t* out,
                         int8_t* scratch);

constexpr int32_t kHeliumDepthwiseMaxTaps = 64;

/// out_c = in_c, at most kHeliumDepthwiseMaxTaps taps. weights [taps][out_c], none is -128; the others as
/// above, but of each whole 16 channels in the order of helium::depthwise_place.
struct HeliumDepthwiseInt8Params {
  Window2d window;
  int32_t in_zero;
  int32_t out_zero, clamp_min, clamp_max;
  const int8_t* weights;
  const int32_t* bias;
  const int32_t* multiplier;
  const int32_t* shift;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("window", self.window);
    const size_t channels = (size_t(self.window.out_c) + 3) / 4 * 4;
    visitor.number("in_zero", self.in_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    const auto& w = self.window;
    visitor.array("weights", self.weights, size_t(w.filter_h) * size_t(w.filter_w) * size_t(w.out_c));
    visitor.array("bias", self.bias, channels);
    visitor.array("multiplier", self.multiplier, channels);
    visitor.array("shift", self.shift, channels);
  }
};

/// scratch: window_rows_bytes. out may overlap in row by row.
void helium_depthwise_conv_2d_int8(const HeliumDepthwiseInt8Params& params, const int8_t* in, int8_t* out,
                                   int8_t* scratch);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_WEIGHTED_INT8_H_
