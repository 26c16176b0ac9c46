// Shift the memory, add what is new, sum it up.
#include "device/kernels/ref/svdf.h"

#include <string.h>

#include "device/kernels/fixed_point.h"

namespace tadpole {
namespace kernels {

namespace {

/// `newest(batch's in, filter)` goes into the memory; `finish(sum, unit)` makes an output of the sum of
/// `term(filter, step, state)` over a unit's filters and their memory.
template <class Sum, class In, class State, class Out, class Newest, class Term, class Finish>
void svdf(const SvdfShape& shape, const In* in, State* state, Out* out, Newest newest, Term term,
          Finish finish) {
  const int32_t units = shape.filters / shape.rank;
  for (int32_t batch = 0; batch < shape.batches; ++batch, in += shape.features) {
    for (int32_t unit = 0; unit < units; ++unit) {
      Sum sum = 0;
      for (int32_t filter = unit * shape.rank; filter < (unit + 1) * shape.rank; ++filter) {
        memmove(state, state + 1, static_cast<size_t>(shape.memory - 1) * sizeof(State));
        state[shape.memory - 1] = newest(in, filter);
        Sum of_filter = 0;
        for (int32_t step = 0; step < shape.memory; ++step)
          of_filter += term(ptrdiff_t(filter) * shape.memory + step, state[step]);
        sum += of_filter;
        state += shape.memory;
      }
      *out++ = finish(sum, unit);
    }
  }
}

template <class Time>
void svdf_integer(const SvdfIntegerParams<Time>& params, const int8_t* in, Time* state, int8_t* out,
                  int32_t low, int32_t high) {
  const SvdfShape& shape = params.shape;
  svdf<int64_t>(
      shape, in, state, out,
      [&](const int8_t* x, int32_t filter) {
        const int8_t* weights = params.feature_weights + ptrdiff_t(filter) * shape.features;
        int32_t sum = 0;
        for (int32_t i = 0; i < shape.features; ++i) sum += weights[i] * (x[i] - params.in_zero);
        const int32_t scaled =
            multiply_by_quantized_multiplier(sum, params.state_multiplier, params.state_shift);
        return add_zero_and_clamp<Time>(scaled, params.state_zero, low, high);
      },
      [&](ptrdiff_t at, Time value) { return params.time_weights[at] * (value - params.state_zero); },
      [&](int32_t sum, int32_t unit) {
        const int32_t scaled = multiply_by_quantized_multiplier(sum + params.bias[unit],
                                                                params.out_multiplier, params.out_shift);
        return add_zero_and_clamp(scaled, params.out_zero, INT8_MIN, INT8_MAX);
      });
}

}  // namespace

void svdf_int8(const SvdfInt8Params& params, const int8_t* in, int8_t* state, int8_t* out) {
  svdf_integer(params, in, state, out, INT8_MIN, INT8_MAX);
}

void svdf_int16(const SvdfInt16Params& params, const int8_t* in, int16_t* state, int8_t* out) {
  svdf_integer(params, in, state, out, INT16_MIN, INT16_MAX);
}

void svdf_float(const SvdfFloatParams& params, const float* in, float* state, float* out) {
  const SvdfShape& shape = params.shape;
  svdf<float>(
      shape, in, state, out,
      [&](const float* x, int32_t filter) {
        const float* weights = params.feature_weights + ptrdiff_t(filter) * shape.features;
        float sum = 0;
        for (int32_t i = 0; i < shape.features; ++i) sum += weights[i] * x[i];
        return sum;
      },
      [&](ptrdiff_t at, float value) { return params.time_weights[at] * value; },
      [&](float sum, int32_t unit) {
        const float value = sum + params.bias[unit];
        return value < params.clamp_min   ? params.clamp_min
               : value > params.clamp_max ? params.clamp_max
                                          : value;
      });
}

}  // namespace kernels
}  // namespace tadpole
