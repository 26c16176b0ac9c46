// More one-instruction functions of the Arm DSP extension, for the kernels that walk over words in pairs: the
// same bits in plain C++ elsewhere (see intrinsics.h). The instructions that touch memory stay in the order
// in which they are written.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_PAIRS_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_PAIRS_H_

#include "device/kernels/cortex_m_dsp/intrinsics.h"

namespace tadpole {
namespace kernels {
namespace dsp {

#if defined(__ARM_FEATURE_DSP) && defined(__GNUC__)

/// a = from[kAt], b = from[kAt + 1].
template <int kAt>
inline void load_pair(const int32_t* from, int32_t& a, int32_t& b) {
  __asm__ volatile("ldrd %0, %1, [%2, %3]" : "=&r"(a), "=&r"(b) : "r"(from), "i"(4 * kAt) : "memory");
}
/// a = from[0], b = from[1], from += kBy.
template <int kBy>
inline void load_pair_and_advance(const int32_t*& from, int32_t& a, int32_t& b) {
  __asm__ volatile("ldrd %0, %1, [%2], %3" : "=&r"(a), "=&r"(b), "+r"(from) : "i"(4 * kBy) : "memory");
}
/// to[kAt] = a, to[kAt + 1] = b.
template <int kAt>
inline void store_pair(int32_t* to, int32_t a, int32_t b) {
  __asm__ volatile("strd %0, %1, [%2, %3]" : : "r"(a), "r"(b), "r"(to), "i"(4 * kAt) : "memory");
}
/// a / 2^kShift rounded down, held to [-128, 127].
template <int kShift>
inline int32_t shift_and_ssat8(int32_t a) {
  int32_t r;
  __asm__("ssat %0, #8, %1, asr %2" : "=r"(r) : "r"(a), "i"(kShift));
  return r;
}

/// c + (a * b.lo) / 2^16 rounded down; the product has 48 bits.
inline int32_t smlawb(int32_t a, int32_t b, int32_t c) {
  int32_t r;
  __asm__("smlawb %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}
/// c + (a * b.hi) / 2^16 rounded down.
inline int32_t smlawt(int32_t a, int32_t b, int32_t c) {
  int32_t r;
  __asm__("smlawt %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}
/// c with bytes 0 and 2 of a added to its halves.
inline int32_t sxtab16(int32_t c, int32_t a) {
  int32_t r;
  __asm__("sxtab16 %0, %1, %2" : "=r"(r) : "r"(c), "r"(a));
  return r;
}
/// c with bytes 1 and 3 of a added to its halves.
inline int32_t sxtab16_ror8(int32_t c, int32_t a) {
  int32_t r;
  __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(r) : "r"(c), "r"(a));
  return r;
}
/// The larger of each two signed bytes.
inline int32_t max_bytes(int32_t a, int32_t b) {
  int32_t r;
  __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(r) : "r"(a), "r"(b) : "cc");
  return r;
}
/// The smaller of each two signed bytes.
inline int32_t min_bytes(int32_t a, int32_t b) {
  int32_t r;
  __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(r) : "r"(a), "r"(b) : "cc");
  return r;
}
/// lo of a below hi of b.
inline int32_t pack_bottom_top(int32_t a, int32_t b) {
  int32_t r;
  __asm__("pkhbt %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
  return r;
}
/// The same value, which a compiler must keep in a register instead of computing it again.
template <class T>
inline T opaque(T value) {
  __asm__("" : "+r"(value));
  return value;
}

#else

inline int32_t pack_bottom_top(int32_t a, int32_t b) { return pack(a, high_of(b)); }
inline int32_t smlawb(int32_t a, int32_t b, int32_t c) {
  return wrapping_add(c, static_cast<int32_t>((static_cast<int64_t>(a) * low_of(b)) >> 16));
}
inline int32_t smlawt(int32_t a, int32_t b, int32_t c) {
  return wrapping_add(c, static_cast<int32_t>((static_cast<int64_t>(a) * high_of(b)) >> 16));
}
inline int32_t sxtab16(int32_t c, int32_t a) {
  return pack(low_of(c) + static_cast<int8_t>(a), high_of(c) + static_cast<int8_t>(a >> 16));
}
inline int32_t sxtab16_ror8(int32_t c, int32_t a) {
  return pack(low_of(c) + static_cast<int8_t>(a >> 8), high_of(c) + static_cast<int8_t>(a >> 24));
}
template <class Choose>
inline int32_t for_each_byte(int32_t a, int32_t b, Choose choose) {
  uint32_t word = 0;
  for (int i = 0; i < 32; i += 8) {
    const int32_t chosen = choose(static_cast<int8_t>(a >> i), static_cast<int8_t>(b >> i));
    word |= (static_cast<uint32_t>(chosen) & 0xffu) << i;
  }
  return static_cast<int32_t>(word);
}
inline int32_t max_bytes(int32_t a, int32_t b) {
  return for_each_byte(a, b, [](int32_t x, int32_t y) { return x > y ? x : y; });
}
inline int32_t min_bytes(int32_t a, int32_t b) {
  return for_each_byte(a, b, [](int32_t x, int32_t y) { return x < y ? x : y; });
}
template <class T>
inline T opaque(T value) {
  return value;
}
template <int kAt>
inline void load_pair(const int32_t* from, int32_t& a, int32_t& b) {
  a = from[kAt];
  b = from[kAt + 1];
}
template <int kBy>
inline void load_pair_and_advance(const int32_t*& from, int32_t& a, int32_t& b) {
  a = from[0];
  b = from[1];
  from += kBy;
}
template <int kAt>
inline void store_pair(int32_t* to, int32_t a, int32_t b) {
  to[kAt] = a;
  to[kAt + 1] = b;
}
template <int kShift>
inline int32_t shift_and_ssat8(int32_t a) {
  return ssat8(a >> kShift);
}

#endif

/// A word to a 4-byte aligned address, whatever lies there.
inline void store(void* to, int32_t word) { memcpy(to, &word, sizeof word); }

/// Bytes at a 4-byte aligned address held to [low, high].
inline void clamp_bytes(int8_t* at, int32_t count, int32_t low, int32_t high) {
  if (low == -128 && high == 127) return;
  const int32_t lows = splat(low), highs = splat(high);
  for (; count >= 4; count -= 4, at += 4) store(at, min_bytes(max_bytes(load(at), lows), highs));
  for (; count > 0; --count, ++at) *at = static_cast<int8_t>(*at < low ? low : *at > high ? high : *at);
}

}  // namespace dsp
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_PAIRS_H_
