// The interleaved loops with 2 channels at a time.
#include "device/kernels/cortex_m0/weighted_int8.h"

namespace tadpole {
namespace kernels {

void cortex_m0_conv_2d_int8(const InterleavedConv2dInt8Params& params, const int8_t* in, int8_t* out,
                            int8_t* scratch) {
  scalar::conv_2d<scalar::TwoRows>(params, in, out, scratch);
}

void cortex_m0_depthwise_conv_2d_int8(const InterleavedDepthwiseInt8Params& params, const int8_t* in,
                                      int8_t* out, int8_t* scratch) {
  scalar::depthwise_conv_2d(params, in, out, scratch);
}

}  // namespace kernels
}  // namespace tadpole
