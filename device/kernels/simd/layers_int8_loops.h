// The layers of layers_int8.h over the vectors of one instruction set: included by a source of that set after
// its vector.h, and local to it. Sums of several pixels and two vectors of channels stay in registers.
#ifndef TADPOLE_DEVICE_KERNELS_SIMD_LAYERS_INT8_LOOPS_H_
#define TADPOLE_DEVICE_KERNELS_SIMD_LAYERS_INT8_LOOPS_H_

#include <string.h>

#include "device/kernels/simd/layers_int8.h"

namespace tadpole {
namespace kernels {
namespace {

constexpr int kBlock = 2 * kLanes;
constexpr int kChannelRow = kSimdChannelRows * kLanes;

TADPOLE_INLINE int32_t at_most(int32_t value, int32_t limit) { return value < limit ? value : limit; }
TADPOLE_INLINE int32_t at_least(int32_t value, int32_t limit) { return value > limit ? value : limit; }

void widen_all(const int8_t* in, ptrdiff_t count, int16_t* out) {
  ptrdiff_t i = 0;
  for (; i + kWiden <= count; i += kWiden) widen(in + i, out + i);
  for (; i < count; ++i) out[i] = in[i];
}

void fill_all(int32_t value, ptrdiff_t count, int16_t* out) {
  for (ptrdiff_t i = 0; i < count; ++i) out[i] = static_cast<int16_t>(value);
}

/// Requantises and stores the sums of Pixels pixels; `count` of the block's channels are real.
template <int Pixels, int Vectors>
TADPOLE_INLINE void finish(const Ints (&sums)[Pixels][Vectors], const int32_t* channels, const Range& range,
                           int32_t count, int8_t* out, ptrdiff_t out_step) {
  Scaling scaling[Vectors];
  TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
    scaling[v] = load_scaling(channels + v * kChannelRow + kLanes);
  }
  TADPOLE_UNROLL for (int p = 0; p < Pixels; ++p) {
    const Ints first = scale(sums[p][0], scaling[0]);
    int8_t part[kBlock];
    int8_t* to = count == Vectors * kLanes ? out + p * out_step : part;
    if (Vectors == 2) {
      store_block(first, scale(sums[p][Vectors - 1], scaling[Vectors - 1]), range, to);
    } else {
      store_block(first, range, to);
    }
    if (to == part) memcpy(out + p * out_step, part, size_t(count));
  }
}

/// The inputs of one output row as runs of numbers, for every pixel at the same distance from the one before.
struct Runs {
  const int16_t* const* rows;  // where each filter row begins for pixel 0
  int32_t row_count, runs, pairs;
  ptrdiff_t run_step, pixel_step;
};

template <int Pixels, int Vectors>
void multiply(const Runs& runs, ptrdiff_t start, const int16_t* weights, const int32_t* channels,
              const Range& range, int32_t count, int8_t* out, ptrdiff_t out_step) {
  Ints sums[Pixels][Vectors];
  TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
    const Ints bias = load(channels + v * kChannelRow);
    TADPOLE_UNROLL for (int p = 0; p < Pixels; ++p) sums[p][v] = bias;
  }
  for (int32_t i = 0; i < runs.row_count; ++i) {
    for (int32_t j = 0; j < runs.runs; ++j) {
      const int16_t* from = runs.rows[i] + start + j * runs.run_step;
      for (int32_t k = 0; k < runs.pairs; ++k, from += 2, weights += Vectors * kBlock) {
        Ints columns[Vectors];
        TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) columns[v] = load(weights + v * kBlock);
        TADPOLE_UNROLL for (int p = 0; p < Pixels; ++p) {
          const Ints pair = splat_pair(from + p * runs.pixel_step);
          TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
            sums[p][v] = add(sums[p][v], dot_pairs(pair, columns[v]));
          }
        }
      }
    }
  }
  finish<Pixels, Vectors>(sums, channels, range, count, out, out_step);
}

typedef void (*Multiply)(const Runs&, ptrdiff_t, const int16_t*, const int32_t*, const Range&, int32_t,
                         int8_t*, ptrdiff_t);

