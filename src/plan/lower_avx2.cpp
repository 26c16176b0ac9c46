// The kernels for x86-64 with AVX2, where they can run.
#include "device/kernels/x86_avx2/layers_float.h"
#include "device/kernels/x86_avx2/layers_int8.h"
#include "plan/lower_simd.h"

namespace tadpole::plan {

const SimdSet* avx2_set() {
#if defined(__x86_64__)
  static const bool here = __builtin_cpu_supports("avx2");
  static const SimdSet set = {
      kernels::kAvx2Lanes,
      false,
      {TADPOLE_KERNEL("x86_avx2/layers_int8.h", SimdPointwiseInt8Params, avx2_pointwise_int8)},
      {TADPOLE_KERNEL("x86_avx2/layers_int8.h", SimdConv2dInt8Params, avx2_conv_2d_int8)},
      {TADPOLE_KERNEL("x86_avx2/layers_int8.h", SimdDepthwiseInt8Params, avx2_depthwise_conv_2d_int8)},
      {TADPOLE_KERNEL("x86_avx2/layers_int8.h", AddInt8Params, avx2_add_int8)},
      {TADPOLE_KERNEL("x86_avx2/layers_int8.h", Pool2dInt8Params, avx2_average_pool_2d_int8)},
      {TADPOLE_KERNEL("x86_avx2/layers_int8.h", Pool2dInt8Params, avx2_max_pool_2d_int8)},
      {TADPOLE_KERNEL("x86_avx2/layers_float.h", Conv2dFloatParams, avx2_conv_2d_float)},
      {TADPOLE_KERNEL("x86_avx2/layers_float.h", DepthwiseConv2dFloatParams, avx2_depthwise_conv_2d_float)},
  };
  return here ? &set : nullptr;
#else
  return nullptr;
#endif
}

}  // namespace tadpole::plan
