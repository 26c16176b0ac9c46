// The pixels that a convolution computes at once, as types: how they are widened and summed.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_PIXEL_GROUPS_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_PIXEL_GROUPS_H_

#include "device/kernels/cortex_m_dsp/two_pixels.h"
#include "device/kernels/cortex_m_dsp/widen.h"

namespace tadpole {
namespace kernels {
namespace dsp {

/// `at`: bytes from `from` to each pixel. widen, pair and fold are those of widen.h.
template <void (*kCompute)(ThreePixels&, int32_t)>
struct Threes {
  static constexpr int32_t kPixels = 3;
  using Loop = ThreePixels;
  static Loop start(const DspConv2dInt8Params& params, int32_t* wide, int8_t* out) {
    return three_pixels(params, wide, out);
  }
  static int32_t* widen(const int8_t* from, const int32_t* at, int32_t count, int32_t* wide) {
    return widen_three(from + at[0], from + at[1], from + at[2], count, wide);
  }
  static int32_t* pair(const int8_t* low, const int8_t* high, int32_t count, const int32_t* at,
                       int32_t* wide) {
    return pair_three(low + at[0], high + at[0], count, at[1] - at[0], at[2] - at[0], wide);
  }
  static int32_t* fold(const int8_t* row, int32_t count, const int32_t* at, int32_t* wide) {
    return fold_three(row + at[0], count, at[1] - at[0], at[2] - at[0], wide);
  }
  static void compute(Loop& loop, int32_t count) { kCompute(loop, count); }
};

/// Loads: SingleLoads or PairedLoads.
template <class Loads>
struct Twos {
  static constexpr int32_t kPixels = 2;
  using Loop = TwoPixels;
  static Loop start(const DspConv2dInt8Params& params, int32_t* wide, int8_t* out) {
    return Loads::start(params, wide, out);
  }
  static int32_t* widen(const int8_t* from, const int32_t* at, int32_t count, int32_t* wide) {
    return widen_two(from + at[0], from + at[1], count, wide);
  }
  static int32_t* pair(const int8_t* low, const int8_t* high, int32_t count, const int32_t* at,
                       int32_t* wide) {
    return pair_two(low + at[0], high + at[0], count, at[1] - at[0], wide);
  }
  static int32_t* fold(const int8_t* row, int32_t count, const int32_t* at, int32_t* wide) {
    return fold_two(row + at[0], count, at[1] - at[0], wide);
  }
  static void compute(Loop& loop, int32_t count) { Loads::compute(loop, count); }
};

}  // namespace dsp
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_PIXEL_GROUPS_H_
