// The source of every kernel set. The including file defines TADPOLE_LANES (floats in a vector) and
// TADPOLE_KERNELS (the set's name) and is compiled with the flags of its instruction set. Nothing here may
// come from a shared inline function: the linker could keep the copy made for the wider machine.
#include <cstddef>
#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "train/kernels.h"

#if defined(__clang__)
#define TADPOLE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define TADPOLE_UNROLL _Pragma("GCC unroll 16")
#endif

namespace tadpole::train {
namespace {

constexpr int kLanes = TADPOLE_LANES;
typedef float Vec __attribute__((vector_size(4 * TADPOLE_LANES)));
typedef float LooseVec __attribute__((vector_size(4 * TADPOLE_LANES), aligned(4), may_alias));

inline Vec load(const float* from) { return *reinterpret_cast<const LooseVec*>(from); }
inline void store(float* to, Vec value) { *reinterpret_cast<LooseVec*>(to) = value; }
// x - 0 is x for every x, so that the compiler leaves a bare broadcast; 0 + x is not (-0).
inline Vec broadcast(float value) { return value - Vec{}; }

inline Vec multiply_add(Vec a, Vec b, Vec sum) {
#if TADPOLE_LANES == 16 && defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, sum);
#elif TADPOLE_LANES == 8 && defined(__FMA__)
  return _mm256_fmadd_ps(a, b, sum);
#else
  return a * b + sum;
#endif
}

inline Vec clamp(Vec value, Vec low, Vec high) {
  value = value < low ? low : value;
  return value > high ? high : value;
}
inline float clamp(float value, float low, float high) {
  value = value < low ? low : value;
  return value > high ? high : value;
}

/// The first `count` floats (at most the lanes); what is beyond is not touched, and reads as zero.
inline Vec load_part(const float* from, int count) {
#if TADPOLE_LANES == 16 && defined(__AVX512F__)
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), from);
#else
  if (count >= kLanes) return load(from);
  Vec value = {};
  for (int i = 0; i < count; ++i) value[i] = from[i];
  return value;
#endif
}
inline void store_part(float* to, Vec value, int count) {
#if TADPOLE_LANES == 16 && defined(__AVX512F__)
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1), value);
#else
  if (count >= kLanes) {
    store(to, value);
    return;
  }
  for (int i = 0; i < count; ++i) to[i] = value[i];
#endif
}

// ---- matrix product: a tile of Rows x (Vectors * lanes) stays in registers over all k ----

constexpr int kMostVectors = kLanes == 16 ? 4 : 2;
constexpr int most_rows(int vectors) { return vectors == kMostVectors ? 6 : 8; }

/// `last` counts the columns of the last vector that are inside C; Whole: all of them.
template <int Rows, int Vectors, bool Whole>
inline void tile(const Gemm& g, const float* a, const float* b, float* c, const float* bias, int last) {
  Vec sum[Rows][Vectors];
  TADPOLE_UNROLL for (int i = 0; i < Rows; ++i) {
    TADPOLE_UNROLL for (int j = 0; j < Vectors; ++j) {
      const float* before = c + i * g.c_row + j * kLanes;
      if (!g.accumulate) {
        sum[i][j] = bias != nullptr ? load(bias + j * kLanes) : Vec{};
      } else {
        sum[i][j] = Whole || j + 1 < Vectors ? load(before) : load_part(before, last);
      }
    }
  }
  for (int s = 0; s < g.segments; ++s) {
    const float* row[Rows];
    TADPOLE_UNROLL for (int i = 0; i < Rows; ++i) row[i] = a + s * g.a_segment + i * g.a_row;
    const float* line = b + s * g.b_segment;
    const ptrdiff_t end = g.segment_length * g.a_k;
    for (ptrdiff_t k = 0; k < end; k += g.a_k, line += g.b_k) {
      Vec columns[Vectors];
      TADPOLE_UNROLL for (int j = 0; j < Vectors; ++j) columns[j] = load(line + j * kLanes);
      TADPOLE_UNROLL for (int i = 0; i < Rows; ++i) {
        const Vec factor = broadcast(row[i][k]);
        TADPOLE_UNROLL for (int j = 0; j < Vectors; ++j) {
          sum[i][j] = multiply_add(factor, columns[j], sum[i][j]);
        }
      }
    }
  }
  TADPOLE_UNROLL for (int i = 0; i < Rows; ++i) {
    TADPOLE_UNROLL for (int j = 0; j < Vectors; ++j) {
      float* to = c + i * g.c_row + j * kLanes;
      if (Whole || j + 1 < Vectors) {
        store(to, sum[i][j]);
      } else {
        store_part(to, sum[i][j], last);
      }
    }
  }
}

