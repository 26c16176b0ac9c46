// Softmax over the last axis, int8 and float32. No libm: see float_functions.h.
#ifndef TADPOLE_DEVICE_KERNELS_REF_SOFTMAX_H_
#define TADPOLE_DEVICE_KERNELS_REF_SOFTMAX_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// in [rows, cols], real = in_scale * (q - zero). out: same shape, scale 1/256, zero point -128.
/// multiplier and shift hold beta * in_scale in steps of 2^-26; differences below diff_min give -128.
/// Source: TFLite int8 specification, SOFTMAX; gemmlowp's fixed-point exp and 1 / (1 + x).
struct SoftmaxInt8Params {
  int32_t rows, cols;
  int32_t multiplier, shift;  // shift in [0, 30]
  int32_t diff_min;           // <= 0

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("rows", self.rows);
    visitor.number("cols", self.cols);
    visitor.number("multiplier", self.multiplier);
    visitor.number("shift", self.shift);
    visitor.number("diff_min", self.diff_min);
  }
};

struct SoftmaxFloatParams {
  int32_t rows, cols;
  float beta;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("rows", self.rows);
    visitor.number("cols", self.cols);
    visitor.number("beta", self.beta);
  }
};

/// cols <= 4095, so that the sum of exponentials fits. out may be in.
void softmax_int8(const SoftmaxInt8Params& params, const int8_t* in, int8_t* out);
void softmax_float(const SoftmaxFloatParams& params, const float* in, float* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_SOFTMAX_H_
