// Int8 depthwise convolution 3x3 for the Arm DSP extension, with a portable twin (see intrinsics.h). Four
// channels at a time are spread into rows of 16-bit pairs, padding included, so that one multiply-accumulate
// takes two neighbours, borders cost nothing and the result can go back in place. A map is cut into strips of
// a few output columns; a strip's row has a fixed place, so that the loop down the rows needs one pointer.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_DEPTHWISE_3X3_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_DEPTHWISE_3X3_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// 3x3, no dilation, stride 1 or 2 (both alike), pads of at most 1 on each side, one batch, any channels.
/// An output is ssat8(t >> F) with t = offset + floor(x * multiplier / 2^32) - (x < 0 ? A * 2^(s-1) : 0) and
/// x = 2^s * (sum with folded bias) modulo 2^32, then held to [clamp_min, clamp_max]; plan/ chooses s, F, A
/// (0 or 1), multiplier and offset so that this equals the specification on every sum that the channel can
/// reach.
struct DspDepthwise3x3Int8Params {
  Window2d window;
  int32_t in_zero;
  int32_t clamp_min, clamp_max;
  int32_t strips;      // held at once: all when out may be in, otherwise any number that divides all
  int32_t plane_rows;  // of a strip, held at once: 3 + a multiple of the stride
  /// [channels][6]: the three rows of weights, four bytes each, with s, F and A above the first, second
  /// and third; then 2^s * folded bias, multiplier, offset.
  const int32_t* channels;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("window", self.window);
    visitor.number("in_zero", self.in_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.number("strips", self.strips);
    visitor.number("plane_rows", self.plane_rows);
    visitor.array("channels", self.channels, size_t(self.window.in_c) * 6);
  }
};

constexpr int32_t kDspDepthwiseNumbers = 6;  // of each channel
/// F of the kernels with a fixed shift: one instruction less for each output.
constexpr int32_t kDspDepthwiseShift = 10;

/// Strips that cover a map.
constexpr int32_t dsp_depthwise_strips(int32_t out_w, int32_t strip_w) {
  return (out_w + strip_w - 1) / strip_w;
}
/// Bytes of scratch: four channels of four words for each row of each strip that is held.
constexpr int32_t dsp_depthwise_scratch_bytes(int32_t strips, int32_t plane_rows) {
  return strips * plane_rows * 64;
}

/// The kernels: one for each stride and width of the strips, which is at most out_w; the last strip overlaps
/// the one before it where the width does not divide out_w; s1_w3 is for maps of 3 columns with padding on
/// both sides only. `words`: channels are a multiple of 4 and `in` is 4-byte aligned. `fixed`: F is
/// kDspDepthwiseShift and A is 0 in every channel. out may be in when both have the same shape; otherwise
/// they must not overlap.
#define TADPOLE_DSP_DEPTHWISE_3X3_SHAPES(visit) \
  visit(1, 6) visit(1, 5) visit(1, 4) visit(1, 3) visit(1, 1) visit(2, 3) visit(2, 1)
#define TADPOLE_DSP_DEPTHWISE_3X3_DECLARE(stride, strip)                                                 \
  void dsp_depthwise_3x3_s##stride##_w##strip##_words_fixed(                                             \
      const DspDepthwise3x3Int8Params& params, const int8_t* in, int8_t* out, int32_t* scratch);         \
  void dsp_depthwise_3x3_s##stride##_w##strip##_words(const DspDepthwise3x3Int8Params& params,           \
                                                      const int8_t* in, int8_t* out, int32_t* scratch);  \
  void dsp_depthwise_3x3_s##stride##_w##strip##_fixed(const DspDepthwise3x3Int8Params& params,           \
                                                      const int8_t* in, int8_t* out, int32_t* scratch);  \
  void dsp_depthwise_3x3_s##stride##_w##strip(const DspDepthwise3x3Int8Params& params, const int8_t* in, \
                                              int8_t* out, int32_t* scratch);
TADPOLE_DSP_DEPTHWISE_3X3_SHAPES(TADPOLE_DSP_DEPTHWISE_3X3_DECLARE)
#undef TADPOLE_DSP_DEPTHWISE_3X3_DECLARE

// For a runner's table, see params.h.
#define TADPOLE_DSP_DEPTHWISE_3X3_ENTRIES(stride, strip)                      \
  TADPOLE_KERNEL_ENTRY(dsp_depthwise_3x3_s##stride##_w##strip##_words_fixed), \
      TADPOLE_KERNEL_ENTRY(dsp_depthwise_3x3_s##stride##_w##strip##_words),   \
      TADPOLE_KERNEL_ENTRY(dsp_depthwise_3x3_s##stride##_w##strip##_fixed),   \
      TADPOLE_KERNEL_ENTRY(dsp_depthwise_3x3_s##stride##_w##strip),
#define TADPOLE_KERNEL_ENTRIES_DSP_DEPTHWISE_3X3 \
  TADPOLE_DSP_DEPTHWISE_3X3_SHAPES(TADPOLE_DSP_DEPTHWISE_3X3_ENTRIES)

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_DEPTHWISE_3X3_H_
