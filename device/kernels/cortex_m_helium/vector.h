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

/// Bytes of one vector; output channels that are requantised at once; windows that share a load of weights.
constexpr int32_t kLanes = 16;
constexpr int32_t kGroup = 4;
constexpr int32_t kWindows = 3;

/// Where the constants of channel `lane` of 16 stand in a depthwise layer: the order in which products of
/// bytes come out of VMULLB, VMULLT, VMOVLB and VMOVLT.
constexpr int32_t depthwise_place(int32_t lane) { return lane % 4 * 4 + lane / 4; }

/// Requantisation of neighbouring channels.
struct Outputs {
  const int32_t* multiplier;
  const int32_t* shift;  // <= 0
  int32_t zero, clamp_min, clamp_max;
};

#if TADPOLE_HELIUM

/// Dot products of three windows, `step` bytes apart, with two channels' weights (of four, side by side): of
/// window p to sums[kGroup * p] and the next. Six sums are what even registers hold, as VMLADAVA wants them.
inline void dot_products(const int8_t* a, ptrdiff_t step, int32_t chunks, const int8_t* weights,
                         const int32_t* bias, int32_t* sums) {
  const int8_t* b = a + step;
  const int8_t* c = b + step;
  int32_t a0 = bias[0], b0 = a0, c0 = a0, a1 = bias[1], b1 = a1, c1 = a1;
  do {
    const int8x16_t w0 = vldrbq_s8(weights), w1 = vldrbq_s8(weights + kLanes);
    weights += kGroup * kLanes;
    int8x16_t values = vldrbq_s8(a);
    a += kLanes;
    a0 = vmladavaq_s8(a0, values, w0);
    a1 = vmladavaq_s8(a1, values, w1);
    values = vldrbq_s8(b);
    b += kLanes;
    b0 = vmladavaq_s8(b0, values, w0);
    b1 = vmladavaq_s8(b1, values, w1);
    values = vldrbq_s8(c);
    c += kLanes;
    c0 = vmladavaq_s8(c0, values, w0);
    c1 = vmladavaq_s8(c1, values, w1);
  } while (--chunks > 0);
  sums[0] = a0;
  sums[1] = a1;
  sums[kGroup] = b0;
  sums[kGroup + 1] = b1;
  sums[2 * kGroup] = c0;
  sums[2 * kGroup + 1] = c1;
}

/// Four sums to numbers in [clamp_min, clamp_max]. VQRDMULH rounds halves up, as the specification's first
/// step does; its second rounds halves away from zero, which VRSHL does once negative values are one less.
inline int32x4_t requantised(int32x4_t sums, int32x4_t multiplier, int32x4_t shift, const Outputs& to) {
  int32x4_t scaled = vqrdmulhq_s32(sums, multiplier);
  const int32x4_t lower = vshrq_n_s32(vandq_s32(scaled, shift), 31);
  scaled = vrshlq_s32(vqaddq_s32(scaled, lower), shift);
  scaled = vaddq_n_s32(scaled, to.zero);
  scaled = vmaxq_s32(scaled, vdupq_n_s32(to.clamp_min));
  return vminq_s32(scaled, vdupq_n_s32(to.clamp_max));
}

inline int32x4_t requantised(int32x4_t sums, const Outputs& to, int32_t place) {
  return requantised(sums, vldrwq_s32(to.multiplier + place), vldrwq_s32(to.shift + place), to);
}

inline void store(int32x4_t sums, const Outputs& to, int32_t channel, int32_t count, int8_t* out) {
  vstrbq_p_s32(out, requantised(sums, to, channel), vctp32q(static_cast<uint32_t>(count)));
}

