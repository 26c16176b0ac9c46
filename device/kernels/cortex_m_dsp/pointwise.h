// Int8 1x1 convolutions for the Arm DSP extension, with a portable twin (see three_pixels.h and
// two_pixels.h).
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_POINTWISE_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_POINTWISE_H_

#include "device/kernels/cortex_m_dsp/two_pixels.h"

namespace tadpole {
namespace kernels {

/// Bytes of scratch: three pixels, widened, or two for quads.
constexpr int32_t dsp_pointwise_scratch_bytes(const Window2d& w, bool quads) {
  return quads ? dsp::quad_wide_bytes(w) : dsp::wide_bytes(w);
}

/// A filter of 1x1 without padding, any strides, any channels. When in_c is a multiple of 4, of each four
/// taps k the words are (k, k + 2) and (k + 1, k + 3), otherwise word k is (k, k + (in_c + 1) / 2). in and
/// scratch: 4-byte aligned. An output pixel is written after its own input has been read: out may overlap in
/// accordingly. Stack: 250 bytes.
void dsp_pointwise_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch);
/// The same for single lanes.
void dsp_pointwise_wide_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out,
                             int32_t* scratch);
/// The same, two pixels by four channels at a time.
void dsp_pointwise_quads_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out,
                              int32_t* scratch);
/// The same with dsp::PairedLoads.
void dsp_pointwise_quads_ldrd_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out,
                                   int32_t* scratch);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_POINTWISE_H_
