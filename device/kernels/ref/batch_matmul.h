// Products of many matrices, each operand straight or adjoint, batches broadcast.
#ifndef TADPOLE_DEVICE_KERNELS_REF_BATCH_MATMUL_H_
#define TADPOLE_DEVICE_KERNELS_REF_BATCH_MATMUL_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// out [batches[0], ..., batches[3], rows, columns], row-major. Strides are in elements; a batch stride is 0
/// where the operand is stretched.
struct MatrixProducts {
  int32_t batches[4];
  int32_t a_batch_stride[4], b_batch_stride[4];
  int32_t rows, depth, columns;
  int32_t a_row_stride, a_depth_stride, b_depth_stride, b_column_stride;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.numbers("batches", self.batches);
    visitor.numbers("a_batch_stride", self.a_batch_stride);
    visitor.numbers("b_batch_stride", self.b_batch_stride);
    visitor.number("rows", self.rows);
    visitor.number("depth", self.depth);
    visitor.number("columns", self.columns);
    visitor.number("a_row_stride", self.a_row_stride);
    visitor.number("a_depth_stride", self.a_depth_stride);
    visitor.number("b_depth_stride", self.b_depth_stride);
    visitor.number("b_column_stride", self.b_column_stride);
  }
};

struct BatchMatMulInt8Params {
  MatrixProducts products;
  int32_t a_zero, b_zero, out_zero;
  int32_t multiplier, shift;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("products", self.products);
    visitor.number("a_zero", self.a_zero);
    visitor.number("b_zero", self.b_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("multiplier", self.multiplier);
    visitor.number("shift", self.shift);
  }
};

/// Zero points are 0; see requantise_64.
struct BatchMatMulInt16Params {
  MatrixProducts products;
  int32_t multiplier, right_shift;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("products", self.products);
    visitor.number("multiplier", self.multiplier);
    visitor.number("right_shift", self.right_shift);
  }
};

struct BatchMatMulFloatParams {
  MatrixProducts products;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("products", self.products);
  }
};

/// Float a, int8 constants b with zero point 0 ("dynamic range"): each row of a is quantised by its own
/// range, see hybrid_input.h.
struct BatchMatMulHybridParams {
  MatrixProducts products;
  int32_t symmetric;  // 1: a has zero point 0
  float scale;        // of b

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("products", self.products);
    visitor.number("symmetric", self.symmetric);
    visitor.number("scale", self.scale);
  }
};

/// out must not overlap a or b. depth <= 33025 for int8, 131071 for int16. Source: TFLite reference
/// BatchMatMul and TFLite Micro's batch_matmul.cc.
void batch_matmul_int8(const BatchMatMulInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out);
void batch_matmul_int16(const BatchMatMulInt16Params& params, const int16_t* a, const int16_t* b,
                        int16_t* out);
/// Sums run along the depth in order.
void batch_matmul_float(const BatchMatMulFloatParams& params, const float* a, const float* b, float* out);
/// depth <= 66311. scratch: depth bytes, one row quantised. Source: TFLite Micro's batch_matmul.cc,
/// EvalHybrid.
void batch_matmul_hybrid(const BatchMatMulHybridParams& params, const float* a, const int8_t* b, float* out,
                         int8_t* scratch);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_BATCH_MATMUL_H_
