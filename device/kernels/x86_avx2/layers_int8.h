// Int8 layers for x86-64 with AVX2. Equal to the reference to the bit; only for processors that have it.
#ifndef TADPOLE_DEVICE_KERNELS_X86_AVX2_LAYERS_INT8_H_
#define TADPOLE_DEVICE_KERNELS_X86_AVX2_LAYERS_INT8_H_

#include "device/kernels/ref/add.h"
#include "device/kernels/ref/pool_2d.h"
#include "device/kernels/simd/layers_int8.h"

namespace tadpole {
namespace kernels {

constexpr int32_t kAvx2Lanes = 8;

/// params.lanes == kAvx2Lanes. Scratch and overlap as layers_int8.h says.
void avx2_pointwise_int8(const SimdPointwiseInt8Params& params, const int8_t* in, int8_t* out,
                         int16_t* scratch);
void avx2_conv_2d_int8(const SimdConv2dInt8Params& params, const int8_t* in, int8_t* out, int16_t* scratch);
void avx2_depthwise_conv_2d_int8(const SimdDepthwiseInt8Params& params, const int8_t* in, int8_t* out,
                                 int16_t* scratch);

/// As ref/add.h; the last dimension must be contiguous in both inputs.
void avx2_add_int8(const AddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out);
/// As ref/pool_2d.h; a window holds fewer than 2^16 pixels.
void avx2_average_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out);
void avx2_max_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_X86_AVX2_LAYERS_INT8_H_
