// What the Helium kernels share. Each loop in assembly has a twin with the same bits in plain C++, for the
// host and sanitizers. Source: Armv8-M Architecture Reference Manual, MVE.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_VECTOR_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_VECTOR_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "device/kernels/fixed_point.h"

#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)
#define TADPOLE_HELIUM 1
#else
#define TADPOLE_HELIUM 0
#endif

namespace tadpole {
namespace kernels {
namespace helium {

/// Bytes of one vector, and numbers of 32 bits in one.
constexpr int32_t kLanes = 16;
constexpr int32_t kGroup = 4;

/// Requantisation to int8. Where nothing below zero gets through (ReLU), it does not matter how halves below
/// zero are rounded, and `ties` is 0. Kernels in assembly read it in this order.
struct Outputs {
  int32_t ties, zero, clamp_min, clamp_max;
};

template <class Params>
Outputs outputs_of(const Params& params) {
  return {params.clamp_min < params.out_zero, params.out_zero, params.clamp_min, params.clamp_max};
}

inline int8_t requantised(int32_t sum, int32_t multiplier, int32_t shift, const Outputs& to) {
  return add_zero_and_clamp(multiply_by_quantized_multiplier(sum, multiplier, shift), to.zero, to.clamp_min,
                            to.clamp_max);
}

#if TADPOLE_HELIUM

/// Bytes as lanes: the C library's memcpy would load words across their borders.
inline void copy(int8_t* to, const int8_t* from, int32_t bytes) {
  __asm__ volatile(
      "wlstp.8 lr, %2, 2f\n 1: vldrb.8 q0, [%1], #16\n vstrb.8 q0, [%0], #16\n letp lr, 1b\n 2:\n"
      : "+r"(to), "+r"(from)
      : "r"(bytes)
      : "lr", "q0", "memory");
}

/// `rows` pieces of `bytes`, >= 1 each.
inline void copy_rows(int8_t* to, ptrdiff_t to_pitch, const int8_t* from, ptrdiff_t from_pitch, int32_t bytes,
                      int32_t rows) {
  if (bytes <= kLanes) {
    __asm__ volatile(
        "vctp.8 %[bytes]\n dls lr, %[rows]\n"
        "1: vpstt\n vldrbt.8 q0, [%[from]]\n vstrbt.8 q0, [%[to]]\n"
        "add %[from], %[from], %[from_pitch]\n add %[to], %[to], %[to_pitch]\n le lr, 1b\n"
        : [to] "+r"(to), [from] "+r"(from)
        : [to_pitch] "r"(to_pitch), [from_pitch] "r"(from_pitch), [bytes] "r"(bytes), [rows] "r"(rows)
        : "lr", "q0", "memory");
    return;
  }
  const int32_t moved = (bytes + kLanes - 1) / kLanes * kLanes;
  __asm__ volatile(
      "1: wlstp.8 lr, %[bytes], 3f\n"
      "2: vldrb.8 q0, [%[from]], #16\n vstrb.8 q0, [%[to]], #16\n letp lr, 2b\n"
      "3: add %[from], %[from], %[from_gap]\n add %[to], %[to], %[to_gap]\n"
      "subs %[rows], %[rows], #1\n bne 1b\n"
      : [to] "+r"(to), [from] "+r"(from), [rows] "+r"(rows)
      : [to_gap] "r"(to_pitch - moved), [from_gap] "r"(from_pitch - moved), [bytes] "r"(bytes)
      : "lr", "q0", "cc", "memory");
}

inline void fill(int8_t* to, int32_t value, int32_t bytes) {
  __asm__ volatile("vdup.8 q0, %2\n wlstp.8 lr, %1, 2f\n 1: vstrb.8 q0, [%0], #16\n letp lr, 1b\n 2:\n"
                   : "+r"(to)
                   : "r"(bytes), "r"(value)
                   : "lr", "q0", "memory");
}

#else

inline void copy(int8_t* to, const int8_t* from, int32_t bytes) { memcpy(to, from, size_t(bytes)); }
inline void copy_rows(int8_t* to, ptrdiff_t to_pitch, const int8_t* from, ptrdiff_t from_pitch, int32_t bytes,
                      int32_t rows) {
  for (; rows > 0; --rows, to += to_pitch, from += from_pitch) copy(to, from, bytes);
}
inline void fill(int8_t* to, int32_t value, int32_t bytes) { memset(to, value, size_t(bytes)); }

#endif

}  // namespace helium
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_VECTOR_H_
