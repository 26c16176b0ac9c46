// Int8 convolutions without dilation for the Arm DSP extension, with a portable twin (see three_pixels.h and
// two_pixels.h).
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_CONV_ROWS_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_CONV_ROWS_H_

#include "device/kernels/cortex_m_dsp/padded_rows.h"
#include "device/kernels/cortex_m_dsp/two_pixels.h"

namespace tadpole {
namespace kernels {

/// Input rows that are held: those of an output row and of what three pixels from it reach.
constexpr int32_t dsp_conv_rows_held(const Window2d& w) {
  return w.filter_h + (w.out_w == 1 ? 2 : 1) * w.stride_h;
}
constexpr int32_t dsp_conv_rows_columns(const Window2d& w) { return (w.out_w - 1) * w.stride_w + w.filter_w; }

/// Bytes of scratch: three windows, widened, or two for quads, and the rows.
constexpr int32_t dsp_conv_rows_scratch_bytes(const Window2d& w, bool quads) {
  return (quads ? dsp::quad_wide_bytes(w) : dsp::wide_bytes(w)) +
         dsp_conv_rows_held(w) * dsp::padded_row_pitch(w, dsp_conv_rows_columns(w));
}

/// No dilation. When in_c is a multiple of 4, of each four taps k in the window's order the words are (k, k +
/// 2) and (k + 1, k + 3). Otherwise rows 2i and 2i + 1 of the window go together: word k is (tap k of the
/// one, tap k of the other); the last row of an odd number has words (k, k + (length + 1) / 2). in and
/// scratch: 4-byte aligned. All input of an output row has been read before the row is written: out may
/// overlap in accordingly. Stack: 300 bytes.
void dsp_conv_rows_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch);
/// The same for single lanes.
void dsp_conv_rows_wide_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out,
                             int32_t* scratch);
/// The same, two pixels by four channels at a time.
void dsp_conv_rows_quads_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out,
                              int32_t* scratch);
/// The same with dsp::PairedLoads.
void dsp_conv_rows_quads_ldrd_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out,
                                   int32_t* scratch);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_CONV_ROWS_H_
