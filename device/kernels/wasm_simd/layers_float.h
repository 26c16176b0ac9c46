// Float32 layers for WebAssembly with 128-bit vectors. Equal to the reference to the bit.
#ifndef TADPOLE_DEVICE_KERNELS_WASM_SIMD_LAYERS_FLOAT_H_
#define TADPOLE_DEVICE_KERNELS_WASM_SIMD_LAYERS_FLOAT_H_

#include "device/kernels/ref/conv_2d_float.h"

namespace tadpole {
namespace kernels {

/// As ref/conv_2d_float.h.
void wasm_conv_2d_float(const Conv2dFloatParams& params, const float* in, float* out);
/// As ref/conv_2d_float.h, for as many output channels as input channels.
void wasm_depthwise_conv_2d_float(const DepthwiseConv2dFloatParams& params, const float* in, float* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_WASM_SIMD_LAYERS_FLOAT_H_
