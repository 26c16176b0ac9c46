// Int8 pools and means over the map for the Arm DSP extension, with a portable twin (see intrinsics.h): four
// channels in a word where the channels are a multiple of 4, one at a time otherwise.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_POOL_2D_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_POOL_2D_H_

#include "device/kernels/ref/pool_2d.h"

namespace tadpole {
namespace kernels {

/// As in ref/pool_2d.h; in and out 4-byte aligned.
void dsp_average_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out);
void dsp_max_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out);

/// in [batches, count, channels], out [batches, channels]: the sum over count, requantised as
/// multiply_by_quantized_multiplier(sum - count * in_zero) + out_zero, held to int8.
struct DspMeanInt8Params {
  int32_t batches, count, channels;
  int32_t in_zeros;  // count * in_zero
  int32_t out_zero;
  int32_t multiplier, shift;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("batches", self.batches);
    visitor.number("count", self.count);
    visitor.number("channels", self.channels);
    visitor.number("in_zeros", self.in_zeros);
    visitor.number("out_zero", self.out_zero);
    visitor.number("multiplier", self.multiplier);
    visitor.number("shift", self.shift);
  }
};

/// in and out 4-byte aligned; they must not overlap.
void dsp_mean_int8(const DspMeanInt8Params& params, const int8_t* in, int8_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_POOL_2D_H_
