// Layers with int16 activations (zero point 0) and int8 weights, "int16x8". A dense layer is a convolution of
// a 1 x 1 map. Sources: TFLite reference integer_ops/conv.h, depthwise_conv.h, fully_connected.h.
#ifndef TADPOLE_DEVICE_KERNELS_REF_WEIGHTED_INT16_H_
#define TADPOLE_DEVICE_KERNELS_REF_WEIGHTED_INT16_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// Shapes as Conv2dInt8Params. Sums of 64 bits: out = requantise_64(bias + sum in * weight), clamped.
struct Conv2dInt16Params {
  Window2d window;
  int32_t clamp_min, clamp_max;
  const int8_t* weights;      // [out_c][filter_h][filter_w][in_c]
  const int32_t* bias;        // [out_c] of two words, see number_64
  const int16_t* multiplier;  // [out_c], see requantise_64
  const int8_t* right_shift;  // [out_c]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("weights", self.weights, size_t(w.out_c) * w.filter_h * w.filter_w * w.in_c);
    visitor.array("bias", self.bias, size_t(w.out_c) * 2);
    visitor.array("multiplier", self.multiplier, size_t(w.out_c));
    visitor.array("right_shift", self.right_shift, size_t(w.out_c));
  }
};

/// The same for a layer whose bias is int32 or absent: TFLite then adds up in 32 bits and rounds twice. Where
/// its sum would overflow, this one is held at the limit.
struct Conv2dInt16Sum32Params {
  Window2d window;
  int32_t clamp_min, clamp_max;
  const int8_t* weights;      // as above
  const int32_t* bias;        // [out_c]
  const int32_t* multiplier;  // [out_c], see multiply_by_quantized_multiplier
  const int32_t* shift;       // [out_c]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("weights", self.weights, size_t(w.out_c) * w.filter_h * w.filter_w * w.in_c);
    visitor.array("bias", self.bias, size_t(w.out_c));
    visitor.array("multiplier", self.multiplier, size_t(w.out_c));
    visitor.array("shift", self.shift, size_t(w.out_c));
  }
};

/// Shapes as DepthwiseConv2dInt8Params; sums of 64 bits.
struct DepthwiseConv2dInt16Params {
  Window2d window;
  int32_t clamp_min, clamp_max;
  const int8_t* weights;      // [filter_h][filter_w][out_c]
  const int32_t* bias;        // [out_c] of two words
  const int16_t* multiplier;  // [out_c]
  const int8_t* right_shift;  // [out_c]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("weights", self.weights, size_t(w.filter_h) * w.filter_w * w.out_c);
    visitor.array("bias", self.bias, size_t(w.out_c) * 2);
    visitor.array("multiplier", self.multiplier, size_t(w.out_c));
    visitor.array("right_shift", self.right_shift, size_t(w.out_c));
  }
};

/// Any stride, padding and dilation. in and out must not overlap.
void conv_2d_int16(const Conv2dInt16Params& params, const int16_t* in, int16_t* out);
void conv_2d_int16_sum_32(const Conv2dInt16Sum32Params& params, const int16_t* in, int16_t* out);
void depthwise_conv_2d_int16(const DepthwiseConv2dInt16Params& params, const int16_t* in, int16_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_WEIGHTED_INT16_H_