template <int Vectors>
void panel(const Gemm& g, int first_column, int columns) {
  const float* b = g.b + first_column;
  const float* bias = g.bias != nullptr ? g.bias + first_column : nullptr;
  const int tiles = (g.rows + most_rows(Vectors) - 1) / most_rows(Vectors);
  int row = 0;
  for (int t = 0; t < tiles; ++t) {
    const int rows = (g.rows - row + tiles - t - 1) / (tiles - t);  // even tiles: no thin one at the end
    if (first_column == 0) {
      for (const auto& ahead : g.ahead) {
        const char* at = reinterpret_cast<const char*>(ahead.from + ahead.floats * t / tiles);
        const char* end = reinterpret_cast<const char*>(ahead.from + ahead.floats * (t + 1) / tiles);
        for (; at < end; at += 64) __builtin_prefetch(at, 0, 2);
      }
    }
    const float* a = g.a + row * g.a_row;
    float* c = g.c + row * g.c_row + first_column;
    const int last = columns - (Vectors - 1) * kLanes;
    const bool whole = last == kLanes;
#define TADPOLE_ROWS(n)                                \
  case n:                                              \
    if (whole) {                                       \
      tile<n, Vectors, true>(g, a, b, c, bias, 0);     \
    } else {                                           \
      tile<n, Vectors, false>(g, a, b, c, bias, last); \
    }                                                  \
    break;
    switch (rows) {
      TADPOLE_ROWS(1)
      TADPOLE_ROWS(2)
      TADPOLE_ROWS(3)
      TADPOLE_ROWS(4)
      TADPOLE_ROWS(5)
      TADPOLE_ROWS(6)
      default:
        if constexpr (most_rows(Vectors) > 6) {
          switch (rows) {
            TADPOLE_ROWS(7)
            TADPOLE_ROWS(8)
          }
        }
    }
#undef TADPOLE_ROWS
    row += rows;
  }
}

void gemm(const Gemm& g) {
  for (int column = 0; column < g.columns; column += kMostVectors * kLanes) {
    const int columns =
        g.columns - column < kMostVectors * kLanes ? g.columns - column : kMostVectors * kLanes;
    switch ((columns + kLanes - 1) / kLanes) {
      case 1:
        panel<1>(g, column, columns);
        break;
      case 2:
        panel<2>(g, column, columns);
        break;
#if TADPOLE_LANES == 16
      case 3:
        panel<3>(g, column, columns);
        break;
      case 4:
        panel<4>(g, column, columns);
        break;
#endif
    }
  }
}

// ---- depthwise: a vector of channels, its taps in registers where there are nine ----

constexpr int kMostTaps = 64;

inline int most(int channels) { return channels < kLanes ? channels : kLanes; }

/// Offsets of the taps from the window's first pixel, a band of rows at a time when there are very many.
struct Taps {
  int count = 0;
  ptrdiff_t offset[kMostTaps];
};

inline Taps taps_from(const Depthwise& d, int first) {
  Taps taps;
  const int all = d.filter_h * d.filter_w;
  for (int t = first; t < all && taps.count < kMostTaps; ++t) {
    taps.offset[taps.count++] = t / d.filter_w * d.dilation_h * d.in_row +
                                ptrdiff_t{t % d.filter_w} * d.dilation_w * d.channel_stride;
  }
  return taps;
}

