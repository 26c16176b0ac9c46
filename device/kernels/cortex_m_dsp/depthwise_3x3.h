// Int8 depthwise convolution 3x3 for the Arm DSP extension, with a portable twin (see intrinsics.h).
// Four channels at a time are spread into rows of 16-bit pairs, so that one multiply-accumulate takes two
// neighbours.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_DEPTHWISE_3X3_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_DEPTHWISE_3X3_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// 3x3, no dilation, stride 1 or 2 (both alike), pads of at most 1, channels a multiple of 4, one batch.
/// |accumulators| <= dsp::kMaxAccumulator.
struct DspDepthwise3x3Int8Params {
  Window2d window;
  int32_t in_zero;
  int32_t clamp_min, clamp_max;
  int32_t relu;           // 1: clamps to [-128, 127] with zero point -128
  const int8_t* weights;  // [channels][3][3]
  const int32_t*
      channels;  // [channels][4]: 256 * folded bias, multiplier, requantise_offset, 7 + right shift

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("window", self.window);
    visitor.number("in_zero", self.in_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.number("relu", self.relu);
    visitor.array("weights", self.weights, size_t(self.window.in_c) * 9);
    visitor.array("channels", self.channels, size_t(self.window.in_c) * 4);
  }
};

/// Words of one row of pairs.
constexpr int32_t dsp_depthwise_row_words(int32_t out_w, int32_t stride) {
  return ((out_w - 1) * stride + 3) / 2 + 1;
}
/// Bytes of scratch: three rows of four channels and one of padding.
constexpr int32_t dsp_depthwise_scratch_bytes(int32_t out_w, int32_t stride) {
  return 52 * dsp_depthwise_row_words(out_w, stride);
}

/// in: 4-byte aligned. out may be in when both have the same shape; otherwise they must not overlap.
void dsp_depthwise_3x3_int8(const DspDepthwise3x3Int8Params& params, const int8_t* in, int8_t* out,
                            int32_t* scratch);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_DEPTHWISE_3X3_H_
