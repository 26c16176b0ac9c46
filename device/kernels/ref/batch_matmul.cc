// One sum an output value.
#include "device/kernels/ref/batch_matmul.h"

#include "device/kernels/fixed_point.h"
#include "device/kernels/fixed_point_64.h"
#include "device/kernels/ref/hybrid_input.h"

namespace tadpole {
namespace kernels {

namespace {

template <class T, class Sum, class Product, class Finish>
void multiply(const MatrixProducts& p, const T* a, const T* b, T* out, Sum zero, Product product,
              Finish finish) {
  for (int32_t row = 0; row < p.rows; ++row) {
    for (int32_t column = 0; column < p.columns; ++column) {
      const T* from_a = a + ptrdiff_t(row) * p.a_row_stride;
      const T* from_b = b + ptrdiff_t(column) * p.b_column_stride;
      Sum sum = zero;
      for (int32_t k = 0; k < p.depth; ++k)
        sum += product(from_a[ptrdiff_t(k) * p.a_depth_stride], from_b[ptrdiff_t(k) * p.b_depth_stride]);
      *out++ = finish(sum);
    }
  }
}

/// Calls product(a, b, out) for each pair of matrices.
template <class A, class B, class Out, class Product>
void for_each_product(const MatrixProducts& p, const A* a, const B* b, Out* out, Product product) {
  const int32_t last = p.batches[2] * p.batches[3];
  const ptrdiff_t matrix = ptrdiff_t(p.rows) * p.columns;
  for (int32_t n = 0; n < p.batches[0] * p.batches[1] * last; ++n, out += matrix) {
    const int32_t at[4] = {n / last / p.batches[1], n / last % p.batches[1], n % last / p.batches[3],
                           n % p.batches[3]};
    ptrdiff_t a_at = 0, b_at = 0;
    for (int32_t i = 0; i < 4; ++i) {
      a_at += ptrdiff_t(at[i]) * p.a_batch_stride[i];
      b_at += ptrdiff_t(at[i]) * p.b_batch_stride[i];
    }
    product(a + a_at, b + b_at, out);
  }
}

template <class T, class Sum, class Product, class Finish>
void multiply_all(const MatrixProducts& p, const T* a, const T* b, T* out, Sum zero, Product product,
                  Finish finish) {
  for_each_product(p, a, b, out, [&](const T* from_a, const T* from_b, T* to) {
    multiply(p, from_a, from_b, to, zero, product, finish);
  });
}

}  // namespace

void batch_matmul_int8(const BatchMatMulInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out) {
  const auto product = [&params](int32_t x, int32_t y) { return (x - params.a_zero) * (y - params.b_zero); };
  const auto finish = [&params](int32_t sum) {
    const int32_t scaled = multiply_by_quantized_multiplier(sum, params.multiplier, params.shift);
    return add_zero_and_clamp(scaled, params.out_zero, -128, 127);
  };
  multiply_all(params.products, a, b, out, int32_t{0}, product, finish);
}

void batch_matmul_int16(const BatchMatMulInt16Params& params, const int16_t* a, const int16_t* b,
                        int16_t* out) {
  const auto product = [](int32_t x, int32_t y) { return int64_t{x * y}; };
  const auto finish = [&params](int64_t sum) {
    return clamp_int16(requantise_64(sum, params.multiplier, params.right_shift), -32768, 32767);
  };
  multiply_all(params.products, a, b, out, int64_t{0}, product, finish);
}

void batch_matmul_float(const BatchMatMulFloatParams& params, const float* a, const float* b, float* out) {
  const auto product = [](float x, float y) { return x * y; };
  multiply_all(params.products, a, b, out, 0.0f, product, [](float sum) { return sum; });
}

void batch_matmul_hybrid(const BatchMatMulHybridParams& params, const float* a, const int8_t* b, float* out,
                         int8_t* scratch) {
  const MatrixProducts& p = params.products;
  for_each_product(p, a, b, out, [&](const float* from_a, const int8_t* from_b, float* to) {
    for (int32_t row = 0; row < p.rows; ++row) {
      const float* values = from_a + ptrdiff_t(row) * p.a_row_stride;
      const HybridScale quantised =
          quantise_hybrid(params.symmetric != 0, values, p.a_depth_stride, p.depth, scratch);
      const float scale = quantised.scale * params.scale;
      for (int32_t column = 0; column < p.columns; ++column) {
        const int8_t* weights = from_b + ptrdiff_t(column) * p.b_column_stride;
        int32_t sum = 0;
        for (int32_t k = 0; k < p.depth; ++k)
          sum += (scratch[k] - quantised.zero) * weights[ptrdiff_t(k) * p.b_depth_stride];
        *to++ = static_cast<float>(sum) * scale;
      }
    }
  });
}

}  // namespace kernels
}  // namespace tadpole
