// Int8 convolutions and dense layers for Thumb-1 (Cortex-M0, M0+): groups of 2 channels, see
// scalar/interleaved_int8.h.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M0_WEIGHTED_INT8_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M0_WEIGHTED_INT8_H_

#include "device/kernels/scalar/interleaved_int8.h"

namespace tadpole {
namespace kernels {

/// params.group is 2; scratch: filter_h * filter_w * in_c bytes. out may overlap in pixel by pixel.
void cortex_m0_conv_2d_int8(const InterleavedConv2dInt8Params& params, const int8_t* in, int8_t* out,
                            int8_t* scratch);

/// scratch: window_rows_bytes. out may overlap in row by row.
void cortex_m0_depthwise_conv_2d_int8(const InterleavedDepthwiseInt8Params& params, const int8_t* in,
                                      int8_t* out, int8_t* scratch);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M0_WEIGHTED_INT8_H_
