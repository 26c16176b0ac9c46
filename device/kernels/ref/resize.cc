// Four pixels are mixed for each output pixel, channel by channel.
#include "device/kernels/ref/resize.h"

#include <string.h>

namespace tadpole {
namespace kernels {

namespace {

/// out = mix(top left, bottom left, top right, bottom right, part of the row, part of the column).
template <class T, class Part, class Mix>
void bilinear(const ResizeBilinearParams<Part>& p, const T* in, T* out, Mix mix) {
  const ptrdiff_t row_size = ptrdiff_t(p.in_w) * p.channels;
  for (int32_t n = 0; n < p.batches; ++n, in += p.in_h * row_size) {
    for (int32_t y = 0; y < p.out_h; ++y) {
      const T* top = in + p.row_low[y] * row_size;
      const T* bottom = in + p.row_high[y] * row_size;
      for (int32_t x = 0; x < p.out_w; ++x) {
        const ptrdiff_t left = ptrdiff_t(p.column_low[x]) * p.channels;
        const ptrdiff_t right = ptrdiff_t(p.column_high[x]) * p.channels;
        for (int32_t c = 0; c < p.channels; ++c) {
          *out++ = mix(top[left + c], bottom[left + c], top[right + c], bottom[right + c], p.row_part[y],
                       p.column_part[x]);
        }
      }
    }
  }
}

/// Parts are in [0, 1023], so that the weighted mean never leaves the range of its values.
template <class T, class Sum>
void bilinear_integer(const ResizeBilinearIntParams& params, const T* in, T* out) {
  bilinear(params, in, out, [](T top_left, T bottom_left, T top_right, T bottom_right, Sum row, Sum column) {
    const Sum one = 1 << 10;
    const Sum sum = top_left * (one - row) * (one - column) + bottom_left * row * (one - column) +
                    top_right * (one - row) * column + bottom_right * row * column;
    return static_cast<T>((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
  });
}

}  // namespace

void resize_nearest(const ResizeNearestParams& p, const int8_t* in, int8_t* out) {
  const size_t pixel = size_t(p.pixel_bytes), row_bytes = size_t(p.in_w) * pixel;
  for (int32_t n = 0; n < p.batches; ++n, in += size_t(p.in_h) * row_bytes) {
    for (int32_t y = 0; y < p.out_h; ++y) {
      const int8_t* row = in + size_t(p.rows[y]) * row_bytes;
      for (int32_t x = 0; x < p.out_w; ++x, out += pixel)
        memcpy(out, row + size_t(p.columns[x]) * pixel, pixel);
    }
  }
}

void resize_bilinear_int8(const ResizeBilinearIntParams& params, const int8_t* in, int8_t* out) {
  bilinear_integer<int8_t, int32_t>(params, in, out);
}

void resize_bilinear_int16(const ResizeBilinearIntParams& params, const int16_t* in, int16_t* out) {
  bilinear_integer<int16_t, int64_t>(params, in, out);
}

void resize_bilinear_float(const ResizeBilinearFloatParams& params, const float* in, float* out) {
  bilinear(
      params, in, out,
      [](float top_left, float bottom_left, float top_right, float bottom_right, float row, float column) {
        const float sum = top_left * (1 - row) * (1 - column) + bottom_left * row * (1 - column) +
                          top_right * (1 - row) * column + bottom_right * row * column;
        return sum + 0.0f;  // as TFLite: never minus 0
      });
}

}  // namespace kernels
}  // namespace tadpole
