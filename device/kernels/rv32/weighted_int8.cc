// The interleaved loops with 4 channels at a time.
#include "device/kernels/rv32/weighted_int8.h"

namespace tadpole {
namespace kernels {

void rv32_conv_2d_int8(const InterleavedConv2dInt8Params& params, const int8_t* in, int8_t* out,
                       int8_t* scratch) {
  scalar::conv_2d<scalar::FourSideBySide>(params, in, out, scratch);
}

void rv32_depthwise_conv_2d_int8(const InterleavedDepthwiseInt8Params& params, const int8_t* in, int8_t* out,
                                 int8_t* scratch) {
  scalar::depthwise_conv_2d(params, in, out, scratch);
}

}  // namespace kernels
}  // namespace tadpole
