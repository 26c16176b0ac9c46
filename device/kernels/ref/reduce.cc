// Walks over strided elements.
#include "device/kernels/ref/reduce.h"

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

/// finish(sum) becomes each output.
template <class Sum, class T, class Finish>
void reduce(const ReducedAxes& axes, const T* in, T* out, Finish finish) {
  for_each(axes.kept, axes.kept_stride, [&](ptrdiff_t start) {
    Sum sum = 0;
    for_each(axes.reduced, axes.reduced_stride, [&](ptrdiff_t offset) { sum += in[start + offset]; });
    *out++ = finish(sum);
  });
}

template <class T>
void reduce_quantised(const ReduceQuantisedParams& params, const T* in, T* out, int32_t low, int32_t high) {
  const int32_t* reduced = params.axes.reduced;
  const int32_t zeros = reduced[0] * reduced[1] * reduced[2] * reduced[3] * params.in_zero;
  reduce<int32_t>(params.axes, in, out, [&](int32_t sum) {
    const int32_t scaled = multiply_by_quantized_multiplier(sum - zeros, params.multiplier, params.shift);
    return add_zero_and_clamp<T>(scaled, params.out_zero, low, high);
  });
}

template <class T>
void arg_max(const ArgMaxParams& params, const T* in, int32_t* out) {
  for (int32_t i = 0; i < params.outer; ++i, in += ptrdiff_t(params.size) * params.inner) {
    for (int32_t j = 0; j < params.inner; ++j) {
      int32_t most = 0;
      for (int32_t k = 1; k < params.size; ++k) {
        if (in[ptrdiff_t(k) * params.inner + j] > in[ptrdiff_t(most) * params.inner + j]) most = k;
      }
      *out++ = most;
      if (params.index_words == 2) *out++ = 0;
    }
  }
}

}  // namespace

void reduce_int8(const ReduceQuantisedParams& params, const int8_t* in, int8_t* out) {
  reduce_quantised(params, in, out, INT8_MIN, INT8_MAX);
}
void reduce_int16(const ReduceQuantisedParams& params, const int16_t* in, int16_t* out) {
  reduce_quantised(params, in, out, INT16_MIN, INT16_MAX);
}
void reduce_float(const ReduceParams& params, const float* in, float* out) {
  reduce<float>(params.axes, in, out, [&](float sum) { return sum / static_cast<float>(params.divisor); });
}
void reduce_int32(const ReduceParams& params, const int32_t* in, int32_t* out) {
  reduce<int64_t>(params.axes, in, out,
                  [&](int64_t sum) { return static_cast<int32_t>(sum / params.divisor); });
}

void arg_max_int8(const ArgMaxParams& params, const int8_t* in, int32_t* out) { arg_max(params, in, out); }
void arg_max_int16(const ArgMaxParams& params, const int16_t* in, int32_t* out) { arg_max(params, in, out); }
void arg_max_int32(const ArgMaxParams& params, const int32_t* in, int32_t* out) { arg_max(params, in, out); }
void arg_max_float(const ArgMaxParams& params, const float* in, int32_t* out) { arg_max(params, in, out); }

}  // namespace kernels
}  // namespace tadpole