template <int Count>
void depthwise_pass(const Depthwise& d, const Taps& taps, const float* weights, const float* bias, bool more,
                    float* out) {
  const int count = Count > 0 ? Count : taps.count;
  const ptrdiff_t step = ptrdiff_t{d.stride_w} * d.channel_stride;
  for (int channel = 0; channel < d.channels; channel += kLanes) {
    Vec weight[Count > 0 ? Count : kMostTaps];
    for (int t = 0; t < count; ++t) weight[t] = load(weights + ptrdiff_t{t} * d.weight_stride + channel);
    const Vec start = bias != nullptr ? load(bias + channel) : Vec{};
    for (int y = 0; y < d.out_h; ++y) {
      const float* in = d.in + ptrdiff_t{y} * d.stride_h * d.in_row + channel;
      float* to = out + ptrdiff_t{y} * d.out_w * d.channels + channel;
      for (int x = 0; x < d.out_w; ++x, in += step, to += d.channels) {
        Vec sum = start, other = {};
        TADPOLE_UNROLL for (int t = 0; t + 1 < count; t += 2) {
          sum = multiply_add(load(in + taps.offset[t]), weight[t], sum);
          other = multiply_add(load(in + taps.offset[t + 1]), weight[t + 1], other);
        }
        if (count % 2 != 0) sum = multiply_add(load(in + taps.offset[count - 1]), weight[count - 1], sum);
        sum += other;
        if (more) {
          for (int i = 0; i < kLanes && channel + i < d.channels; ++i) sum[i] += to[i];
        }
        store_part(to, sum, most(d.channels - channel));
      }
    }
  }
}

/// Rows x Columns neighbouring outputs of a 3x3 filter with stride 1: each input is loaded once for all of
/// them.
template <int Rows, int Columns>
inline void depthwise_block(const float* in, ptrdiff_t in_row, ptrdiff_t step, const Vec* weight, Vec start,
                            float* out, ptrdiff_t out_row, int channels, int left) {
  Vec sum[Rows][Columns];
  TADPOLE_UNROLL for (int r = 0; r < Rows; ++r) {
    TADPOLE_UNROLL for (int c = 0; c < Columns; ++c) sum[r][c] = start;
  }
  TADPOLE_UNROLL for (int y = 0; y < Rows + 2; ++y) {
    TADPOLE_UNROLL for (int x = 0; x < Columns + 2; ++x) {
      const Vec value = load(in + y * in_row + x * step);
      TADPOLE_UNROLL for (int r = 0; r < Rows; ++r) {
        TADPOLE_UNROLL for (int c = 0; c < Columns; ++c) {
          if (y >= r && y < r + 3 && x >= c && x < c + 3) {
            sum[r][c] = multiply_add(value, weight[(y - r) * 3 + x - c], sum[r][c]);
          }
        }
      }
    }
  }
  TADPOLE_UNROLL for (int r = 0; r < Rows; ++r) {
    TADPOLE_UNROLL for (int c = 0; c < Columns; ++c) {
      store_part(out + r * out_row + c * channels, sum[r][c], most(left));
    }
  }
}

template <int Rows>
inline void depthwise_rows(const Depthwise& d, const float* in, const Vec* weight, Vec start, float* out,
                           int left) {
  const ptrdiff_t step = d.channel_stride, out_row = ptrdiff_t{d.out_w} * d.channels;
  int x = 0;
  for (; x + 2 <= d.out_w; x += 2, in += 2 * step, out += 2 * d.channels) {
    depthwise_block<Rows, 2>(in, d.in_row, step, weight, start, out, out_row, d.channels, left);
  }
  if (x < d.out_w)
    depthwise_block<Rows, 1>(in, d.in_row, step, weight, start, out, out_row, d.channels, left);
}

void depthwise_3x3(const Depthwise& d, const float* weights, const float* bias, float* out) {
  for (int channel = 0; channel < d.channels; channel += kLanes) {
    Vec weight[9];
    TADPOLE_UNROLL for (int t = 0; t < 9; ++t) weight[t] =
        load(weights + ptrdiff_t{t} * d.weight_stride + channel);
    const Vec start = bias != nullptr ? load(bias + channel) : Vec{};
    const float* in = d.in + channel;
    float* to = out + channel;
    int y = 0;
    for (; y + 2 <= d.out_h; y += 2, in += 2 * d.in_row, to += ptrdiff_t{2} * d.out_w * d.channels) {
      depthwise_rows<2>(d, in, weight, start, to, d.channels - channel);
    }
    if (y < d.out_h) depthwise_rows<1>(d, in, weight, start, to, d.channels - channel);
  }
}

