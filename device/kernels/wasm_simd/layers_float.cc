// The loops of simd/ for WebAssembly programs built with -msimd128.
#include "device/kernels/wasm_simd/layers_float.h"

#if defined(__wasm_simd128__)

#include "device/kernels/wasm_simd/vector.h"
//
#include "device/kernels/simd/float_loops.h"

namespace tadpole {
namespace kernels {

void wasm_conv_2d_float(const Conv2dFloatParams& params, const float* in, float* out) {
  conv_float(params, in, out);
}

void wasm_depthwise_conv_2d_float(const DepthwiseConv2dFloatParams& params, const float* in, float* out) {
  depthwise_float(params, in, out);
}

}  // namespace kernels
}  // namespace tadpole

#endif  // __wasm_simd128__
