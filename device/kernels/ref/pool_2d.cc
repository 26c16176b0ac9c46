// Each output looks at the part of its window that lies inside the map.
#include "device/kernels/ref/pool_2d.h"

namespace tadpole {
namespace kernels {

namespace {

struct Range {
  int32_t begin, end;
};

/// The part of [start, start + length) inside [0, size). Never empty for the windows that plan/ makes.
Range inside(int32_t start, int32_t length, int32_t size) {
  return {start < 0 ? 0 : start, start + length > size ? size : start + length};
}

/// out = finish(all values of the window folded by step, how many there were).
template <class T, class Sum, class Step, class Finish>
void pool(const Window2d& w, const T* in, T* out, Sum start, Step step, Finish finish) {
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    for (int32_t y = 0; y < w.out_h; ++y) {
      const Range rows = inside(y * w.stride_h - w.pad_top, w.filter_h, w.in_h);
      for (int32_t x = 0; x < w.out_w; ++x) {
        const Range columns = inside(x * w.stride_w - w.pad_left, w.filter_w, w.in_w);
        for (int32_t c = 0; c < w.in_c; ++c) {
          Sum sum = start;
          for (int32_t i = rows.begin; i < rows.end; ++i) {
            const T* value = in + (ptrdiff_t(i) * w.in_w + columns.begin) * w.in_c + c;
            for (int32_t j = columns.begin; j < columns.end; ++j, value += w.in_c) sum = step(sum, *value);
          }
          *out++ = finish(sum, (rows.end - rows.begin) * (columns.end - columns.begin));
        }
      }
    }
  }
}

template <class T>
T clamp(T value, T low, T high) {
  return value < low ? low : value > high ? high : value;
}

template <class T>
void average_integers(const Pool2dInt8Params& params, const T* in, T* out) {
  const auto add = [](int32_t sum, int32_t value) { return sum + value; };
  const auto finish = [&params](int32_t sum, int32_t count) {
    const int32_t mean = sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
    return static_cast<T>(clamp(mean, params.clamp_min, params.clamp_max));
  };
  pool(params.window, in, out, int32_t{0}, add, finish);
}

template <class T>
void largest_integers(const Pool2dInt8Params& params, const T* in, T* out) {
  const auto larger = [](int32_t a, int32_t b) { return a > b ? a : b; };
  const auto finish = [&params](int32_t most, int32_t) {
    return static_cast<T>(clamp(most, params.clamp_min, params.clamp_max));
  };
  pool(params.window, in, out, int32_t{-32768}, larger, finish);
}

}  // namespace

void average_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out) {
  average_integers(params, in, out);
}

void max_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out) {
  largest_integers(params, in, out);
}

void average_pool_2d_int16(const Pool2dInt8Params& params, const int16_t* in, int16_t* out) {
  average_integers(params, in, out);
}

void max_pool_2d_int16(const Pool2dInt8Params& params, const int16_t* in, int16_t* out) {
  largest_integers(params, in, out);
}

void average_pool_2d_float(const Pool2dFloatParams& params, const float* in, float* out) {
  const auto add = [](float sum, float value) { return sum + value; };
  const auto finish = [&params](float sum, int32_t count) {
    return clamp(sum / static_cast<float>(count), params.clamp_min, params.clamp_max);
  };
  pool(params.window, in, out, 0.0f, add, finish);
}

void max_pool_2d_float(const Pool2dFloatParams& params, const float* in, float* out) {
  const auto larger = [](float a, float b) { return a > b ? a : b; };
  const auto finish = [&params](float most, int32_t) {
    return clamp(most, params.clamp_min, params.clamp_max);
  };
  pool(params.window, in, out, -3.402823466e38f, larger, finish);
}

}  // namespace kernels
}  // namespace tadpole