template <int Vectors>
Multiply multiply_of(int32_t pixels) {
  switch (pixels) {
    case 1:
      return multiply<1, Vectors>;
    case 2:
      return multiply<2, Vectors>;
    case 3:
      return multiply<3, Vectors>;
    case 4:
      return multiply<4, Vectors>;
    case 5:
      return multiply < kMostPixels < 5 ? kMostPixels : 5, Vectors > ;
    default:
      return multiply < kMostPixels < 6 ? kMostPixels : 6, Vectors > ;
  }
}

/// All channels of `pixels` neighbours, in groups of nearly equal size.
void multiply_row(const Runs& runs, int32_t pixels, const int16_t* weights, const int32_t* channels,
                  const Range& range, int32_t out_c, int8_t* out) {
  const ptrdiff_t steps = ptrdiff_t(runs.row_count) * runs.runs * runs.pairs;
  const int32_t groups = (pixels + kMostPixels - 1) / kMostPixels;
  for (int32_t c = 0; c < out_c; c += kBlock) {
    const int32_t count = at_most(out_c - c, kBlock);
    const int32_t vectors = count > kLanes ? 2 : 1;
    int32_t x = 0;
    for (int32_t g = 0; g < groups; ++g) {
      const int32_t size = (pixels - x) / (groups - g);
      const Multiply step = vectors == 2 ? multiply_of<2>(size) : multiply_of<1>(size);
      step(runs, x * runs.pixel_step, weights, channels, range, count, out + ptrdiff_t(x) * out_c + c, out_c);
      x += size;
    }
    weights += steps * vectors * kBlock;
    channels += vectors * kChannelRow;
  }
}

void pointwise(const SimdPointwiseInt8Params& params, const int8_t* in, int8_t* out, int16_t* scratch) {
  const Range range = make_range(params.out_zero, params.clamp_min, params.clamp_max);
  const int16_t* const rows[1] = {scratch};
  const Runs runs = {rows, 1, 1, (params.in_c + 1) / 2, 0, params.in_c};
  for (int32_t done = 0; done < params.pixels; done += params.chunk) {
    const int32_t pixels = at_most(params.pixels - done, params.chunk);
    widen_all(in, ptrdiff_t(pixels) * params.in_c, scratch);
    multiply_row(runs, pixels, params.weights, params.channels, range, params.out_c, out);
    in += ptrdiff_t(pixels) * params.in_c;
    out += ptrdiff_t(pixels) * params.out_c;
  }
}

/// One row of the map with its padding, widened; `row` may lie outside.
void widen_row(const SimdConv2dInt8Params& params, const int8_t* in, int32_t row, int16_t* out) {
  const Window2d& w = params.window;
  const int32_t width = simd_padded_width(w);
  const bool inside = row >= 0 && row < w.in_h;
  const int32_t before = inside ? at_most(w.pad_left, width) : width;
  const int32_t columns = inside ? at_most(w.in_w, width - before) : 0;
  fill_all(params.in_zero, ptrdiff_t(before) * w.in_c, out);
  out += ptrdiff_t(before) * w.in_c;
  if (inside) widen_all(in + ptrdiff_t(row) * w.in_w * w.in_c, ptrdiff_t(columns) * w.in_c, out);
  out += ptrdiff_t(columns) * w.in_c;
  fill_all(params.in_zero, ptrdiff_t(width - before - columns) * w.in_c + 1, out);
}