// Fewer channels than lanes, without gaps between the pixels: a vector holds several pixels. With stride 1
// the pixels under a tap are neighbours too.

inline bool is_flat(const Depthwise& d) { return d.channel_stride < kLanes; }

inline Vec repeat(const float* channels, int count) {
  Vec value = {};
  for (int i = 0; i < kLanes; ++i) value[i] = channels[i % count];
  return value;
}

void depthwise_flat(const Depthwise& d, const float* weights, const float* bias, float* out) {
  const Taps taps = taps_from(d, 0);
  Vec weight[kMostTaps];
  for (int t = 0; t < taps.count; ++t)
    weight[t] = repeat(weights + ptrdiff_t{t} * d.weight_stride, d.channels);
  const Vec start = bias != nullptr ? repeat(bias, d.channels) : Vec{};
  const ptrdiff_t row = ptrdiff_t{d.out_w} * d.channels;
  for (int y = 0; y < d.out_h; ++y, out += row) {
    const float* in = d.in + y * d.in_row;
    for (ptrdiff_t x = 0; x < row; x += kLanes) {
      Vec sum = start, other = {};
      int t = 0;
      for (; t + 1 < taps.count; t += 2) {
        sum = multiply_add(load(in + x + taps.offset[t]), weight[t], sum);
        other = multiply_add(load(in + x + taps.offset[t + 1]), weight[t + 1], other);
      }
      if (t < taps.count) sum = multiply_add(load(in + x + taps.offset[t]), weight[t], sum);
      store_part(out + x, sum + other, row - x < kLanes ? static_cast<int>(row - x) : kLanes);
    }
  }
}

void depthwise_flat_weights(const Depthwise& d, const float* out_gradient, ptrdiff_t out_gradient_row,
                            float* gradient) {
  const Taps taps = taps_from(d, 0);
  Vec sum[kMostTaps];
  for (int t = 0; t < taps.count; ++t) sum[t] = Vec{};
  const ptrdiff_t row = ptrdiff_t{d.out_w} * d.channels;
  for (int y = 0; y < d.out_h; ++y) {
    const float* in = d.in + y * d.in_row;
    const float* from = out_gradient + y * out_gradient_row;
    ptrdiff_t x = 0;
    for (; x + kLanes <= row; x += kLanes) {
      const Vec factor = load(from + x);
      for (int t = 0; t < taps.count; ++t)
        sum[t] = multiply_add(load(in + x + taps.offset[t]), factor, sum[t]);
    }
    const int left = static_cast<int>(row - x);
    if (left == 0) continue;
    const Vec factor = load_part(from + x, left);
    for (int t = 0; t < taps.count; ++t) {
      sum[t] = multiply_add(load_part(in + x + taps.offset[t], left), factor, sum[t]);
    }
  }
  for (int t = 0; t < taps.count; ++t) {
    for (int i = 0; i < kLanes; ++i) gradient[ptrdiff_t{t} * d.weight_stride + i % d.channels] += sum[t][i];
  }
}

void depthwise(const Depthwise& d, const float* weights, const float* bias, float* out) {
  const int all = d.filter_h * d.filter_w;
  if (is_flat(d)) {
    depthwise_flat(d, weights, bias, out);
    return;
  }
  if (d.filter_h == 3 && d.filter_w == 3 && d.stride_h == 1 && d.stride_w == 1 && d.dilation_h == 1 &&
      d.dilation_w == 1) {
    depthwise_3x3(d, weights, bias, out);
    return;
  }
  for (int first = 0; first < all; first += kMostTaps) {
    const Taps taps = taps_from(d, first);
    const float* from = weights + ptrdiff_t{first} * d.weight_stride;
    if (taps.count == 9) {
      depthwise_pass<9>(d, taps, from, first == 0 ? bias : nullptr, first > 0, out);
    } else {
      depthwise_pass<0>(d, taps, from, first == 0 ? bias : nullptr, first > 0, out);
    }
  }
}

