// What the Helium kernels are made of, each with the same bits in plain C++ elsewhere, so that they also run
// on the host and under sanitizers. Source: Armv8-M Architecture Reference Manual, MVE; Arm C Language
// Extensions.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_VECTOR_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_VECTOR_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "device/kernels/fixed_point.h"

#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)
#include <arm_mve.h>
#define TADPOLE_HELIUM 1
#else
#define TADPOLE_HELIUM 0
#endif

namespace tadpole {
namespace kernels {
namespace helium {

/// Bytes of one vector, and how many output channels share the load of one.
constexpr int32_t kLanes = 16;
constexpr int32_t kGroup = 4;

/// Requantisation of neighbouring channels.
struct Outputs {
  const int32_t* multiplier;
  const int32_t* shift;  // <= 0
  int32_t zero, clamp_min, clamp_max;
};

#if TADPOLE_HELIUM

/// sums[c] += dot product of `chunks` vectors of weights (four channels side by side) with a, and sums[4 + c]
/// with b.
inline void dot_products(const int8_t* a, const int8_t* b, int32_t chunks, const int8_t* weights,
                         int32_t* sums) {
  int32_t a0 = sums[0], a1 = sums[1], a2 = sums[2], a3 = sums[3];
  int32_t b0 = sums[4], b1 = sums[5], b2 = sums[6], b3 = sums[7];
  for (int32_t i = 0; i < chunks; ++i, a += kLanes, b += kLanes, weights += kGroup * kLanes) {
    const int8x16_t va = vldrbq_s8(a), vb = vldrbq_s8(b);
    int8x16_t w = vldrbq_s8(weights);
    a0 = vmladavaq_s8(a0, va, w);
    b0 = vmladavaq_s8(b0, vb, w);
    w = vldrbq_s8(weights + kLanes);
    a1 = vmladavaq_s8(a1, va, w);
    b1 = vmladavaq_s8(b1, vb, w);
    w = vldrbq_s8(weights + 2 * kLanes);
    a2 = vmladavaq_s8(a2, va, w);
    b2 = vmladavaq_s8(b2, vb, w);
    w = vldrbq_s8(weights + 3 * kLanes);
    a3 = vmladavaq_s8(a3, va, w);
    b3 = vmladavaq_s8(b3, vb, w);
  }
  sums[0] = a0;
  sums[1] = a1;
  sums[2] = a2;
  sums[3] = a3;
  sums[4] = b0;
  sums[5] = b1;
  sums[6] = b2;
  sums[7] = b3;
}

/// Four sums to `count` int8 outputs. VQRDMULH rounds halves up, as the specification's first step does; its
/// second rounds halves away from zero, which VRSHL does once negative values are one less.
inline void store(int32x4_t sums, const Outputs& to, int32_t channel, int32_t count, int8_t* out) {
  const int32x4_t shift = vldrwq_s32(to.shift + channel);
  int32x4_t scaled = vqrdmulhq_s32(sums, vldrwq_s32(to.multiplier + channel));
  const int32x4_t lower = vshrq_n_s32(vandq_s32(scaled, shift), 31);
  scaled = vrshlq_s32(vqaddq_s32(scaled, lower), shift);
  scaled = vaddq_n_s32(scaled, to.zero);
  scaled = vmaxq_s32(scaled, vdupq_n_s32(to.clamp_min));
  scaled = vminq_s32(scaled, vdupq_n_s32(to.clamp_max));
  vstrbq_p_s32(out, scaled, vctp32q(static_cast<uint32_t>(count)));
}

inline void store(const int32_t* sums, const Outputs& to, int32_t channel, int32_t count, int8_t* out) {
  store(vldrwq_s32(sums), to, channel, count, out);
}

/// Bytes as lanes: the C library's memcpy would load words across their borders.
struct Copy {
  static void copy(int8_t* to, const int8_t* from, size_t bytes) {
    for (int32_t left = static_cast<int32_t>(bytes); left > 0; left -= kLanes, from += kLanes, to += kLanes) {
      const mve_pred16_t lanes = vctp8q(static_cast<uint32_t>(left));
      vstrbq_p_s8(to, vldrbq_z_s8(from, lanes), lanes);
    }
  }
};

/// One pixel of up to 16 channels of a depthwise convolution, as four vectors of sums.
inline void depthwise(const int8_t* const* taps, int32_t taps_count, const int8_t* weights, int32_t stride,
                      const int32_t* bias, const Outputs& to, int32_t channel, int32_t count, int8_t* out) {
  if (count < kLanes) {
    for (; count > 0; count -= kGroup, channel += kGroup, out += kGroup) {
      const mve_pred16_t lanes = vctp32q(static_cast<uint32_t>(count));
      int32x4_t sums = vldrwq_s32(bias + channel);
      const int8_t* w = weights + channel;
      for (int32_t t = 0; t < taps_count; ++t, w += stride)
        sums = vaddq_s32(sums, vmulq_s32(vldrbq_z_s32(taps[t] + channel, lanes), vldrbq_z_s32(w, lanes)));
      store(sums, to, channel, count < kGroup ? count : kGroup, out);
    }
    return;
  }
  int32x4_t a = vldrwq_s32(bias + channel), b = vldrwq_s32(bias + channel + 4);
  int32x4_t c = vldrwq_s32(bias + channel + 8), d = vldrwq_s32(bias + channel + 12);
  const int8_t* w = weights + channel;
  for (int32_t t = 0; t < taps_count; ++t, w += stride) {
    const int8_t* value = taps[t] + channel;
    a = vaddq_s32(a, vmulq_s32(vldrbq_s32(value), vldrbq_s32(w)));
    b = vaddq_s32(b, vmulq_s32(vldrbq_s32(value + 4), vldrbq_s32(w + 4)));
    c = vaddq_s32(c, vmulq_s32(vldrbq_s32(value + 8), vldrbq_s32(w + 8)));
    d = vaddq_s32(d, vmulq_s32(vldrbq_s32(value + 12), vldrbq_s32(w + 12)));
  }
  store(a, to, channel, kGroup, out);
  store(b, to, channel + 4, kGroup, out + 4);
  store(c, to, channel + 8, kGroup, out + 8);
  store(d, to, channel + 12, kGroup, out + 12);
}

#else

inline void dot_products(const int8_t* a, const int8_t* b, int32_t chunks, const int8_t* weights,
                         int32_t* sums) {
  for (int32_t i = 0; i < chunks; ++i, a += kLanes, b += kLanes) {
    for (int32_t c = 0; c < kGroup; ++c, weights += kLanes) {
      for (int32_t k = 0; k < kLanes; ++k) {
        sums[c] += a[k] * weights[k];
        sums[kGroup + c] += b[k] * weights[k];
      }
    }
  }
}

inline void store(const int32_t* sums, const Outputs& to, int32_t channel, int32_t count, int8_t* out) {
  for (int32_t c = 0; c < count; ++c) {
    const int32_t scaled =
        multiply_by_quantized_multiplier(sums[c], to.multiplier[channel + c], to.shift[channel + c]);
    out[c] = add_zero_and_clamp(scaled, to.zero, to.clamp_min, to.clamp_max);
  }
}

inline void depthwise(const int8_t* const* taps, int32_t taps_count, const int8_t* weights, int32_t stride,
                      const int32_t* bias, const Outputs& to, int32_t channel, int32_t count, int8_t* out) {
  for (int32_t c = channel; c < channel + count; ++c) {
    int32_t sum = bias[c];
    for (int32_t t = 0; t < taps_count; ++t) sum += taps[t][c] * weights[t * stride + c];
    store(&sum, to, c, 1, out + (c - channel));
  }
}

struct Copy {
  static void copy(int8_t* to, const int8_t* from, size_t bytes) { memcpy(to, from, bytes); }
};

#endif

}  // namespace helium
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_VECTOR_H_
