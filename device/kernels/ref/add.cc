// Strided sums.
#include "device/kernels/ref/add.h"

#include "device/kernels/fixed_point.h"

namespace tadpole {
namespace kernels {

namespace {

template <class T, class Sum>
void broadcast(const Broadcast& shape, const T* a, const T* b, T* out, Sum sum) {
  const int32_t* as = shape.a_stride;
  const int32_t* bs = shape.b_stride;
  for (int32_t i = 0; i < shape.dims[0]; ++i) {
    for (int32_t j = 0; j < shape.dims[1]; ++j) {
      for (int32_t k = 0; k < shape.dims[2]; ++k) {
        const T* from_a = a + ptrdiff_t(i) * as[0] + ptrdiff_t(j) * as[1] + ptrdiff_t(k) * as[2];
        const T* from_b = b + ptrdiff_t(i) * bs[0] + ptrdiff_t(j) * bs[1] + ptrdiff_t(k) * bs[2];
        for (int32_t l = 0; l < shape.dims[3]; ++l, from_a += as[3], from_b += bs[3]) {
          *out++ = sum(*from_a, *from_b);
        }
      }
    }
  }
}

constexpr int32_t kLeftShift = 20;

}  // namespace

void add_int8(const AddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out) {
  broadcast(params.broadcast, a, b, out, [&params](int8_t x, int8_t y) {
    const int32_t from_a = multiply_by_quantized_multiplier((x - params.a_zero) * (1 << kLeftShift),
                                                            params.a_multiplier, params.a_shift);
    const int32_t from_b = multiply_by_quantized_multiplier((y - params.b_zero) * (1 << kLeftShift),
                                                            params.b_multiplier, params.b_shift);
    const int32_t sum =
        multiply_by_quantized_multiplier(from_a + from_b, params.out_multiplier, params.out_shift);
    return add_zero_and_clamp(sum, params.out_zero, params.clamp_min, params.clamp_max);
  });
}

void add_float(const AddFloatParams& params, const float* a, const float* b, float* out) {
  broadcast(params.broadcast, a, b, out, [&params](float x, float y) {
    const float sum = x + y;
    return sum < params.clamp_min ? params.clamp_min : sum > params.clamp_max ? params.clamp_max : sum;
  });
}

}  // namespace kernels
}  // namespace tadpole
