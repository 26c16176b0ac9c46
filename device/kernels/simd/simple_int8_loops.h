// Int8 sums and pools over the vectors of one instruction set: included by a source of that set after its
// vector.h, and local to it. Parameters and results are those of ref/.
#ifndef TADPOLE_DEVICE_KERNELS_SIMD_SIMPLE_INT8_LOOPS_H_
#define TADPOLE_DEVICE_KERNELS_SIMD_SIMPLE_INT8_LOOPS_H_

#include <string.h>

#include "device/kernels/ref/add.h"
#include "device/kernels/ref/pool_2d.h"

namespace tadpole {
namespace kernels {
namespace {

constexpr int kBytes = 2 * kLanes;  // a block of two vectors

/// What the additions of one layer share.
struct Adding {
  Ints a_zero, b_zero;
  Scaling a, b, out;
  Range range;
};

TADPOLE_INLINE Ints sum_of(const Adding& adding, Ints a, Ints b) {
  a = scale(shift_left<20>(subtract(a, adding.a_zero)), adding.a);
  b = scale(shift_left<20>(subtract(b, adding.b_zero)), adding.b);
  return scale(add(a, b), adding.out);
}

TADPOLE_INLINE void add_block(const Adding& adding, const int8_t* a, const int8_t* b, int8_t* out) {
  Ints a0, a1, b0, b1;
  load_block(a, a0, a1);
  load_block(b, b0, b1);
  store_block(sum_of(adding, a0, b0), sum_of(adding, a1, b1), adding.range, out);
}

void add_row(const Adding& adding, const int8_t* a, const int8_t* b, int32_t count, int8_t* out) {
  int32_t i = 0;
  for (; i + kBytes <= count; i += kBytes) add_block(adding, a + i, b + i, out + i);
  if (i == count) return;
  int8_t rest_a[kBytes] = {0}, rest_b[kBytes] = {0}, rest[kBytes];
  memcpy(rest_a, a + i, size_t(count - i));
  memcpy(rest_b, b + i, size_t(count - i));
  add_block(adding, rest_a, rest_b, rest);
  memcpy(out + i, rest, size_t(count - i));
}

/// The last dimension must be contiguous in both inputs. out may be a or b as for add_int8.
void add_rows(const AddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out) {
  const Adding adding = {splat(params.a_zero),
                         splat(params.b_zero),
                         splat_scaling(params.a_multiplier, params.a_shift),
                         splat_scaling(params.b_multiplier, params.b_shift),
                         splat_scaling(params.out_multiplier, params.out_shift),
                         make_range(params.out_zero, params.clamp_min, params.clamp_max)};
  const Broadcast& shape = params.broadcast;
  const int32_t* as = shape.a_stride;
  const int32_t* bs = shape.b_stride;
  for (int32_t i = 0; i < shape.dims[0]; ++i) {
    for (int32_t j = 0; j < shape.dims[1]; ++j) {
      for (int32_t k = 0; k < shape.dims[2]; ++k, out += shape.dims[3]) {
        add_row(adding, a + ptrdiff_t(i) * as[0] + ptrdiff_t(j) * as[1] + ptrdiff_t(k) * as[2],
                b + ptrdiff_t(i) * bs[0] + ptrdiff_t(j) * bs[1] + ptrdiff_t(k) * bs[2], shape.dims[3], out);
      }
    }
  }
}

/// Sums of a window's values, to their rounded mean.
class Averaging {
 public:
  explicit Averaging(const Pool2dInt8Params& params)
      : range_(make_range(0, params.clamp_min, params.clamp_max)) {}

  void start(int32_t count) {
    half_ = splat(count / 2);
    count_ = splat(count);
    first_ = second_ = splat(0);
  }
  TADPOLE_INLINE void take(const int8_t* values) {
    Ints a, b;
    load_block(values, a, b);
    first_ = add(first_, a);
    second_ = add(second_, b);
  }
  TADPOLE_INLINE void finish(int8_t* out) const { store_block(mean(first_), mean(second_), range_, out); }

 private:
  TADPOLE_INLINE Ints mean(Ints sum) const { return divide(add(sum, with_sign_of(half_, sum)), count_); }

  Range range_;
  Ints half_, count_, first_, second_;
};

class Maximum {
 public:
  explicit Maximum(const Pool2dInt8Params& params)
      : range_(make_range(0, params.clamp_min, params.clamp_max)) {}

  void start(int32_t) { first_ = second_ = splat(-128); }
  TADPOLE_INLINE void take(const int8_t* values) {
    Ints a, b;
    load_block(values, a, b);
    first_ = larger(first_, a);
    second_ = larger(second_, b);
  }
  TADPOLE_INLINE void finish(int8_t* out) const { store_block(first_, second_, range_, out); }

 private:
  Range range_;
  Ints first_, second_;
};

/// One output pixel: `count` rows of `columns` pixels from `in`.
template <class Fold>
void pool_pixel(Fold& fold, const int8_t* in, int32_t rows, int32_t columns, ptrdiff_t row_step,
                int32_t channels, int8_t* out) {
  for (int32_t c = 0; c < channels; c += kBytes) {
    const int32_t count = channels - c < kBytes ? channels - c : kBytes;
    int8_t part[kBytes] = {0};
    fold.start(rows * columns);
    for (int32_t i = 0; i < rows; ++i) {
      const int8_t* values = in + i * row_step + c;
      for (int32_t j = 0; j < columns; ++j, values += channels) {
        if (count == kBytes) {
          fold.take(values);
        } else {
          memcpy(part, values, size_t(count));
          fold.take(part);
        }
      }
    }
    if (count == kBytes) {
      fold.finish(out + c);
    } else {
      fold.finish(part);
      memcpy(out + c, part, size_t(count));
    }
  }
}

template <class Fold>
void pool(const Pool2dInt8Params& params, const int8_t* in, int8_t* out) {
  const Window2d& w = params.window;
  const ptrdiff_t row_step = ptrdiff_t(w.in_w) * w.in_c;
  Fold fold(params);
  for (int32_t n = 0; n < w.batches; ++n, in += w.in_h * row_step) {
    for (int32_t y = 0; y < w.out_h; ++y) {
      const int32_t top = y * w.stride_h - w.pad_top;
      const int32_t first_row = top < 0 ? 0 : top;
      const int32_t end_row = top + w.filter_h < w.in_h ? top + w.filter_h : w.in_h;
      for (int32_t x = 0; x < w.out_w; ++x, out += w.in_c) {
        const int32_t left = x * w.stride_w - w.pad_left;
        const int32_t first = left < 0 ? 0 : left;
        const int32_t end = left + w.filter_w < w.in_w ? left + w.filter_w : w.in_w;
        pool_pixel(fold, in + first_row * row_step + ptrdiff_t(first) * w.in_c, end_row - first_row,
                   end - first, row_step, w.in_c, out);
      }
    }
  }
}

}  // namespace
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_SIMD_SIMPLE_INT8_LOOPS_H_
