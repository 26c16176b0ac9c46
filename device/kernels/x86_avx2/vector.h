// Vectors of eight 32-bit numbers with AVX2, as simd/*_loops.h uses them. Included once by a source that has
// set the instruction set; everything is local to it, so that no other machine code is made from these
// functions.
#ifndef TADPOLE_DEVICE_KERNELS_X86_AVX2_VECTOR_H_
#define TADPOLE_DEVICE_KERNELS_X86_AVX2_VECTOR_H_

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define TADPOLE_INLINE inline __attribute__((always_inline))
#if defined(__clang__)
#define TADPOLE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define TADPOLE_UNROLL _Pragma("GCC unroll 16")
#endif

namespace tadpole {
namespace kernels {
namespace {

constexpr int kLanes = 8;
constexpr int kMostPixels = 6;           // sums of 6 pixels and 2 vectors fill 12 of 16 registers
constexpr int kMostDepthwisePixels = 5;  // one more register for the inputs

typedef __m256i Ints;   // 8 of 32 bits, or 16 of 16 bits in pairs
typedef __m256 Floats;  // 8

TADPOLE_INLINE Ints load(const void* from) { return _mm256_loadu_si256(static_cast<const Ints*>(from)); }
TADPOLE_INLINE Ints splat(int32_t value) { return _mm256_set1_epi32(value); }
TADPOLE_INLINE Ints splat_pair(const int16_t* from) {
  int32_t pair;
  memcpy(&pair, from, sizeof pair);
  return _mm256_set1_epi32(pair);
}
TADPOLE_INLINE Ints add(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
TADPOLE_INLINE Ints subtract(Ints a, Ints b) { return _mm256_sub_epi32(a, b); }
TADPOLE_INLINE Ints larger(Ints a, Ints b) { return _mm256_max_epi32(a, b); }
template <int kBits>
TADPOLE_INLINE Ints shift_left(Ints a) {
  return _mm256_slli_epi32(a, kBits);
}
/// size where sign > 0, else -size; size >= 0.
TADPOLE_INLINE Ints with_sign_of(Ints size, Ints sign) {
  const Ints positive = _mm256_cmpgt_epi32(sign, _mm256_setzero_si256());
  const Ints flip = _mm256_xor_si256(positive, _mm256_set1_epi32(-1));
  return _mm256_sub_epi32(_mm256_xor_si256(size, flip), flip);
}
/// a / b towards zero for |a| < 2^24, 0 < b < 2^24. A quotient that is no whole number is at least 1 / b away
/// from one, that is |a / b| / |a|, more than the float division rounds off.
TADPOLE_INLINE Ints divide(Ints a, Ints b) {
  return _mm256_cvttps_epi32(_mm256_div_ps(_mm256_cvtepi32_ps(a), _mm256_cvtepi32_ps(b)));
}
/// a[2i] * b[2i] + a[2i + 1] * b[2i + 1] of 16-bit numbers.
TADPOLE_INLINE Ints dot_pairs(Ints a, Ints b) { return _mm256_madd_epi16(a, b); }

/// What scale() needs for the channels of one vector.
struct Scaling {
  Ints multiplier, odd_multiplier, left, right, mask, half;
};

TADPOLE_INLINE Scaling make_scaling(Ints multiplier, Ints left, Ints right, Ints mask) {
  return {multiplier, _mm256_srli_epi64(multiplier, 32), left, right, mask, _mm256_srli_epi32(mask, 1)};
}
/// rows: multiplier, left, right and mask of kSimdChannelRows.
TADPOLE_INLINE Scaling load_scaling(const int32_t* rows) {
  return make_scaling(load(rows), load(rows + kLanes), load(rows + 2 * kLanes), load(rows + 3 * kLanes));
}
/// shift as multiply_by_quantized_multiplier takes it.
TADPOLE_INLINE Scaling splat_scaling(int32_t multiplier, int32_t shift) {
  const int32_t right = shift > 0 ? 0 : -shift;
  return make_scaling(splat(multiplier), splat(shift > 0 ? shift : 0), splat(right),
                      splat(static_cast<int32_t>((int64_t(1) << right) - 1)));
}

/// multiply_by_quantized_multiplier of each lane. The high half of the doubled product is bits 31 to 62 of
/// the product plus 2^30; multipliers are never -2^31, so nothing saturates.
TADPOLE_INLINE Ints scale(Ints x, const Scaling& s) {
  const Ints half_unit = _mm256_set1_epi64x(int64_t(1) << 30);
  x = _mm256_sllv_epi32(x, s.left);
  const Ints even = _mm256_add_epi64(_mm256_mul_epi32(x, s.multiplier), half_unit);
  const Ints odd = _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(x, 32), s.odd_multiplier), half_unit);
  const Ints y = _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xaa);
  const Ints threshold = _mm256_add_epi32(s.half, _mm256_srli_epi32(y, 31));
  const Ints up = _mm256_cmpgt_epi32(_mm256_and_si256(y, s.mask), threshold);
  return _mm256_sub_epi32(_mm256_srav_epi32(y, s.right), up);
}

/// Zero point and clamp of an output, as 16-bit numbers.
struct Range {
  Ints zero, low, high;
};
TADPOLE_INLINE Range make_range(int32_t zero, int32_t low, int32_t high) {
  return {_mm256_set1_epi16(static_cast<int16_t>(zero)), _mm256_set1_epi16(static_cast<int16_t>(low)),
          _mm256_set1_epi16(static_cast<int16_t>(high))};
}

/// add_zero_and_clamp of 16 channels in the order of a block of two vectors. A value that saturates 16 bits
/// on the way is clamped to the same end.
TADPOLE_INLINE void store_block(Ints a, Ints b, const Range& range, int8_t* out) {
  Ints x = _mm256_adds_epi16(_mm256_packs_epi32(a, b), range.zero);
  x = _mm256_min_epi16(_mm256_max_epi16(x, range.low), range.high);
  const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
}
/// The same of 8 channels in one vector.
TADPOLE_INLINE void store_block(Ints a, const Range& range, int8_t* out) {
  __m128i x = _mm_packs_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  x = _mm_adds_epi16(x, _mm256_castsi256_si128(range.zero));
  x = _mm_max_epi16(x, _mm256_castsi256_si128(range.low));
  x = _mm_min_epi16(x, _mm256_castsi256_si128(range.high));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm_packs_epi16(x, x));
}

