// The loops that reference layers with windows share: plain on purpose.
#ifndef TADPOLE_DEVICE_KERNELS_REF_WINDOWS_H_
#define TADPOLE_DEVICE_KERNELS_REF_WINDOWS_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// Calls visit(index of the tap, input pixel) for the taps of output (y, x) that lie inside the map of one
/// batch.
template <class T, class Visit>
void for_each_tap(const Window2d& w, const T* map, int32_t y, int32_t x, Visit visit) {
  for (int32_t i = 0; i < w.filter_h; ++i) {
    const int32_t row = y * w.stride_h - w.pad_top + i * w.dilation_h;
    if (row < 0 || row >= w.in_h) continue;
    for (int32_t j = 0; j < w.filter_w; ++j) {
      const int32_t column = x * w.stride_w - w.pad_left + j * w.dilation_w;
      if (column < 0 || column >= w.in_w) continue;
      visit(i * w.filter_w + j, map + (ptrdiff_t(row) * w.in_w + column) * w.in_c);
    }
  }
}

/// One batch of a convolution: out = finish(sum of product(value, weight(index)), channel). Sum is the type
/// of the sums.
template <class Sum, class T, class Out, class Weight, class Product, class Finish>
void conv_map(const Window2d& w, const T* map, Out* out, Weight weight, Product product, Finish finish) {
  const ptrdiff_t taps = ptrdiff_t(w.filter_h) * w.filter_w;
  for (int32_t y = 0; y < w.out_h; ++y) {
    for (int32_t x = 0; x < w.out_w; ++x) {
      for (int32_t o = 0; o < w.out_c; ++o) {
        Sum sum = 0;
        for_each_tap(w, map, y, x, [&](int32_t tap, const T* pixel) {
          const ptrdiff_t first = (o * taps + tap) * w.in_c;
          for (int32_t c = 0; c < w.in_c; ++c) sum += product(pixel[c], weight(first + c));
        });
        *out++ = finish(sum, o);
      }
    }
  }
}

/// The same for a depthwise convolution, whose output channel o reads input channel o / multiplier.
template <class Sum, class T, class Out, class Weight, class Product, class Finish>
void depthwise_map(const Window2d& w, const T* map, Out* out, Weight weight, Product product, Finish finish) {
  const int32_t multiplier = w.out_c / w.in_c;
  for (int32_t y = 0; y < w.out_h; ++y) {
    for (int32_t x = 0; x < w.out_w; ++x) {
      for (int32_t o = 0; o < w.out_c; ++o) {
        Sum sum = 0;
        for_each_tap(w, map, y, x, [&](int32_t tap, const T* pixel) {
          sum += product(pixel[o / multiplier], weight(ptrdiff_t(tap) * w.out_c + o));
        });
        *out++ = finish(sum, o);
      }
    }
  }
}

inline ptrdiff_t in_map_size(const Window2d& w) { return ptrdiff_t(w.in_h) * w.in_w * w.in_c; }
inline ptrdiff_t out_map_size(const Window2d& w) { return ptrdiff_t(w.out_h) * w.out_w * w.out_c; }

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_WINDOWS_H_