template <int Count>
void depthwise_weights_pass(const Depthwise& d, const Taps& taps, const float* out_gradient,
                            ptrdiff_t out_gradient_row, float* gradient) {
  const int count = Count > 0 ? Count : taps.count;
  const ptrdiff_t step = ptrdiff_t{d.stride_w} * d.channel_stride;
  for (int channel = 0; channel < d.channels; channel += kLanes) {
    Vec sum[Count > 0 ? Count : kMostTaps];
    for (int t = 0; t < count; ++t) sum[t] = Vec{};
    for (int y = 0; y < d.out_h; ++y) {
      const float* in = d.in + ptrdiff_t{y} * d.stride_h * d.in_row + channel;
      const float* from = out_gradient + y * out_gradient_row + channel;
      for (int x = 0; x < d.out_w; ++x, in += step, from += d.channel_stride) {
        const Vec factor = load(from);
        TADPOLE_UNROLL for (int t = 0; t < count; ++t) {
          sum[t] = multiply_add(load(in + taps.offset[t]), factor, sum[t]);
        }
      }
    }
    for (int t = 0; t < count; ++t) {
      float* to = gradient + ptrdiff_t{t} * d.weight_stride + channel;
      store(to, load(to) + sum[t]);
    }
  }
}

void depthwise_weights(const Depthwise& d, const float* out_gradient, ptrdiff_t out_gradient_row,
                       float* gradient) {
  const int all = d.filter_h * d.filter_w;
  if (is_flat(d)) {
    depthwise_flat_weights(d, out_gradient, out_gradient_row, gradient);
    return;
  }
  for (int first = 0; first < all; first += kMostTaps) {
    const Taps taps = taps_from(d, first);
    float* to = gradient + ptrdiff_t{first} * d.weight_stride;
    if (taps.count == 9) {
      depthwise_weights_pass<9>(d, taps, out_gradient, out_gradient_row, to);
    } else {
      depthwise_weights_pass<0>(d, taps, out_gradient, out_gradient_row, to);
    }
  }
}

void depthwise_scatter(const Depthwise& d, const float* weights, const float* out_gradient,
                       ptrdiff_t out_gradient_row, float* in_gradient) {
  const int all = d.filter_h * d.filter_w;
  const ptrdiff_t step = ptrdiff_t{d.stride_w} * d.channel_stride;
  for (int first = 0; first < all; first += kMostTaps) {
    const Taps taps = taps_from(d, first);
    for (int channel = 0; channel < d.channels; channel += kLanes) {
      const float* weight = weights + ptrdiff_t{first} * d.weight_stride + channel;
      for (int y = 0; y < d.out_h; ++y) {
        float* to = in_gradient + ptrdiff_t{y} * d.stride_h * d.in_row + channel;
        const float* from = out_gradient + y * out_gradient_row + channel;
        for (int x = 0; x < d.out_w; ++x, to += step, from += d.channel_stride) {
          const Vec factor = load(from);
          for (int t = 0; t < taps.count; ++t) {
            float* at = to + taps.offset[t];
            store(at, multiply_add(load(weight + ptrdiff_t{t} * d.weight_stride), factor, load(at)));
          }
        }
      }
    }
  }
}

#include "train/kernels_winograd.h"

// ---- element-wise, per channel: up to four vectors of channels side by side ----

template <int Vectors>
void affine_group(float* out, const float* in, ptrdiff_t whole, int period, const float* scale,
                  const float* shift, Vec low, Vec high) {
  Vec scales[Vectors], shifts[Vectors];
  TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
    scales[v] = load(scale + v * kLanes);
    shifts[v] = load(shift + v * kLanes);
  }
  for (ptrdiff_t at = 0; at < whole; at += period) {
    TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
      const Vec value = multiply_add(load(in + at + v * kLanes), scales[v], shifts[v]);
      store(out + at + v * kLanes, clamp(value, low, high));
    }
  }
}

void affine(float* out, const float* in, ptrdiff_t count, int period, const float* scale, const float* shift,
            float low, float high) {
  const Vec lows = broadcast(low), highs = broadcast(high);
  const ptrdiff_t whole = count - count % period;
  int j = 0;
  for (; j + 4 * kLanes <= period; j += 4 * kLanes) {
    affine_group<4>(out + j, in + j, whole, period, scale + j, shift + j, lows, highs);
  }
  for (; j < period; j += kLanes) {
    affine_group<1>(out + j, in + j, whole, period, scale + j, shift + j, lows, highs);
  }
  ptrdiff_t at = whole;
  for (; at + kLanes <= count; at += kLanes) {
    affine_group<1>(out + at, in + at, 1, 1, scale + at - whole, shift + at - whole, lows, highs);
  }
  for (; at < count; ++at) {
    const float value = in[at] * scale[at - whole] + shift[at - whole];
    out[at] = clamp(value, low, high);
  }
}

