// Reference int8 depthwise convolution. Source: TFLite int8 specification, DEPTHWISE_CONV_2D.
#ifndef TADPOLE_DEVICE_KERNELS_REF_DEPTHWISE_CONV_2D_INT8_H_
#define TADPOLE_DEVICE_KERNELS_REF_DEPTHWISE_CONV_2D_INT8_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// Output channel o reads input channel o / (out_c / in_c). Otherwise as Conv2dInt8Params.
struct DepthwiseConv2dInt8Params {
  Window2d window;
  int32_t in_zero, out_zero;
  int32_t clamp_min, clamp_max;
  const int8_t* weights;      // [filter_h][filter_w][out_c]
  const int32_t* bias;        // [out_c]
  const int32_t* multiplier;  // [out_c]
  const int32_t* shift;       // [out_c]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("in_zero", self.in_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("weights", self.weights, size_t(w.filter_h) * w.filter_w * w.out_c);
    visitor.array("bias", self.bias, size_t(w.out_c));
    visitor.array("multiplier", self.multiplier, size_t(w.out_c));
    visitor.array("shift", self.shift, size_t(w.out_c));
  }
};

/// Any stride, padding and dilation. in and out must not overlap.
void depthwise_conv_2d_int8(const DepthwiseConv2dInt8Params& params, const int8_t* in, int8_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_DEPTHWISE_CONV_2D_INT8_H_
