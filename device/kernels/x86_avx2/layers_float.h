// Float32 layers for x86-64 with AVX2. Equal to the reference to the bit; only for processors that have it.
#ifndef TADPOLE_DEVICE_KERNELS_X86_AVX2_LAYERS_FLOAT_H_
#define TADPOLE_DEVICE_KERNELS_X86_AVX2_LAYERS_FLOAT_H_

#include "device/kernels/ref/conv_2d_float.h"

namespace tadpole {
namespace kernels {

/// As ref/conv_2d_float.h.
void avx2_conv_2d_float(const Conv2dFloatParams& params, const float* in, float* out);
/// As ref/conv_2d_float.h, for as many output channels as input channels.
void avx2_depthwise_conv_2d_float(const DepthwiseConv2dFloatParams& params, const float* in, float* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_X86_AVX2_LAYERS_FLOAT_H_