template <int Vectors>
void moments_group(const float* in, ptrdiff_t whole, int period, const float* origin, double* sum,
                   double* squares) {
  Vec first[Vectors] = {}, second[Vectors] = {}, zero[Vectors];
  TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) zero[v] = load(origin + v * kLanes);
  for (ptrdiff_t at = 0; at < whole; at += period) {
    TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
      const Vec value = load(in + at + v * kLanes) - zero[v];
      first[v] += value;
      second[v] = multiply_add(value, value, second[v]);
    }
  }
  for (int v = 0; v < Vectors; ++v) {
    for (int i = 0; i < kLanes; ++i) {
      sum[v * kLanes + i] += static_cast<double>(first[v][i]);
      squares[v * kLanes + i] += static_cast<double>(second[v][i]);
    }
  }
}

void moments(const float* in, ptrdiff_t count, int period, const float* origin, double* sum,
             double* squares) {
  const ptrdiff_t whole = count - count % period;
  int j = 0;
  for (; j + 4 * kLanes <= period; j += 4 * kLanes) {
    moments_group<4>(in + j, whole, period, origin + j, sum + j, squares + j);
  }
  for (; j < period; j += kLanes) {
    moments_group<1>(in + j, whole, period, origin + j, sum + j, squares + j);
  }
  ptrdiff_t at = whole;
  for (; at + kLanes <= count; at += kLanes) {
    moments_group<1>(in + at, 1, 1, origin + at - whole, sum + at - whole, squares + at - whole);
  }
  for (; at < count; ++at) {
    const float value = in[at] - origin[at - whole];
    sum[at - whole] += static_cast<double>(value);
    squares[at - whole] += static_cast<double>(value * value);
  }
}

template <int Vectors>
void affine_backward_group(float* gradient, const float* in, ptrdiff_t whole, int period, const float* scale,
                           const float* shift, Vec low, Vec high, const float* mean, double* sum,
                           double* product) {
  Vec first[Vectors] = {}, second[Vectors] = {}, scales[Vectors], shifts[Vectors], means[Vectors] = {};
  TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
    scales[v] = load(scale + v * kLanes);
    shifts[v] = load(shift + v * kLanes);
    if (sum != nullptr) means[v] = load(mean + v * kLanes);
  }
  for (ptrdiff_t at = 0; at < whole; at += period) {
    TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
      const Vec value = load(in + at + v * kLanes);
      const Vec before = multiply_add(value, scales[v], shifts[v]);
      Vec passed = load(gradient + at + v * kLanes);
      passed = before > low ? passed : Vec{};
      passed = before < high ? passed : Vec{};
      store(gradient + at + v * kLanes, passed);
      first[v] += passed;
      second[v] = multiply_add(passed, value - means[v], second[v]);
    }
  }
  if (sum == nullptr) return;
  for (int v = 0; v < Vectors; ++v) {
    for (int i = 0; i < kLanes; ++i) {
      sum[v * kLanes + i] += static_cast<double>(first[v][i]);
      product[v * kLanes + i] += static_cast<double>(second[v][i]);
    }
  }
}

