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

#include "train/kernels_depthwise.h"
#include "train/kernels_elementwise.h"
#include "train/kernels_winograd.h"

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
