// Float32 convolution, depthwise convolution and dense layer: for calibration and for judging int8.
#ifndef TADPOLE_DEVICE_KERNELS_REF_CONV_2D_FLOAT_H_
#define TADPOLE_DEVICE_KERNELS_REF_CONV_2D_FLOAT_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// Shapes as Conv2dInt8Params. Weights are packed with output channels innermost:
/// [filter_h][filter_w][in_c][out_c]. Sums run in the order of the packed weights, starting from the bias.
struct Conv2dFloatParams {
  Window2d window;
  float clamp_min, clamp_max;
  const float* weights;
  const float* bias;  // [out_c]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("weights", self.weights, size_t(w.filter_h) * w.filter_w * w.in_c * w.out_c);
    visitor.array("bias", self.bias, size_t(w.out_c));
  }
};

struct DepthwiseConv2dFloatParams {
  Window2d window;
  float clamp_min, clamp_max;
  const float* weights;  // [filter_h][filter_w][out_c]
  const float* bias;     // [out_c]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("weights", self.weights, size_t(w.filter_h) * w.filter_w * w.out_c);
    visitor.array("bias", self.bias, size_t(w.out_c));
  }
};

/// in and out must not overlap. A dense layer is a convolution of a 1 x 1 map.
void conv_2d_float(const Conv2dFloatParams& params, const float* in, float* out);
void depthwise_conv_2d_float(const DepthwiseConv2dFloatParams& params, const float* in, float* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_CONV_2D_FLOAT_H_