/// 16 bytes to 32 bits, in the order of a block of two vectors.
TADPOLE_INLINE void load_block(const int8_t* in, Ints& first, Ints& second) {
  __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
  bytes = _mm_shuffle_epi32(bytes, _MM_SHUFFLE(3, 1, 2, 0));
  first = _mm256_cvtepi8_epi32(bytes);
  second = _mm256_cvtepi8_epi32(_mm_unpackhi_epi64(bytes, bytes));
}
constexpr int kWiden = 16;
/// kWiden bytes to 16 bits.
TADPOLE_INLINE void widen(const int8_t* in, int16_t* out) {
  const Ints wide = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in)));
  _mm256_storeu_si256(reinterpret_cast<Ints*>(out), wide);
}

/// a[i], b[i] as pairs of 16 bits, for a block of two vectors.
TADPOLE_INLINE void interleave_two(const int8_t* a, const int8_t* b, int16_t* out) {
  const Ints x = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a)));
  const Ints y = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(b)));
  _mm256_storeu_si256(reinterpret_cast<Ints*>(out), _mm256_unpacklo_epi16(x, y));
  _mm256_storeu_si256(reinterpret_cast<Ints*>(out + 16), _mm256_unpackhi_epi16(x, y));
}
/// The same for a block of one.
TADPOLE_INLINE void interleave_one(const int8_t* a, const int8_t* b, int16_t* out) {
  const __m128i x = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(a));
  const __m128i y = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(b));
  _mm256_storeu_si256(reinterpret_cast<Ints*>(out), _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(x, y)));
}

TADPOLE_INLINE Floats load_floats(const float* from) { return _mm256_loadu_ps(from); }
TADPOLE_INLINE void store_floats(Floats value, float* to) { _mm256_storeu_ps(to, value); }
TADPOLE_INLINE Floats splat_float(float value) { return _mm256_set1_ps(value); }
TADPOLE_INLINE Floats add_floats(Floats a, Floats b) { return _mm256_add_ps(a, b); }
TADPOLE_INLINE Floats multiply_floats(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
/// x < low ? low : x > high ? high : x, also for NaN and -0: of equal ones these instructions take the
/// second.
TADPOLE_INLINE Floats clamp_floats(Floats x, Floats low, Floats high) {
  return _mm256_min_ps(high, _mm256_max_ps(low, x));
}
/// The first `count` lanes, 0 < count < kLanes; nothing else is touched.
TADPOLE_INLINE Ints first_lanes(int32_t count) {
  return _mm256_cmpgt_epi32(splat(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
TADPOLE_INLINE Floats load_part(const float* from, int32_t count) {
  return _mm256_maskload_ps(from, first_lanes(count));
}
TADPOLE_INLINE void store_part(Floats value, float* to, int32_t count) {
  _mm256_maskstore_ps(to, first_lanes(count), value);
}

}  // namespace
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_X86_AVX2_VECTOR_H_
