// The loops of simd/ compiled for AVX2. The instruction set is switched on for this code alone, so that the
// program still starts on any x86-64.
#include "device/kernels/x86_avx2/layers_int8.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

#include "device/kernels/x86_avx2/vector.h"
//
#include "device/kernels/simd/layers_int8_loops.h"
#include "device/kernels/simd/simple_int8_loops.h"

namespace tadpole {
namespace kernels {

void avx2_pointwise_int8(const SimdPointwiseInt8Params& params, const int8_t* in, int8_t* out,
                         int16_t* scratch) {
  pointwise(params, in, out, scratch);
}

void avx2_conv_2d_int8(const SimdConv2dInt8Params& params, const int8_t* in, int8_t* out, int16_t* scratch) {
  conv_2d(params, in, out, scratch);
}

void avx2_depthwise_conv_2d_int8(const SimdDepthwiseInt8Params& params, const int8_t* in, int8_t* out,
                                 int16_t* scratch) {
  depthwise_conv_2d(params, in, out, scratch);
}

void avx2_add_int8(const AddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out) {
  add_rows(params, a, b, out);
}

void avx2_average_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out) {
  pool<Averaging>(params, in, out);
}

void avx2_max_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out) {
  pool<Maximum>(params, in, out);
}

}  // namespace kernels
}  // namespace tadpole

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif  // __x86_64__
