// Where the taps of sliding windows lie, for kernels that take any shape: gathered side by side, or as
// pointers.
#ifndef TADPOLE_DEVICE_KERNELS_WINDOWS_H_
#define TADPOLE_DEVICE_KERNELS_WINDOWS_H_

#include <string.h>

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// memcpy as a type. A kernel set whose C library copies across the borders of words brings its own.
struct CopyBytes {
  static void copy(int8_t* to, const int8_t* from, size_t bytes) { memcpy(to, from, bytes); }
};

/// Copies the window of output (y, x) to `to`: [filter_h][filter_w][in_c]; what lies outside of the map is
/// `fill`.
template <class Copy = CopyBytes>
inline void gather_window(const Window2d& w, int32_t fill, const int8_t* in, int32_t y, int32_t x,
                          int8_t* to) {
  int32_t row = y * w.stride_h - w.pad_top;
  const int32_t left = x * w.stride_w - w.pad_left;
  for (int32_t i = 0; i < w.filter_h; ++i, row += w.dilation_h) {
    const bool row_inside = row >= 0 && row < w.in_h;
    const int8_t* from = in + ptrdiff_t(row_inside ? row : 0) * w.in_w * w.in_c;
    if (row_inside && w.dilation_w == 1 && left >= 0 && left + w.filter_w <= w.in_w) {
      const size_t bytes = size_t(w.filter_w) * size_t(w.in_c);
      Copy::copy(to, from + ptrdiff_t(left) * w.in_c, bytes);
      to += bytes;
      continue;
    }
    int32_t column = left;
    for (int32_t j = 0; j < w.filter_w; ++j, column += w.dilation_w, to += w.in_c) {
      if (row_inside && column >= 0 && column < w.in_w) {
        Copy::copy(to, from + ptrdiff_t(column) * w.in_c, size_t(w.in_c));
      } else {
        memset(to, fill, size_t(w.in_c));
      }
    }
  }
}

/// Bytes that for_each_window needs: the input rows under one output row, and a pixel of padding.
constexpr int64_t window_rows_bytes(const Window2d& w) {
  return ((int64_t{w.filter_h} - 1) * w.dilation_h + 1) * w.in_w * w.in_c + w.in_c;
}

/// Calls pixel(taps, count, out) for each output pixel in order, taps[t] pointing to the input pixel under
/// tap t. Input rows are copied to `rows` before the output row over them is written, so that out may overlap
/// in accordingly; with SAME padding and stride 1 it may be in. taps has room for filter_h * filter_w.
template <class Copy = CopyBytes, class Pixel>
void for_each_window(const Window2d& w, int32_t fill, const int8_t* in, int8_t* out, int8_t* rows,
                     const int8_t** taps, Pixel pixel) {
  const int32_t row_bytes = w.in_w * w.in_c;
  const int32_t rows_kept = (w.filter_h - 1) * w.dilation_h + 1;
  int8_t* padding = rows + ptrdiff_t(rows_kept) * row_bytes;
  memset(padding, fill, size_t(w.in_c));
  for (int32_t n = 0; n < w.batches; ++n) {
    int32_t rows_read = 0;
    for (int32_t y = 0; y < w.out_h; ++y) {
      const int32_t top = y * w.stride_h - w.pad_top;
      const int32_t bottom = top + rows_kept < w.in_h ? top + rows_kept : w.in_h;
      for (; rows_read < bottom; ++rows_read, in += row_bytes)
        Copy::copy(rows + ptrdiff_t(rows_read % rows_kept) * row_bytes, in, size_t(row_bytes));
      for (int32_t x = 0; x < w.out_w; ++x, out += w.out_c) {
        const int32_t left = x * w.stride_w - w.pad_left;
        int32_t count = 0;
        for (int32_t i = 0; i < w.filter_h; ++i) {
          const int32_t row = top + i * w.dilation_h;
          const bool row_inside = row >= 0 && row < w.in_h;
          const int8_t* start = row_inside ? rows + ptrdiff_t(row % rows_kept) * row_bytes : padding;
          for (int32_t j = 0; j < w.filter_w; ++j) {
            const int32_t column = left + j * w.dilation_w;
            const bool inside = row_inside && column >= 0 && column < w.in_w;
            taps[count++] = inside ? start + ptrdiff_t(column) * w.in_c : padding;
          }
        }
        pixel(taps, count, out);
      }
    }
    in += ptrdiff_t(w.in_h - rows_read) * row_bytes;
  }
}

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_WINDOWS_H_
