// Int8 convolutions and dense layers for RV32IMC: groups of 4 channels, see scalar/interleaved_int8.h.
#ifndef TADPOLE_DEVICE_KERNELS_RV32_WEIGHTED_INT8_H_
#define TADPOLE_DEVICE_KERNELS_RV32_WEIGHTED_INT8_H_

#include "device/kernels/scalar/interleaved_int8.h"

namespace tadpole {
namespace kernels {

/// params.group is 4; scratch: filter_h * filter_w * in_c bytes. out may overlap in pixel by pixel.
void rv32_conv_2d_int8(const InterleavedConv2dInt8Params& params, const int8_t* in, int8_t* out,
                       int8_t* scratch);

/// scratch: window_rows_bytes. out may overlap in row by row.
void rv32_depthwise_conv_2d_int8(const InterleavedDepthwiseInt8Params& params, const int8_t* in, int8_t* out,
                                 int8_t* scratch);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_RV32_WEIGHTED_INT8_H_