/// The sums of `windows` windows to `count` channels of their pixels, `step` bytes apart.
inline void store(const int32_t* sums, int32_t windows, const Outputs& to, int32_t channel, int32_t count,
                  int8_t* out, ptrdiff_t step) {
  const int32x4_t multiplier = vldrwq_s32(to.multiplier + channel), shift = vldrwq_s32(to.shift + channel);
  const mve_pred16_t lanes = vctp32q(static_cast<uint32_t>(count));
  for (; windows > 0; --windows, sums += kGroup, out += step)
    vstrbq_p_s32(out, requantised(vldrwq_s32(sums), multiplier, shift, to), lanes);
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

/// Up to four channels of one pixel of a depthwise convolution.
inline void depthwise_group(const int8_t* const* taps, int32_t taps_count, const int8_t* weights,
                            int32_t stride, const int32_t* bias, const Outputs& to, int32_t channel,
                            int32_t count, int8_t* out) {
  const mve_pred16_t lanes = vctp32q(static_cast<uint32_t>(count));
  int32x4_t sums = vldrwq_s32(bias + channel);
  const int8_t* w = weights + channel;
  for (int32_t t = 0; t < taps_count; ++t, w += stride)
    sums = vaddq_s32(sums, vmulq_s32(vldrbq_z_s32(taps[t] + channel, lanes), vldrbq_z_s32(w, lanes)));
  store(sums, to, channel, count < kGroup ? count : kGroup, out);
}

/// One pixel of up to 16 channels of a depthwise convolution. Two products of bytes fit 16 bits, as no weight
/// is -128.
inline void depthwise(const int8_t* const* taps, int32_t taps_count, const int8_t* weights, int32_t stride,
                      const int32_t* bias, const Outputs& to, int32_t channel, int32_t count, int8_t* out) {
  if (count < kLanes) {
    for (; count > 0; count -= kGroup, channel += kGroup, out += kGroup)
      depthwise_group(taps, taps_count, weights, stride, bias, to, channel, count, out);
    return;
  }
  int32x4_t a = vldrwq_s32(bias + channel), b = vldrwq_s32(bias + channel + 4);
  int32x4_t c = vldrwq_s32(bias + channel + 8), d = vldrwq_s32(bias + channel + 12);
  const int8_t* w = weights + channel;
  for (; taps_count > 0; taps_count -= 2, taps += 2) {
    int8x16_t values = vldrbq_s8(taps[0] + channel), by = vldrbq_s8(w);
    w += stride;
    int16x8_t even = vmullbq_int_s8(values, by), odd = vmulltq_int_s8(values, by);
    if (taps_count > 1) {
      values = vldrbq_s8(taps[1] + channel);
      by = vldrbq_s8(w);
      w += stride;
      even = vaddq_s16(even, vmullbq_int_s8(values, by));
      odd = vaddq_s16(odd, vmulltq_int_s8(values, by));
    }
    a = vaddq_s32(a, vmovlbq_s16(even));
    b = vaddq_s32(b, vmovlbq_s16(odd));
    c = vaddq_s32(c, vmovltq_s16(even));
    d = vaddq_s32(d, vmovltq_s16(odd));
  }
  // Bytes 0 to 3 of lane k are channels 4 k to 4 k + 3.
  int32x4_t bytes = requantised(a, to, channel);
  bytes = vsliq_n_s32(bytes, requantised(b, to, channel + 4), 8);
  bytes = vsliq_n_s32(bytes, requantised(c, to, channel + 8), 16);
  bytes = vsliq_n_s32(bytes, requantised(d, to, channel + 12), 24);
  vstrbq_s8(out, vreinterpretq_s8_s32(bytes));
}

#else

inline void dot_products(const int8_t* a, ptrdiff_t step, int32_t chunks, const int8_t* weights,
                         const int32_t* bias, int32_t* sums) {
  for (int32_t p = 0; p < kWindows; ++p, a += step, sums += kGroup) {
    for (int32_t c = 0; c < 2; ++c) {
      sums[c] = bias[c];
      for (int32_t i = 0; i < chunks; ++i) {
        for (int32_t k = 0; k < kLanes; ++k)
          sums[c] += a[i * kLanes + k] * weights[(i * kGroup + c) * kLanes + k];
      }
    }
  }
}

inline int8_t requantised(int32_t sum, const Outputs& to, int32_t place) {
  return add_zero_and_clamp(multiply_by_quantized_multiplier(sum, to.multiplier[place], to.shift[place]),
                            to.zero, to.clamp_min, to.clamp_max);
}

inline void store(const int32_t* sums, int32_t windows, const Outputs& to, int32_t channel, int32_t count,
                  int8_t* out, ptrdiff_t step) {
  for (; windows > 0; --windows, sums += kGroup, out += step) {
    for (int32_t c = 0; c < count; ++c) out[c] = requantised(sums[c], to, channel + c);
  }
}

inline void depthwise(const int8_t* const* taps, int32_t taps_count, const int8_t* weights, int32_t stride,
                      const int32_t* bias, const Outputs& to, int32_t channel, int32_t count, int8_t* out) {
  for (int32_t lane = 0; lane < count; ++lane) {
    const int32_t c = channel + lane, place = count < kLanes ? c : channel + depthwise_place(lane);
    int32_t sum = bias[place];
    for (int32_t t = 0; t < taps_count; ++t) sum += taps[t][c] * weights[t * stride + c];
    out[lane] = requantised(sum, to, place);
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
