// Int8 layers whose weights stay packed as int4, two a byte, the earlier one in the low half: half the flash,
// for more instructions. The arithmetic is that of the int8 layers, as in TFLite Micro, which unpacks before
// it computes. A dense layer is a convolution of a 1 x 1 map.
#ifndef TADPOLE_DEVICE_KERNELS_REF_WEIGHTED_INT4_H_
#define TADPOLE_DEVICE_KERNELS_REF_WEIGHTED_INT4_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// As Conv2dInt8Params but for the weights.
struct Conv2dInt4Params {
  Window2d window;
  int32_t in_zero, out_zero;
  int32_t clamp_min, clamp_max;
  const int8_t* weights;      // [out_c][filter_h][filter_w][in_c], packed as one row
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
    visitor.array("weights", self.weights, (size_t(w.out_c) * w.filter_h * w.filter_w * w.in_c + 1) / 2);
    visitor.array("bias", self.bias, size_t(w.out_c));
    visitor.array("multiplier", self.multiplier, size_t(w.out_c));
    visitor.array("shift", self.shift, size_t(w.out_c));
  }
};

/// As DepthwiseConv2dInt8Params but for the weights.
struct DepthwiseConv2dInt4Params {
  Window2d window;
  int32_t in_zero, out_zero;
  int32_t clamp_min, clamp_max;
  const int8_t* weights;      // [filter_h][filter_w][out_c], packed as one row
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
    visitor.array("weights", self.weights, (size_t(w.filter_h) * w.filter_w * w.out_c + 1) / 2);
    visitor.array("bias", self.bias, size_t(w.out_c));
    visitor.array("multiplier", self.multiplier, size_t(w.out_c));
    visitor.array("shift", self.shift, size_t(w.out_c));
  }
};

/// Any stride, padding and dilation. in and out must not overlap.
void conv_2d_int4(const Conv2dInt4Params& params, const int8_t* in, int8_t* out);
void depthwise_conv_2d_int4(const DepthwiseConv2dInt4Params& params, const int8_t* in, int8_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_WEIGHTED_INT4_H_
