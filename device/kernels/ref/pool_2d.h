// Average and maximum over sliding windows, int8, int16 and float32. Padding does not count.
#ifndef TADPOLE_DEVICE_KERNELS_REF_POOL_2D_H_
#define TADPOLE_DEVICE_KERNELS_REF_POOL_2D_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// Int8 or int16. in and out have the same scale and zero point (TFLite requires it). Channels stay: out_c =
/// in_c; dilation 1.
struct Pool2dInt8Params {
  Window2d window;
  int32_t clamp_min, clamp_max;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("window", self.window);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
  }
};

struct Pool2dFloatParams {
  Window2d window;
  float clamp_min, clamp_max;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("window", self.window);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
  }
};

/// Mean of the stored values, rounded to nearest, halves away from zero. Source: TFLite AVERAGE_POOL_2D.
void average_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out);
void max_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out);
void average_pool_2d_int16(const Pool2dInt8Params& params, const int16_t* in, int16_t* out);
void max_pool_2d_int16(const Pool2dInt8Params& params, const int16_t* in, int16_t* out);
void average_pool_2d_float(const Pool2dFloatParams& params, const float* in, float* out);
void max_pool_2d_float(const Pool2dFloatParams& params, const float* in, float* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_POOL_2D_H_
