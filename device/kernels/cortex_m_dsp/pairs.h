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

/// lo of a below hi of b.
inline int32_t pack_bottom_top(int32_t a, int32_t b) {
  int32_t r;
  __asm__("pkhbt %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
  return r;
}
/// The same address, which a compiler must keep in a register instead of computing it again.
inline const int8_t* opaque(const int8_t* address) {
  __asm__("" : "+r"(address));
  return address;
}

#else

inline int32_t pack_bottom_top(int32_t a, int32_t b) { return pack(a, high_of(b)); }
inline const int8_t* opaque(const int8_t* address) { return address; }
template <int kAt>
inline void load_pair(const int32_t* from, int32_t& a, int32_t& b) {
  a = from[kAt];
  b = from[kAt + 1];
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

}  // namespace dsp
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_PAIRS_H_
