// Reference int8 convolution: the judge of all faster ones. Source: TFLite int8 specification, CONV_2D.
#ifndef TADPOLE_DEVICE_KERNELS_REF_CONV_2D_INT8_H_
#define TADPOLE_DEVICE_KERNELS_REF_CONV_2D_INT8_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// in [batches, in_h, in_w, in_c], out [batches, out_h, out_w, out_c]; padding is the input's zero point.
/// acc = bias + sum (in - in_zero) * weight, |acc| < 2^31; out = requantise(acc) + out_zero, clamped.
struct Conv2dInt8Params {
  Window2d window;
  int32_t in_zero, out_zero;
  int32_t clamp_min, clamp_max;  // activation, in the output's int8 steps
  const int8_t* weights;         // [out_c][filter_h][filter_w][in_c]
  const int32_t* bias;           // [out_c], scale in_scale * weight_scale
  const int32_t* multiplier;     // [out_c], see multiply_by_quantized_multiplier
  const int32_t* shift;          // [out_c]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("in_zero", self.in_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("weights", self.weights, size_t(w.out_c) * w.filter_h * w.filter_w * w.in_c);
    visitor.array("bias", self.bias, size_t(w.out_c));
    visitor.array("multiplier", self.multiplier, size_t(w.out_c));
    visitor.array("shift", self.shift, size_t(w.out_c));
  }
};

/// Any stride, padding and dilation. in and out must not overlap.
void conv_2d_int8(const Conv2dInt8Params& params, const int8_t* in, int8_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_CONV_2D_INT8_H_
