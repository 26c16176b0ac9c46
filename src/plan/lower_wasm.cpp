// The kernels for WebAssembly with 128-bit vectors, in programs built with them.
#include "device/kernels/wasm_simd/layers_float.h"
#include "device/kernels/wasm_simd/layers_int8.h"
#include "plan/lower_simd.h"

namespace tadpole::plan {

const SimdSet* wasm_simd_set() {
#if defined(__wasm_simd128__)
  static const SimdSet set = {
      kernels::kWasmSimdLanes,
      true,
      {TADPOLE_KERNEL("wasm_simd/layers_int8.h", SimdPointwiseInt8Params, wasm_pointwise_int8)},
      {TADPOLE_KERNEL("wasm_simd/layers_int8.h", SimdConv2dInt8Params, wasm_conv_2d_int8)},
      {TADPOLE_KERNEL("wasm_simd/layers_int8.h", SimdDepthwiseInt8Params, wasm_depthwise_conv_2d_int8)},
      {TADPOLE_KERNEL("wasm_simd/layers_int8.h", AddInt8Params, wasm_add_int8)},
      {TADPOLE_KERNEL("wasm_simd/layers_int8.h", Pool2dInt8Params, wasm_average_pool_2d_int8)},
      {TADPOLE_KERNEL("wasm_simd/layers_int8.h", Pool2dInt8Params, wasm_max_pool_2d_int8)},
      {TADPOLE_KERNEL("wasm_simd/layers_float.h", Conv2dFloatParams, wasm_conv_2d_float)},
      {TADPOLE_KERNEL("wasm_simd/layers_float.h", DepthwiseConv2dFloatParams, wasm_depthwise_conv_2d_float)},
  };
  return &set;
#else
  return nullptr;
#endif
}

}  // namespace tadpole::plan
