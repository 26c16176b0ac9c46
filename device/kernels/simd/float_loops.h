// Float32 layers over the vectors of one instruction set: included by a source of that set after its
// vector.h, and local to it. Parameters are those of ref/, and so are the results to the bit: every output's
// sum takes the same products in the same order, with a rounding after each product and each sum; channels
// lie side by side.
#ifndef TADPOLE_DEVICE_KERNELS_SIMD_FLOAT_LOOPS_H_
#define TADPOLE_DEVICE_KERNELS_SIMD_FLOAT_LOOPS_H_

#include "device/kernels/ref/conv_2d_float.h"

namespace tadpole {
namespace kernels {
namespace {

/// [begin, end)
struct Span {
  int32_t begin, end;
};

/// Which of `taps` taps, `dilation` apart from `start` on, lie in [0, size).
TADPOLE_INLINE Span taps_inside(int32_t start, int32_t taps, int32_t dilation, int32_t size) {
  const int32_t before = start < 0 ? (-start + dilation - 1) / dilation : 0;
  const int32_t reach = start < size ? (size - 1 - start) / dilation + 1 : 0;
  const int32_t end = reach < taps ? reach : taps;
  return {before < end ? before : end, end};
}

/// Neighbouring output pixels of one row that read the same taps.
struct FloatTask {
  const float* in;       // the map
  ptrdiff_t origin;      // in it, of pixel 0 and the first tap; may lie before it
  const float* weights;  // of the first tap
  const float* bias;
  float* out;
  Span rows, columns;  // taps
  ptrdiff_t row_step, column_step, pixel_step;
  ptrdiff_t weights_row_step;
  int32_t in_c, out_c;
  float low, high;
};

/// Channels from c on; in the last vector `part` of them, if that is not 0.
template <int Pixels, int Vectors, bool Part>
void sum_products(const FloatTask& t, int32_t c, int32_t part) {
  Floats sums[Pixels][Vectors];
  TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
    const Floats bias = Part ? load_part(t.bias + c, part) : load_floats(t.bias + c + v * kLanes);
    TADPOLE_UNROLL for (int p = 0; p < Pixels; ++p) sums[p][v] = bias;
  }
  for (int32_t i = t.rows.begin; i < t.rows.end; ++i) {
    for (int32_t j = t.columns.begin; j < t.columns.end; ++j) {
      const float* from = t.in + (t.origin + i * t.row_step + j * t.column_step);
      const float* weights = t.weights + i * t.weights_row_step + ptrdiff_t(j) * t.in_c * t.out_c + c;
      for (int32_t k = 0; k < t.in_c; ++k, ++from, weights += t.out_c) {
        Floats columns[Vectors];
        TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
          columns[v] = Part ? load_part(weights, part) : load_floats(weights + v * kLanes);
        }
        TADPOLE_UNROLL for (int p = 0; p < Pixels; ++p) {
          const Floats value = splat_float(from[p * t.pixel_step]);
          TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
            sums[p][v] = add_floats(sums[p][v], multiply_floats(value, columns[v]));
          }
        }
      }
    }
  }
  const Floats low = splat_float(t.low), high = splat_float(t.high);
  TADPOLE_UNROLL for (int p = 0; p < Pixels; ++p) {
    float* out = t.out + ptrdiff_t(p) * t.out_c + c;
    TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
      const Floats value = clamp_floats(sums[p][v], low, high);
      if (Part) {
        store_part(value, out, part);
      } else {
        store_floats(value, out + v * kLanes);
      }
    }
  }
}

template <int Pixels>
void sum_all_channels(const FloatTask& t) {
  int32_t c = 0;
  if (Pixels == 1) {  // one pixel alone needs more vectors to hide the time of an addition
    for (; c + 8 * kLanes <= t.out_c; c += 8 * kLanes)
      sum_products<Pixels, Pixels == 1 ? 8 : 1, false>(t, c, 0);
  }
  for (; c + 2 * kLanes <= t.out_c; c += 2 * kLanes) sum_products<Pixels, 2, false>(t, c, 0);
  if (c + kLanes <= t.out_c) {
    sum_products<Pixels, 1, false>(t, c, 0);
    c += kLanes;
  }
  if (c < t.out_c) sum_products<Pixels, 1, true>(t, c, t.out_c - c);
}

/// Channels of a depthwise layer; otherwise as above.
template <int Pixels, bool Part>
void sum_each_product(const FloatTask& t, int32_t c, int32_t part) {
  Floats sums[Pixels];
  const Floats bias = Part ? load_part(t.bias + c, part) : load_floats(t.bias + c);
  TADPOLE_UNROLL for (int p = 0; p < Pixels; ++p) sums[p] = bias;
  for (int32_t i = t.rows.begin; i < t.rows.end; ++i) {
    for (int32_t j = t.columns.begin; j < t.columns.end; ++j) {
      const float* from = t.in + (t.origin + i * t.row_step + j * t.column_step + c);
      const float* weights = t.weights + i * t.weights_row_step + ptrdiff_t(j) * t.out_c + c;
      const Floats tap = Part ? load_part(weights, part) : load_floats(weights);
      TADPOLE_UNROLL for (int p = 0; p < Pixels; ++p) {
        const float* at = from + p * t.pixel_step;
        sums[p] = add_floats(sums[p], multiply_floats(Part ? load_part(at, part) : load_floats(at), tap));
      }
    }
  }
  const Floats low = splat_float(t.low), high = splat_float(t.high);
  TADPOLE_UNROLL for (int p = 0; p < Pixels; ++p) {
    const Floats value = clamp_floats(sums[p], low, high);
    float* out = t.out + ptrdiff_t(p) * t.out_c + c;
    if (Part) {
      store_part(value, out, part);
    } else {
      store_floats(value, out);
    }
  }
}

