// What happens to a pair of integers on their common scale.
#include "device/kernels/ref/add.h"

#include "device/kernels/fixed_point.h"

namespace tadpole {
namespace kernels {

namespace {

template <int kLeftShift, class T, class Combine>
void on_common_scale(const AddInt8Params& params, const T* a, const T* b, T* out, Combine combine) {
  for_each_pair(params.broadcast, a, b, out, [&](T x, T y) {
    const int32_t from_a = multiply_by_quantized_multiplier((x - params.a_zero) * (1 << kLeftShift),
                                                            params.a_multiplier, params.a_shift);
    const int32_t from_b = multiply_by_quantized_multiplier((y - params.b_zero) * (1 << kLeftShift),
                                                            params.b_multiplier, params.b_shift);
    const int32_t combined =
        multiply_by_quantized_multiplier(combine(from_a, from_b), params.out_multiplier, params.out_shift);
    return add_zero_and_clamp<T>(combined, params.out_zero, params.clamp_min, params.clamp_max);
  });
}

struct Sum {
  int32_t operator()(int32_t a, int32_t b) const { return a + b; }
};
struct Difference {
  int32_t operator()(int32_t a, int32_t b) const { return a - b; }
};
struct SquaredDifference {
  int32_t operator()(int32_t a, int32_t b) const { return (a - b) * (a - b); }
};

}  // namespace

void add_int8(const AddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out) {
  on_common_scale<20>(params, a, b, out, Sum());
}
void add_int16(const AddInt8Params& params, const int16_t* a, const int16_t* b, int16_t* out) {
  on_common_scale<15>(params, a, b, out, Sum());
}
void sub_int8(const AddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out) {
  on_common_scale<20>(params, a, b, out, Difference());
}
void sub_int16(const AddInt8Params& params, const int16_t* a, const int16_t* b, int16_t* out) {
  on_common_scale<15>(params, a, b, out, Difference());
}
void squared_difference_int8(const AddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out) {
  on_common_scale<7>(params, a, b, out, SquaredDifference());
}
void squared_difference_int16(const AddInt8Params& params, const int16_t* a, const int16_t* b, int16_t* out) {
  on_common_scale<0>(params, a, b, out, SquaredDifference());
}

}  // namespace kernels
}  // namespace tadpole
