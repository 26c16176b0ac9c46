// The loops of simd/ for WebAssembly programs built with -msimd128.
#include "device/kernels/wasm_simd/layers_int8.h"

#if defined(__wasm_simd128__)

#include "device/kernels/wasm_simd/vector.h"
//
#include "device/kernels/simd/layers_int8_loops.h"
#include "device/kernels/simd/simple_int8_loops.h"

namespace tadpole {
namespace kernels {

void wasm_pointwise_int8(const SimdPointwiseInt8Params& params, const int8_t* in, int8_t* out,
                         int16_t* scratch) {
  pointwise(params, in, out, scratch);
}

void wasm_conv_2d_int8(const SimdConv2dInt8Params& params, const int8_t* in, int8_t* out, int16_t* scratch) {
  conv_2d(params, in, out, scratch);
}

void wasm_depthwise_conv_2d_int8(const SimdDepthwiseInt8Params& params, const int8_t* in, int8_t* out,
                                 int16_t* scratch) {
  depthwise_conv_2d(params, in, out, scratch);
}

void wasm_add_int8(const AddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out) {
  add_rows(params, a, b, out);
}

void wasm_average_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out) {
  pool<Averaging>(params, in, out);
}

void wasm_max_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out) {
  pool<Maximum>(params, in, out);
}

}  // namespace kernels
}  // namespace tadpole

#endif  // __wasm_simd128__