template <int Pixels>
void sum_each_channel(const FloatTask& t) {
  int32_t c = 0;
  for (; c + kLanes <= t.out_c; c += kLanes) sum_each_product<Pixels, false>(t, c, 0);
  if (c < t.out_c) sum_each_product<Pixels, true>(t, c, t.out_c - c);
}

struct SumAll {
  static void run(const FloatTask& t, int32_t pixels) {
    switch (pixels) {
      case 1:
        return sum_all_channels<1>(t);
      case 2:
        return sum_all_channels<2>(t);
      case 3:
        return sum_all_channels<3>(t);
      case 4:
        return sum_all_channels<4>(t);
      case 5:
        return sum_all_channels < kMostPixels < 5 ? kMostPixels : 5 > (t);
      default:
        return sum_all_channels < kMostPixels < 6 ? kMostPixels : 6 > (t);
    }
  }
};

struct SumEach {
  static void run(const FloatTask& t, int32_t pixels) {
    switch (pixels) {
      case 1:
        return sum_each_channel<1>(t);
      case 2:
        return sum_each_channel<2>(t);
      case 3:
        return sum_each_channel<3>(t);
      case 4:
        return sum_each_channel<4>(t);
      case 5:
        return sum_each_channel < kMostPixels < 5 ? kMostPixels : 5 > (t);
      default:
        return sum_each_channel < kMostPixels < 6 ? kMostPixels : 6 > (t);
    }
  }
};

/// One output row: pixels whose windows leave the map at a side one by one, those between in groups.
template <class Sum>
void sum_row(FloatTask t, const Window2d& w, int32_t top, float* out) {
  for (int32_t x = 0; x < w.out_w;) {
    const int32_t left = x * w.stride_w - w.pad_left;
    t.columns = taps_inside(left, w.filter_w, w.dilation_w, w.in_w);
    int32_t group = 1;
    if (t.columns.begin == 0 && t.columns.end == w.filter_w) {
      const int32_t last_left = w.in_w - 1 - (w.filter_w - 1) * w.dilation_w;  // of a window that is inside
      const int32_t end = (last_left + w.pad_left) / w.stride_w + 1;
      const int32_t alike = (end < w.out_w ? end : w.out_w) - x;
      const int32_t groups = (alike + kMostPixels - 1) / kMostPixels;
      group = alike / groups;
    }
    t.origin = (ptrdiff_t(top) * w.in_w + left) * w.in_c;
    t.out = out + ptrdiff_t(x) * w.out_c;
    Sum::run(t, group);
    x += group;
  }
}

template <class Sum>
void sum_map(const Window2d& w, const float* weights, const float* bias, float low, float high,
             ptrdiff_t weights_step, const float* in, float* out) {
  FloatTask t = {};
  t.weights = weights;
  t.bias = bias;
  t.row_step = ptrdiff_t(w.dilation_h) * w.in_w * w.in_c;
  t.column_step = ptrdiff_t(w.dilation_w) * w.in_c;
  t.pixel_step = ptrdiff_t(w.stride_w) * w.in_c;
  t.weights_row_step = w.filter_w * weights_step;
  t.in_c = w.in_c;
  t.out_c = w.out_c;
  t.low = low;
  t.high = high;
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    t.in = in;
    for (int32_t y = 0; y < w.out_h; ++y, out += ptrdiff_t(w.out_w) * w.out_c) {
      const int32_t top = y * w.stride_h - w.pad_top;
      t.rows = taps_inside(top, w.filter_h, w.dilation_h, w.in_h);
      sum_row<Sum>(t, w, top, out);
    }
  }
}

void conv_float(const Conv2dFloatParams& params, const float* in, float* out) {
  Window2d w = params.window;
  if (w.filter_h == 1 && w.filter_w == 1 && w.stride_h == 1 && w.stride_w == 1 && w.in_h == w.out_h &&
      w.in_w == w.out_w && w.pad_top == 0 && w.pad_left == 0) {  // all pixels are one row
    w.in_w = w.out_w = w.batches * w.in_h * w.in_w;
    w.batches = w.in_h = w.out_h = 1;
  }
  sum_map<SumAll>(w, params.weights, params.bias, params.clamp_min, params.clamp_max,
                  ptrdiff_t(w.in_c) * w.out_c, in, out);
}

/// in_c == out_c.
void depthwise_float(const DepthwiseConv2dFloatParams& params, const float* in, float* out) {
  sum_map<SumEach>(params.window, params.weights, params.bias, params.clamp_min, params.clamp_max,
                   params.window.out_c, in, out);
}

}  // namespace
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_SIMD_FLOAT_LOOPS_H_
