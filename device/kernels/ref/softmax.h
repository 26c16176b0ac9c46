// Softmax over the last axis, int8, int16 and float32. No libm: see float_functions.h.
#ifndef TADPOLE_DEVICE_KERNELS_REF_SOFTMAX_H_
#define TADPOLE_DEVICE_KERNELS_REF_SOFTMAX_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// in [rows, cols], real = in_scale * (q - zero). out: same shape, scale 1/256, zero point -128; as int16
/// scale 1/65536, zero point -32768. multiplier and shift hold beta * in_scale in steps of 2^-26; differences
/// below diff_min give 0. Source: TFLite int8 specification, SOFTMAX; gemmlowp's fixed-point exp and 1 / (1 +
/// x).
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

/// int16 to int16: in has zero point 0, out scale 2^-15. multiplier and shift hold beta * in_scale * 6553.5,
/// so that differences from -10 to 0 fill 16 bits. Both tables are samples for interpolation over all of
/// int16: e^x for x from -10 to 0, and 1 / (1 + x) for x from 0 to 1, both in steps of 2^-15. Source: TFLite
/// reference kernels softmax.h, SoftmaxInt16.
struct SoftmaxInt16Params {
  int32_t rows, cols;
  int32_t multiplier, shift;
  const int16_t* exp_table;         // 513
  const int16_t* reciprocal_table;  // 513

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("rows", self.rows);
    visitor.number("cols", self.cols);
    visitor.number("multiplier", self.multiplier);
    visitor.number("shift", self.shift);
    visitor.array("exp_table", self.exp_table, 513);
    visitor.array("reciprocal_table", self.reciprocal_table, 513);
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

/// cols <= 4095 (int8) or 65535 (int16), so that the sum of exponentials fits. out may be in.
void softmax_int8(const SoftmaxInt8Params& params, const int8_t* in, int8_t* out);
/// The same with a finer result; out must not overlap in.
void softmax_int8_to_int16(const SoftmaxInt8Params& params, const int8_t* in, int16_t* out);
void softmax_int16(const SoftmaxInt16Params& params, const int16_t* in, int16_t* out);
void softmax_float(const SoftmaxFloatParams& params, const float* in, float* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_SOFTMAX_H_
