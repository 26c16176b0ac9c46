// The loops of simd/ compiled for AVX2. The instruction set is switched on for this code alone, so that the
// program still starts on any x86-64.
#include "device/kernels/x86_avx2/layers_float.h"

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
#include "device/kernels/simd/float_loops.h"

namespace tadpole {
namespace kernels {

void avx2_conv_2d_float(const Conv2dFloatParams& params, const float* in, float* out) {
  conv_float(params, in, out);
}

void avx2_depthwise_conv_2d_float(const DepthwiseConv2dFloatParams& params, const float* in, float* out) {
  depthwise_float(params, in, out);
}

}  // namespace kernels
}  // namespace tadpole

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif  // __x86_64__
