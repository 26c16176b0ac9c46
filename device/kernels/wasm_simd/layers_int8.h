// Int8 layers for WebAssembly with 128-bit vectors. Equal to the reference to the bit.
#ifndef TADPOLE_DEVICE_KERNELS_WASM_SIMD_LAYERS_INT8_H_
#define TADPOLE_DEVICE_KERNELS_WASM_SIMD_LAYERS_INT8_H_

#include "device/kernels/ref/add.h"
#include "device/kernels/ref/pool_2d.h"
#include "device/kernels/simd/layers_int8.h"

namespace tadpole {
namespace kernels {

constexpr int32_t kWasmSimdLanes = 4;

/// params.lanes == kWasmSimdLanes. Scratch and overlap as layers_int8.h says.
void wasm_pointwise_int8(const SimdPointwiseInt8Params& params, const int8_t* in, int8_t* out,
                         int16_t* scratch);
void wasm_conv_2d_int8(const SimdConv2dInt8Params& params, const int8_t* in, int8_t* out, int16_t* scratch);
void wasm_depthwise_conv_2d_int8(const SimdDepthwiseInt8Params& params, const int8_t* in, int8_t* out,
                                 int16_t* scratch);

/// As ref/add.h; the last dimension must be contiguous in both inputs.
void wasm_add_int8(const AddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out);
/// As ref/pool_2d.h; a window holds fewer than 2^16 pixels.
void wasm_average_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out);
void wasm_max_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_WASM_SIMD_LAYERS_INT8_H_
