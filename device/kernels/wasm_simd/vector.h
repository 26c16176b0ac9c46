// Vectors of four 32-bit numbers with WebAssembly's 128-bit instructions, as simd/*_loops.h uses them.
// Included once by a source built with them. There is no shift by a number for each lane: shifts are
// multiplications.
#ifndef TADPOLE_DEVICE_KERNELS_WASM_SIMD_VECTOR_H_
#define TADPOLE_DEVICE_KERNELS_WASM_SIMD_VECTOR_H_

#include <stdint.h>
#include <wasm_simd128.h>

#define TADPOLE_INLINE inline __attribute__((always_inline))
#define TADPOLE_UNROLL _Pragma("clang loop unroll(full)")

namespace tadpole {
namespace kernels {
namespace {

constexpr int kLanes = 4;
constexpr int kMostPixels = 4;  // sums of 4 pixels and 2 vectors leave half of 16 registers to the engine
constexpr int kMostDepthwisePixels = 4;

typedef v128_t Ints;    // 4 of 32 bits, or 8 of 16 bits in pairs
typedef v128_t Floats;  // 4

TADPOLE_INLINE Ints load(const void* from) { return wasm_v128_load(from); }
TADPOLE_INLINE Ints splat(int32_t value) { return wasm_i32x4_splat(value); }
TADPOLE_INLINE Ints splat_pair(const int16_t* from) { return wasm_v128_load32_splat(from); }
TADPOLE_INLINE Ints add(Ints a, Ints b) { return wasm_i32x4_add(a, b); }
TADPOLE_INLINE Ints subtract(Ints a, Ints b) { return wasm_i32x4_sub(a, b); }
TADPOLE_INLINE Ints larger(Ints a, Ints b) { return wasm_i32x4_max(a, b); }
template <int kBits>
TADPOLE_INLINE Ints shift_left(Ints a) {
  return wasm_i32x4_shl(a, kBits);
}
/// size where sign > 0, else -size; size >= 0.
TADPOLE_INLINE Ints with_sign_of(Ints size, Ints sign) {
  const Ints flip = wasm_i32x4_le(sign, wasm_i32x4_splat(0));
  return wasm_i32x4_sub(wasm_v128_xor(size, flip), flip);
}
/// a / b towards zero for |a| < 2^24, 0 < b < 2^24. A quotient that is no whole number is at least 1 / b away
/// from one, that is |a / b| / |a|, more than the float division rounds off.
TADPOLE_INLINE Ints divide(Ints a, Ints b) {
  return wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_div(wasm_f32x4_convert_i32x4(a), wasm_f32x4_convert_i32x4(b)));
}
/// a[2i] * b[2i] + a[2i + 1] * b[2i + 1] of 16-bit numbers.
TADPOLE_INLINE Ints dot_pairs(Ints a, Ints b) { return wasm_i32x4_dot_i16x8(a, b); }

/// What scale() needs for the channels of one vector. left: 2^(left shift); right: 2^(30 - right shift).
struct Scaling {
  Ints multiplier, left, right, mask;
};

/// rows: multiplier, left, right and mask of kSimdChannelRows.
TADPOLE_INLINE Scaling load_scaling(const int32_t* rows) {
  return {load(rows), load(rows + kLanes), load(rows + 2 * kLanes), load(rows + 3 * kLanes)};
}
/// shift >= -30 as multiply_by_quantized_multiplier takes it.
TADPOLE_INLINE Scaling splat_scaling(int32_t multiplier, int32_t shift) {
  const int32_t left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
  return {splat(multiplier), splat(1 << left), splat(1 << (30 - right)), splat((1 << right) - 1)};
}

/// Bits kFrom to kFrom + 31 of each lane's product plus `more`.
template <int kFrom>
TADPOLE_INLINE Ints high_product(Ints a, Ints b, Ints more) {
  const Ints low = wasm_i64x2_add(wasm_i64x2_extmul_low_i32x4(a, b), more);
  const Ints high = wasm_i64x2_add(wasm_i64x2_extmul_high_i32x4(a, b), more);
  return wasm_i32x4_shuffle(wasm_u64x2_shr(low, kFrom), wasm_u64x2_shr(high, kFrom), 0, 2, 4, 6);
}

/// multiply_by_quantized_multiplier of each lane. The high half of the doubled product is bits 31 to 62 of
/// the product plus 2^30; multipliers are never -2^31, so nothing saturates.
TADPOLE_INLINE Ints scale(Ints x, const Scaling& s) {
  const Ints y =
      high_product<31>(wasm_i32x4_mul(x, s.left), s.multiplier, wasm_i64x2_splat(int64_t(1) << 30));
  const Ints threshold = wasm_i32x4_add(wasm_u32x4_shr(s.mask, 1), wasm_u32x4_shr(y, 31));
  const Ints up = wasm_i32x4_gt(wasm_v128_and(y, s.mask), threshold);
  return wasm_i32x4_sub(high_product<30>(y, s.right, wasm_i64x2_splat(0)), up);
}

/// Zero point and clamp of an output, as 16-bit numbers.
struct Range {
  Ints zero, low, high;
};
TADPOLE_INLINE Range make_range(int32_t zero, int32_t low, int32_t high) {
  return {wasm_i16x8_splat(static_cast<int16_t>(zero)), wasm_i16x8_splat(static_cast<int16_t>(low)),
          wasm_i16x8_splat(static_cast<int16_t>(high))};
}

TADPOLE_INLINE Ints to_bytes(Ints a, Ints b, const Range& range) {
  Ints x = wasm_i16x8_add_sat(wasm_i16x8_narrow_i32x4(a, b), range.zero);
  x = wasm_i16x8_min(wasm_i16x8_max(x, range.low), range.high);
  return wasm_i8x16_narrow_i16x8(x, x);
}
/// add_zero_and_clamp of 8 channels in the order of a block of two vectors. A value that saturates 16 bits on
/// the way is clamped to the same end.
TADPOLE_INLINE void store_block(Ints a, Ints b, const Range& range, int8_t* out) {
  wasm_v128_store64_lane(out, to_bytes(a, b, range), 0);
}
/// The same of 4 channels in one vector.
TADPOLE_INLINE void store_block(Ints a, const Range& range, int8_t* out) {
  wasm_v128_store32_lane(out, to_bytes(a, a, range), 0);
}

/// 8 bytes to 32 bits, in the order of a block of two vectors.
TADPOLE_INLINE void load_block(const int8_t* in, Ints& first, Ints& second) {
  const Ints wide = wasm_i16x8_load8x8(in);
  first = wasm_i32x4_extend_low_i16x8(wide);
  second = wasm_i32x4_extend_high_i16x8(wide);
}
constexpr int kWiden = 8;
/// kWiden bytes to 16 bits.
TADPOLE_INLINE void widen(const int8_t* in, int16_t* out) { wasm_v128_store(out, wasm_i16x8_load8x8(in)); }

/// a[i], b[i] as pairs of 16 bits, for a block of two vectors.
TADPOLE_INLINE void interleave_two(const int8_t* a, const int8_t* b, int16_t* out) {
  const Ints x = wasm_i16x8_load8x8(a), y = wasm_i16x8_load8x8(b);
  wasm_v128_store(out, wasm_i16x8_shuffle(x, y, 0, 8, 1, 9, 2, 10, 3, 11));
  wasm_v128_store(out + 8, wasm_i16x8_shuffle(x, y, 4, 12, 5, 13, 6, 14, 7, 15));
}
/// The same for a block of one.
TADPOLE_INLINE void interleave_one(const int8_t* a, const int8_t* b, int16_t* out) {
  const Ints x = wasm_v128_load32_zero(a), y = wasm_v128_load32_zero(b);
  const Ints pairs = wasm_i8x16_shuffle(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  wasm_v128_store(out, wasm_i16x8_extend_low_i8x16(pairs));
}

TADPOLE_INLINE Floats load_floats(const float* from) { return wasm_v128_load(from); }
TADPOLE_INLINE void store_floats(Floats value, float* to) { wasm_v128_store(to, value); }
TADPOLE_INLINE Floats splat_float(float value) { return wasm_f32x4_splat(value); }
TADPOLE_INLINE Floats add_floats(Floats a, Floats b) { return wasm_f32x4_add(a, b); }
TADPOLE_INLINE Floats multiply_floats(Floats a, Floats b) { return wasm_f32x4_mul(a, b); }
/// x < low ? low : x > high ? high : x, also for NaN and -0.
TADPOLE_INLINE Floats clamp_floats(Floats x, Floats low, Floats high) {
  return wasm_f32x4_pmin(wasm_f32x4_pmax(x, low), high);
}
/// The first `count` lanes, 0 < count < kLanes; nothing else is touched.
TADPOLE_INLINE Floats load_part(const float* from, int32_t count) {
  return wasm_f32x4_make(from[0], count > 1 ? from[1] : 0, count > 2 ? from[2] : 0, 0);
}
TADPOLE_INLINE void store_part(Floats value, float* to, int32_t count) {
  to[0] = wasm_f32x4_extract_lane(value, 0);
  if (count > 1) to[1] = wasm_f32x4_extract_lane(value, 1);
  if (count > 2) to[2] = wasm_f32x4_extract_lane(value, 2);
}

}  // namespace
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_WASM_SIMD_VECTOR_H_