void affine_backward(float* gradient, const float* in, ptrdiff_t count, int period, const float* scale,
                     const float* shift, float low, float high, const float* mean, double* sum,
                     double* product) {
  const ptrdiff_t whole = count - count % period;
  const Vec lows = broadcast(low), highs = broadcast(high);
  int j = 0;
  const auto offset = [](auto* pointer, int by) { return pointer != nullptr ? pointer + by : nullptr; };
  for (; j + 4 * kLanes <= period; j += 4 * kLanes) {
    affine_backward_group<4>(gradient + j, in + j, whole, period, scale + j, shift + j, lows, highs,
                             offset(mean, j), offset(sum, j), offset(product, j));
  }
  for (; j < period; j += kLanes) {
    affine_backward_group<1>(gradient + j, in + j, whole, period, scale + j, shift + j, lows, highs,
                             offset(mean, j), offset(sum, j), offset(product, j));
  }
  ptrdiff_t at = whole;
  for (; at + kLanes <= count; at += kLanes) {
    const int by = static_cast<int>(at - whole);
    affine_backward_group<1>(gradient + at, in + at, 1, 1, scale + by, shift + by, lows, highs,
                             offset(mean, by), offset(sum, by), offset(product, by));
  }
  for (; at < count; ++at) {
    const ptrdiff_t channel = at - whole;
    const float before = in[at] * scale[channel] + shift[channel];
    if (!(before > low && before < high)) gradient[at] = 0;
    if (sum == nullptr) continue;
    sum[channel] += static_cast<double>(gradient[at]);
    product[channel] += static_cast<double>(gradient[at] * (in[at] - mean[channel]));
  }
}

template <int Vectors>
void combine_group(float* out, const float* gradient, const float* in, ptrdiff_t whole, int period,
                   const float* a, const float* b, const float* c) {
  Vec as[Vectors], bs[Vectors], cs[Vectors];
  TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
    as[v] = load(a + v * kLanes);
    bs[v] = load(b + v * kLanes);
    cs[v] = load(c + v * kLanes);
  }
  for (ptrdiff_t at = 0; at < whole; at += period) {
    TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
      const Vec linear = multiply_add(load(in + at + v * kLanes), bs[v], cs[v]);
      store(out + at + v * kLanes, multiply_add(load(gradient + at + v * kLanes), as[v], linear));
    }
  }
}

void combine(float* out, const float* gradient, const float* in, ptrdiff_t count, int period, const float* a,
             const float* b, const float* c) {
  const ptrdiff_t whole = count - count % period;
  int j = 0;
  for (; j + 4 * kLanes <= period; j += 4 * kLanes) {
    combine_group<4>(out + j, gradient + j, in + j, whole, period, a + j, b + j, c + j);
  }
  for (; j < period; j += kLanes) {
    combine_group<1>(out + j, gradient + j, in + j, whole, period, a + j, b + j, c + j);
  }
  ptrdiff_t at = whole;
  for (; at + kLanes <= count; at += kLanes) {
    const ptrdiff_t by = at - whole;
    combine_group<1>(out + at, gradient + at, in + at, 1, 1, a + by, b + by, c + by);
  }
  for (; at < count; ++at) {
    const ptrdiff_t channel = at - whole;
    out[at] = gradient[at] * a[channel] + (in[at] * b[channel] + c[channel]);
  }
}

void add(float* out, const float* in, ptrdiff_t count) {
  ptrdiff_t at = 0;
  for (; at + kLanes <= count; at += kLanes) store(out + at, load(out + at) + load(in + at));
  for (; at < count; ++at) out[at] += in[at];
}

void sgd(float* weight, const float* gradient, float* velocity, ptrdiff_t count, float rate, float momentum) {
  for (ptrdiff_t i = 0; i < count; ++i) {
    velocity[i] = momentum * velocity[i] + gradient[i];
    weight[i] -= rate * velocity[i];
  }
}

void adam(float* weight, const float* gradient, float* first, float* second, ptrdiff_t count, float rate,
          float beta1, float beta2, float epsilon, float decay) {
  for (ptrdiff_t i = 0; i < count; ++i) {
    first[i] = beta1 * first[i] + (1.0f - beta1) * gradient[i];
    second[i] = beta2 * second[i] + (1.0f - beta2) * gradient[i] * gradient[i];
    weight[i] -= decay * weight[i] + rate * first[i] / (__builtin_sqrtf(second[i]) + epsilon);
  }
}

}  // namespace

extern const Kernels TADPOLE_KERNELS;
const Kernels TADPOLE_KERNELS = {
    TADPOLE_KERNELS_NAME,
    kLanes,
    gemm,
    depthwise,
    depthwise_weights,
    depthwise_scatter,
    winograd_input,
    winograd_input_gradient,
    winograd_output,
    winograd_output_gradient,
    affine,
    moments,
    affine_backward,
    combine,
    add,
    sgd,
    adam,
};

}  // namespace tadpole::train