void conv_2d(const SimdConv2dInt8Params& params, const int8_t* in, int8_t* out, int16_t* scratch) {
  const Window2d& w = params.window;
  const Range range = make_range(params.out_zero, params.clamp_min, params.clamp_max);
  const int32_t spanned = simd_rows_spanned(w);
  const ptrdiff_t row_size = ptrdiff_t(simd_conv_row(w));
  const int16_t* rows[kSimdMaxRows];
  const Runs runs = {rows,
                     w.filter_h,
                     SimdConv2dInt8Params::runs(w),
                     (SimdConv2dInt8Params::run_length(w) + 1) / 2,
                     ptrdiff_t(w.dilation_w) * w.in_c,
                     ptrdiff_t(w.stride_w) * w.in_c};
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    int32_t next = 0;  // row of the padded map; row r is kept at r % spanned
    for (int32_t y = 0; y < w.out_h; ++y, out += ptrdiff_t(w.out_w) * w.out_c) {
      const int32_t top = y * w.stride_h;
      for (next = at_least(next, top); next < top + spanned; ++next) {
        widen_row(params, in, next - w.pad_top, scratch + (next % spanned) * row_size);
      }
      for (int32_t i = 0; i < w.filter_h; ++i) {
        rows[i] = scratch + ((top + i * w.dilation_h) % spanned) * row_size;
      }
      multiply_row(runs, w.out_w, params.weights, params.channels, range, w.out_c, out);
    }
  }
}

/// One row of the map with its padding, as bytes with whole vectors of channels; `row` may lie outside.
void pad_row(const SimdDepthwiseInt8Params& params, const int8_t* in, int32_t row, int8_t* out) {
  const Window2d& w = params.window;
  const int32_t width = simd_padded_width(w);
  const ptrdiff_t channels = simd_channels(w.out_c, kLanes);
  const bool inside = row >= 0 && row < w.in_h;
  const int32_t before = inside ? at_most(w.pad_left, width) : width;
  const int32_t columns = inside ? at_most(w.in_w, width - before) : 0;
  memset(out, params.in_zero, size_t(before * channels));
  out += before * channels;
  if (inside) in += ptrdiff_t(row) * w.in_w * w.in_c;
  if (w.in_c == channels) {
    if (inside) memcpy(out, in, size_t(columns * channels));
    out += columns * channels;
  } else {
    const int32_t multiplier = w.out_c / w.in_c;
    for (int32_t x = 0; x < columns; ++x, in += w.in_c, out += channels) {
      for (int32_t c = 0; c < w.out_c; ++c) out[c] = in[c / multiplier];
      memset(out + w.out_c, params.in_zero, size_t(channels - w.out_c));
    }
  }
  memset(out, params.in_zero, size_t((width - before - columns) * channels));
}

/// Rows `row` and `row` + dilation as pairs of numbers.
void pair_rows(const SimdDepthwiseInt8Params& params, const int8_t* in, int32_t row, int8_t* bytes,
               int16_t* out) {
  const Window2d& w = params.window;
  const ptrdiff_t size = ptrdiff_t(simd_depthwise_row(w, kLanes));
  const ptrdiff_t channels = simd_channels(w.out_c, kLanes);
  pad_row(params, in, row, bytes);
  pad_row(params, in, row + w.dilation_h, bytes + size);
  if (channels % kBlock == 0) {
    for (ptrdiff_t i = 0; i < size; i += kBlock) interleave_two(bytes + i, bytes + size + i, out + 2 * i);
    return;
  }
  for (ptrdiff_t pixel = 0; pixel < size; pixel += channels) {
    const int8_t* from = bytes + pixel;
    ptrdiff_t c = 0;
    for (; c + kBlock <= channels; c += kBlock)
      interleave_two(from + c, from + size + c, out + 2 * (pixel + c));
    interleave_one(from + c, from + size + c, out + 2 * (pixel + c));
  }
}

/// The inputs of one output row for a depthwise layer.
struct PairedRows {
  const int16_t* const* rows;
  int32_t row_count, columns;
  ptrdiff_t column_step, pixel_step;
};

template <int Pixels, int Vectors>
void multiply_each(const PairedRows& paired, ptrdiff_t start, const int16_t* weights, const int32_t* channels,
                   const Range& range, int32_t count, int8_t* out, ptrdiff_t out_step) {
  Ints sums[Pixels][Vectors];
  TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
    const Ints bias = load(channels + v * kChannelRow);
    TADPOLE_UNROLL for (int p = 0; p < Pixels; ++p) sums[p][v] = bias;
  }
  for (int32_t i = 0; i < paired.row_count; ++i) {
    const int16_t* from = paired.rows[i] + start;
    for (int32_t j = 0; j < paired.columns; ++j, from += paired.column_step, weights += Vectors * kBlock) {
      TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
        const Ints taps = load(weights + v * kBlock);
        TADPOLE_UNROLL for (int p = 0; p < Pixels; ++p) {
          sums[p][v] = add(sums[p][v], dot_pairs(taps, load(from + p * paired.pixel_step + v * kBlock)));
        }
      }
    }
  }
  finish<Pixels, Vectors>(sums, channels, range, count, out, out_step);
}

