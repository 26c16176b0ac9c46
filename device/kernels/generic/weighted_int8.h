// Portable fast int8 layers with weights. Equal to the reference to the bit; see plan/ for when they apply.
// Input offsets are folded into the bias: bias = original - in_zero * (sum of the channel's weights), and
// padding is read as in_zero, so that the inner loops are plain products.
#ifndef TADPOLE_DEVICE_KERNELS_GENERIC_WEIGHTED_INT8_H_
#define TADPOLE_DEVICE_KERNELS_GENERIC_WEIGHTED_INT8_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// A convolution, also a depthwise one of a single input channel.
struct GenericConv2dInt8Params {
  Window2d window;
  int32_t in_zero;
  int32_t out_zero, clamp_min, clamp_max;
  const int8_t* weights;      // [out_c][filter_h][filter_w][in_c]
  const int32_t* bias;        // [out_c], folded
  const int32_t* multiplier;  // [out_c]
  const int8_t* shift;        // [out_c]

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

/// scratch: filter_h * filter_w * in_c int16: one window, widened. An output pixel is written after its own
/// window has been read and before the next one is: out may overlap in accordingly.
void generic_conv_2d_int8(const GenericConv2dInt8Params& params, const int8_t* in, int8_t* out,
                          int16_t* scratch);

constexpr int32_t kGenericDepthwiseMaxTaps = 64;

/// A depthwise convolution with out_c = in_c and at most kGenericDepthwiseMaxTaps taps.
struct GenericDepthwiseConv2dInt8Params {
  Window2d window;
  int32_t in_zero;
  int32_t out_zero, clamp_min, clamp_max;
  const int8_t* weights;      // [filter_h][filter_w][out_c]
  const int32_t* bias;        // [out_c], folded
  const int32_t* multiplier;  // [out_c]
  const int8_t* shift;        // [out_c]

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

/// scratch: ((filter_h - 1) * dilation_h + 1) * in_w * in_c + in_c bytes: the input rows that an output row
/// reads, and one pixel of padding. Rows are copied there before the output row is written, so out may
/// overlap in accordingly; with SAME padding and stride 1 it may be in.
void generic_depthwise_conv_2d_int8(const GenericDepthwiseConv2dInt8Params& params, const int8_t* in,
                                    int8_t* out, int8_t* scratch);

/// in [rows, in_c], out [rows, out_c].
struct GenericFullyConnectedInt8Params {
  int32_t rows, in_c, out_c;
  int32_t out_zero, clamp_min, clamp_max;
  const int8_t* weights;      // [out_c][in_c]
  const int32_t* bias;        // [out_c], folded
  const int32_t* multiplier;  // [out_c]
  const int8_t* shift;        // [out_c]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("rows", self.rows);
    visitor.number("in_c", self.in_c);
    visitor.number("out_c", self.out_c);
    visitor.number("out_zero", self.out_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("weights", self.weights, size_t(self.out_c) * self.in_c);
    visitor.array("bias", self.bias, size_t(self.out_c));
    visitor.array("multiplier", self.multiplier, size_t(self.out_c));
    visitor.array("shift", self.shift, size_t(self.out_c));
  }
};

/// in and out must not overlap.
void generic_fully_connected_int8(const GenericFullyConnectedInt8Params& params, const int8_t* in,
                                  int8_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_GENERIC_WEIGHTED_INT8_H_
