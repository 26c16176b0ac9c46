// Sums of strided elements.
#include "device/kernels/ref/mean.h"

#include "device/kernels/fixed_point.h"

namespace tadpole {
namespace kernels {

namespace {

/// Calls visit(offset) for each index of a four-dimensional box, row-major.
template <class Visit>
void for_each(const int32_t* dims, const int32_t* strides, Visit visit) {
  for (int32_t a = 0; a < dims[0]; ++a) {
    for (int32_t b = 0; b < dims[1]; ++b) {
      for (int32_t c = 0; c < dims[2]; ++c) {
        for (int32_t d = 0; d < dims[3]; ++d) {
          visit(ptrdiff_t(a) * strides[0] + ptrdiff_t(b) * strides[1] + ptrdiff_t(c) * strides[2] +
                ptrdiff_t(d) * strides[3]);
        }
      }
    }
  }
}

int32_t count_of(const ReducedAxes& axes) {
  return axes.reduced[0] * axes.reduced[1] * axes.reduced[2] * axes.reduced[3];
}

}  // namespace

void mean_int8(const MeanInt8Params& params, const int8_t* in, int8_t* out) {
  const ReducedAxes& axes = params.axes;
  const int32_t zeros = count_of(axes) * params.in_zero;
  for_each(axes.kept, axes.kept_stride, [&](ptrdiff_t start) {
    int32_t sum = 0;
    for_each(axes.reduced, axes.reduced_stride, [&](ptrdiff_t offset) { sum += in[start + offset]; });
    const int32_t scaled = multiply_by_quantized_multiplier(sum - zeros, params.multiplier, params.shift);
    *out++ = add_zero_and_clamp(scaled, params.out_zero, -128, 127);
  });
}

void mean_float(const MeanFloatParams& params, const float* in, float* out) {
  const ReducedAxes& axes = params.axes;
  for_each(axes.kept, axes.kept_stride, [&](ptrdiff_t start) {
    float sum = 0;
    for_each(axes.reduced, axes.reduced_stride, [&](ptrdiff_t offset) { sum += in[start + offset]; });
    *out++ = sum / static_cast<float>(count_of(axes));
  });
}

}  // namespace kernels
}  // namespace tadpole