typedef void (*MultiplyEach)(const PairedRows&, ptrdiff_t, const int16_t*, const int32_t*, const Range&,
                             int32_t, int8_t*, ptrdiff_t);

template <int Vectors>
MultiplyEach multiply_each_of(int32_t pixels) {
  switch (pixels) {
    case 1:
      return multiply_each<1, Vectors>;
    case 2:
      return multiply_each<2, Vectors>;
    case 3:
      return multiply_each<3, Vectors>;
    case 4:
      return multiply_each<4, Vectors>;
    default:
      return multiply_each < kMostDepthwisePixels < 5 ? kMostDepthwisePixels : 5, Vectors > ;
  }
}

void multiply_each_row(const PairedRows& paired, const SimdDepthwiseInt8Params& params, const Range& range,
                       int8_t* out) {
  const Window2d& w = params.window;
  const int16_t* weights = params.weights;
  const int32_t* channels = params.channels;
  const int32_t groups = (w.out_w + kMostDepthwisePixels - 1) / kMostDepthwisePixels;
  for (int32_t c = 0; c < w.out_c; c += kBlock) {
    const int32_t count = at_most(w.out_c - c, kBlock);
    const int32_t vectors = count > kLanes ? 2 : 1;
    int32_t x = 0;
    for (int32_t g = 0; g < groups; ++g) {
      const int32_t size = (w.out_w - x) / (groups - g);
      const MultiplyEach step = vectors == 2 ? multiply_each_of<2>(size) : multiply_each_of<1>(size);
      step(paired, x * paired.pixel_step + 2 * ptrdiff_t(c), weights, channels, range, count,
           out + ptrdiff_t(x) * w.out_c + c, w.out_c);
      x += size;
    }
    weights += ptrdiff_t(paired.row_count) * w.filter_w * vectors * kBlock;
    channels += vectors * kChannelRow;
  }
}

void depthwise_conv_2d(const SimdDepthwiseInt8Params& params, const int8_t* in, int8_t* out,
                       int16_t* scratch) {
  const Window2d& w = params.window;
  const Range range = make_range(params.out_zero, params.clamp_min, params.clamp_max);
  const ptrdiff_t row_size = 2 * ptrdiff_t(simd_depthwise_row(w, kLanes));
  const int32_t kept = simd_pairs_spanned(w);
  int8_t* bytes = reinterpret_cast<int8_t*>(scratch + kept * row_size);
  const ptrdiff_t channels = simd_channels(w.out_c, kLanes);
  const int16_t* rows[kSimdMaxRows];
  int32_t row_at[kSimdMaxRows];  // which row of the padded map is kept where
  const PairedRows paired = {rows, (w.filter_h + 1) / 2, w.filter_w, w.dilation_w * channels * 2,
                             w.stride_w * channels * 2};
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    for (int32_t i = 0; i < kept; ++i) row_at[i] = -1;
    for (int32_t y = 0; y < w.out_h; ++y, out += ptrdiff_t(w.out_w) * w.out_c) {
      for (int32_t i = 0; i < paired.row_count; ++i) {
        const int32_t row = y * w.stride_h + 2 * i * w.dilation_h;
        const int32_t place = row % kept;
        if (row_at[place] != row) {
          pair_rows(params, in, row - w.pad_top, bytes, scratch + place * row_size);
          row_at[place] = row;
        }
        rows[i] = scratch + place * row_size;
      }
      multiply_each_row(paired, params, range, out);
    }
  }
}

}  // namespace
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_SIMD_LAYERS_INT8_LOOPS_H_
