// Transposed convolution: what each output value gathers from the inputs that a convolution would have sent
// it.
#ifndef TADPOLE_DEVICE_KERNELS_REF_TRANSPOSE_CONV_H_
#define TADPOLE_DEVICE_KERNELS_REF_TRANSPOSE_CONV_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// The window is read the other way round than in a convolution: output (y, x) gets input (i, j) through tap
/// (y + pad_top - i * stride_h, x + pad_left - j * stride_w) where there is one. Dilation 1.
struct TransposeConvInt8Params {
  Window2d window;
  int32_t in_zero, out_zero;
  int32_t clamp_min, clamp_max;
  const int8_t* weights;      // [out_c][filter_h][filter_w][in_c]
  const int32_t* bias;        // [out_c]
  const int32_t* multiplier;  // [out_c], see multiply_by_quantized_multiplier
  const int32_t* shift;       // [out_c]

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

/// Int16 activations with zero point 0, sums of 64 bits.
struct TransposeConvInt16Params {
  Window2d window;
  int32_t clamp_min, clamp_max;
  const int8_t* weights;      // as above
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

struct TransposeConvFloatParams {
  Window2d window;
  float clamp_min, clamp_max;
  const float* weights;  // as above
  const float* bias;     // [out_c]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("weights", self.weights, size_t(w.out_c) * w.filter_h * w.filter_w * w.in_c);
    visitor.array("bias", self.bias, size_t(w.out_c));
  }
};

/// Float activations with int8 weights ("dynamic range"): each product is that of the stored weight; the sum
/// is scaled. TFLite has no such kernel: its converter puts a DEQUANTIZE before the weights, of which this is
/// the result but for the rounding of each weight times its scale.
struct TransposeConvHybridParams {
  Window2d window;
  float clamp_min, clamp_max;
  const int8_t* weights;  // as above
  const float* scale;     // [out_c], of the weights
  const float* bias;      // [out_c]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("weights", self.weights, size_t(w.out_c) * w.filter_h * w.filter_w * w.in_c);
    visitor.array("scale", self.scale, size_t(w.out_c));
    visitor.array("bias", self.bias, size_t(w.out_c));
  }
};

/// in and out must not overlap. Source: TFLite reference TransposeConv; floats are added in its order (inputs
/// row by row, the bias last), so that they have its bits.
void transpose_conv_int8(const TransposeConvInt8Params& params, const int8_t* in, int8_t* out);
void transpose_conv_int16(const TransposeConvInt16Params& params, const int16_t* in, int16_t* out);
void transpose_conv_float(const TransposeConvFloatParams& params, const float* in, float* out);
void transpose_conv_hybrid(const TransposeConvHybridParams& params, const float* in, float* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_TRANSPOSE_CONV_H_
