// Int8 convolutions for the Arm DSP extension, with a portable twin (see three_pixels.h for how they
// compute).
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_CONV_2D_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_CONV_2D_H_

#include "device/kernels/cortex_m_dsp/three_pixels.h"

namespace tadpole {
namespace kernels {

/// Bytes of scratch: three windows, widened, and one row of a window as padding.
constexpr int32_t dsp_conv_2d_scratch_bytes(const Window2d& w) {
  return dsp::wide_bytes(w) + w.filter_w * w.in_c;
}

/// in_c a multiple of 4. Of each four taps k in the window's order the words are (k, k + 2) and (k + 1, k +
/// 3). in and scratch: 4-byte aligned. An output pixel is written after its own window has been read: out may
/// overlap in accordingly. Stack: 350 bytes.
void dsp_conv_2d_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_CONV_2D_H_
