// One-instruction functions of the Arm DSP extension (Cortex-M4, M7, M33), and the same bits in plain C++
// elsewhere, so that every packed kernel also runs on the host and under sanitizers. Source: Armv7-M
// Architecture Reference Manual, chapter A7. "lo" and "hi" are the signed 16-bit halves of a word.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_INTRINSICS_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_INTRINSICS_H_

#include <stdint.h>
#include <string.h>

// gcc's scheduling before register allocation makes these loops spill: 2.5 times the instructions. The pragma
// reaches the users of an exported library too, as a compiler flag would not.
#if defined(__GNUC__) && !defined(__clang__) && defined(__arm__)
#pragma GCC optimize("no-schedule-insns")
#endif

// Whole functions in assembly, where the calling convention and the instruction set are known.
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && defined(__GNUC__)
#define TADPOLE_THUMB_DSP 1
#else
#define TADPOLE_THUMB_DSP 0
#endif

// In assembly: what stands behind `label` must have `bytes` bytes, because code jumps into it by their count.
// Clang's assembler cannot say; it chooses the same encodings.
#if defined(__clang__)
#define TADPOLE_THUMB_BYTES(label, bytes) ""
#else
#define TADPOLE_THUMB_BYTES(label, bytes) \
  "  .if . - " label " - " bytes "\n  .error \"another size\"\n  .endif"
#endif

// A loop that must have all registers to itself.
#if defined(__GNUC__)
#define TADPOLE_NOINLINE __attribute__((noinline))
#else
#define TADPOLE_NOINLINE
#endif

namespace tadpole {
namespace kernels {
namespace dsp {

/// A word at a 4-byte aligned address, whatever its type.
inline int32_t load(const void* from) {
  int32_t word;
  memcpy(&word, from, sizeof word);
  return word;
}

#if defined(__ARM_FEATURE_DSP) && defined(__GNUC__)

/// Bytes 0 and 2 widened to lo and hi.
inline int32_t sxtb16(int32_t a) {
  int32_t r;
  __asm__("sxtb16 %0, %1" : "=r"(r) : "r"(a));
  return r;
}
/// Bytes 1 and 3 widened to lo and hi.
inline int32_t sxtb16_ror8(int32_t a) {
  int32_t r;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(r) : "r"(a));
  return r;
}
/// c + a.lo * b.lo + a.hi * b.hi, modulo 2^32.
inline int32_t smlad(int32_t a, int32_t b, int32_t c) {
  int32_t r;
  __asm__("smlad %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}
/// c + a.lo * b.hi.
inline int32_t smlabt(int32_t a, int32_t b, int32_t c) {
  int32_t r;
  __asm__("smlabt %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}
/// c + a.hi * b.lo.
inline int32_t smlatb(int32_t a, int32_t b, int32_t c) {
  int32_t r;
  __asm__("smlatb %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}
/// c + the upper 32 bits of a * b, rounded down.
inline int32_t smmla(int32_t a, int32_t b, int32_t c) {
  int32_t r;
  __asm__("smmla %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}
/// lo of a below lo of b.
inline int32_t pack_low(int32_t a, int32_t b) {
  int32_t r;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(r) : "r"(a), "r"(b));
  return r;
}
/// hi of a below hi of b.
inline int32_t pack_high(int32_t a, int32_t b) {
  int32_t r;
  __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(r) : "r"(b), "r"(a));
  return r;
}
/// a.lo + b.lo and a.hi + b.hi, each modulo 2^16.
inline int32_t add16(int32_t a, int32_t b) {
  int32_t r;
  __asm__("uadd16 %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
  return r;
}
/// a.lo - b.lo and a.hi - b.hi, each modulo 2^16.
inline int32_t sub16(int32_t a, int32_t b) {
  int32_t r;
  __asm__("usub16 %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
  return r;
}
/// Held to [-128, 127].
inline int32_t ssat8(int32_t a) {
  int32_t r;
  __asm__("ssat %0, #8, %1" : "=r"(r) : "r"(a));
  return r;
}

#else

inline int32_t low_of(int32_t a) { return static_cast<int16_t>(static_cast<uint16_t>(a)); }
inline int32_t high_of(int32_t a) { return a >> 16; }
inline int32_t wrapping_add(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}
inline int32_t pack(int32_t low, int32_t high) {
  return static_cast<int32_t>((static_cast<uint32_t>(low) & 0xffffu) | (static_cast<uint32_t>(high) << 16));
}

inline int32_t sxtb16(int32_t a) { return pack(static_cast<int8_t>(a), static_cast<int8_t>(a >> 16)); }
inline int32_t sxtb16_ror8(int32_t a) {
  return pack(static_cast<int8_t>(a >> 8), static_cast<int8_t>(a >> 24));
}
inline int32_t smlad(int32_t a, int32_t b, int32_t c) {
  return wrapping_add(wrapping_add(c, low_of(a) * low_of(b)), high_of(a) * high_of(b));
}
inline int32_t smlabt(int32_t a, int32_t b, int32_t c) { return wrapping_add(c, low_of(a) * high_of(b)); }
inline int32_t smlatb(int32_t a, int32_t b, int32_t c) { return wrapping_add(c, high_of(a) * low_of(b)); }
inline int32_t smmla(int32_t a, int32_t b, int32_t c) {
  return wrapping_add(c, static_cast<int32_t>((static_cast<int64_t>(a) * b) >> 32));
}
inline int32_t pack_low(int32_t a, int32_t b) { return pack(a, b); }
inline int32_t pack_high(int32_t a, int32_t b) { return pack(high_of(a), high_of(b)); }
inline int32_t add16(int32_t a, int32_t b) { return pack(low_of(a) + low_of(b), high_of(a) + high_of(b)); }
inline int32_t sub16(int32_t a, int32_t b) { return pack(low_of(a) - low_of(b), high_of(a) - high_of(b)); }
inline int32_t ssat8(int32_t a) { return a < -128 ? -128 : a > 127 ? 127 : a; }

#endif

/// A word of four times the byte `value`.
inline int32_t splat(int32_t value) {
  return static_cast<int32_t>((static_cast<uint32_t>(value) & 0xffu) * 0x01010101u);
}
/// a - b modulo 2^32.
inline int32_t subtract(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b));
}
/// a * 256 modulo 2^32.
inline int32_t shift_8(int32_t a) { return static_cast<int32_t>(static_cast<uint32_t>(a) << 8); }

}  // namespace dsp
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_INTRINSICS_H_
