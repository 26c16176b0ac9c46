// The inner loop of convolutions for the Arm DSP extension: two pixels by all output channels, four channels
// at a time, in two lanes of two (three_pixels.h says how two channels share a lane). In assembly for
// Thumb-2, with a portable twin of the same bits.
// Fewer words are loaded for a product than with three pixels by two channels: more instructions, fewer
// cycles.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_TWO_PIXELS_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_TWO_PIXELS_H_

#include "device/kernels/cortex_m_dsp/three_pixels.h"

namespace tadpole {
namespace kernels {
namespace dsp {

/// What stays the same for all pixels of a layer, and where the next ones go. The assembly reads the members
/// up to finish.
struct TwoPixels {
  const int32_t* wide;      ///< pairs of taps of the two pixels: pixel p of word k at wide[2 * k + p]
  const int32_t* end;       ///< of the stream
  int8_t* out;              ///< of the first pixel
  int8_t* second;           ///< of the second pixel
  const int32_t* wide_end;  ///< where the words of the pixels end
  uintptr_t entry;          ///< where the first pass over the unrolled loop begins
  uintptr_t finish;         ///< what requantises
  const int32_t* stream;
  int32_t out_c;
};

/// Two loops that differ in how they load: register by register takes 15 cycles and 14 instructions for 16
/// products, in pairs (LDRD) 16 cycles and 12 instructions.
struct SingleLoads {
  /// The loop of a layer. `wide`: quad_wide_bytes.
  static TwoPixels start(const DspConv2dInt8Params& params, int32_t* wide, int8_t* out);
  /// Computes the channels of the first `count` of two widened pixels (1 or 2) and moves `out` on behind
  /// them. Stack: 110 bytes.
  static void compute(TwoPixels& loop, int32_t count);
};
struct PairedLoads {
  static TwoPixels start(const DspConv2dInt8Params& params, int32_t* wide, int8_t* out);
  static void compute(TwoPixels& loop, int32_t count);
};

/// Bytes of scratch for `wide`.
constexpr int32_t quad_wide_bytes(const Window2d& w) {
  return (w.filter_h * w.filter_w * w.in_c + 1) / 2 * 8;
}

}  // namespace dsp
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_TWO_PIXELS_H_
