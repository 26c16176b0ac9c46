// Sums four at a time, pools 8 or 16 channels at a time.
#include "device/kernels/cortex_m_helium/elements_int8.h"

#include "device/kernels/cortex_m_helium/vector.h"

#if TADPOLE_HELIUM
#include <arm_mve.h>
#endif

namespace tadpole {
namespace kernels {

namespace {

struct Pixels {
  const int8_t* first;
  int32_t rows, columns;
};

/// Calls pixel(pixels, out) for each output pixel, with the part of its window that lies inside the map.
template <class Pixel>
void for_each_pool(const Window2d& w, const int8_t* in, int8_t* out, Pixel pixel) {
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    for (int32_t y = 0; y < w.out_h; ++y) {
      const int32_t top = y * w.stride_h - w.pad_top;
      const int32_t row = top < 0 ? 0 : top, bottom = top + w.filter_h < w.in_h ? top + w.filter_h : w.in_h;
      for (int32_t x = 0; x < w.out_w; ++x, out += w.in_c) {
        const int32_t left = x * w.stride_w - w.pad_left;
        const int32_t column = left < 0 ? 0 : left;
        const int32_t right = left + w.filter_w < w.in_w ? left + w.filter_w : w.in_w;
        pixel(Pixels{in + (ptrdiff_t(row) * w.in_w + column) * w.in_c, bottom - row, right - column}, out);
      }
    }
  }
}

#if TADPOLE_HELIUM

#define TADPOLE_ADD(TIES)                                                                                 \
  __asm__ volatile(                                                                                       \
      "ldr lr, [%[params], #4]\n vdup.32 q4, lr\n ldr lr, [%[params], #8]\n vdup.32 q5, lr\n"             \
      "ldr lr, [%[params], #20]\n vdup.32 q6, lr\n ldr lr, [%[params], #24]\n vdup.32 q7, lr\n"           \
      "ldr lr, [%[params]]\n wlstp.32 lr, lr, 2f\n"                                                       \
      "1: vldrb.s32 q0, [%[a]], #4\n vldrb.s32 q1, [%[b]], #4\n vshl.i32 q0, q0, #24\n"                   \
      "vmulh.s32 q0, q0, q4\n vshl.i32 q1, q1, #24\n vmulh.s32 q1, q1, q5\n vadd.i32 q0, q0, %[offset]\n" \
      "vadd.i32 q0, q0, q1\n" TIES                                                                        \
      "vshr.s32 q0, q0, #20\n vmax.s32 q0, q0, q6\n vmin.s32 q0, q0, q7\n"                                \
      "vstrb.32 q0, [%[out]], #4\n letp lr, 1b\n"                                                         \
      "2:\n"                                                                                              \
      : [a] "+l"(a), [b] "+l"(b), [out] "+l"(out)                                                         \
      : [params] "r"(&params), [offset] "r"(offset), [middle] "r"(middle)                                 \
      : "lr", "q0", "q1", "q2", "q4", "q5", "q6", "q7", "memory")

static_assert(kHeliumAddShift == 20, "as in the loop");

/// The upper half of the product of 2^24 a and the factor, and likewise of b. With ties the loop computes
/// u = t - middle, whose sign is added.
template <bool kTies>
void add(const HeliumAddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out) {
  const int32_t middle = kTies ? params.middle : 0, offset = params.offset - middle;
  if (kTies) {
    TADPOLE_ADD("vshr.s32 q2, q0, #31\n vadd.i32 q0, q0, q2\n vadd.i32 q0, q0, %[middle]\n");
  } else {
    TADPOLE_ADD("");
  }
}

/// Sums of up to 8 channels; those beyond `count` are 0.
void sum_of(const Pixels& pixels, int32_t pitch, int32_t step, int32_t count, int16_t* sums) {
  const mve_pred16_t lanes = vctp16q(static_cast<uint32_t>(count));
  int16x8_t sum = vdupq_n_s16(0);
  const int8_t* row = pixels.first;
  for (int32_t i = 0; i < pixels.rows; ++i, row += pitch) {
    const int8_t* at = row;
    for (int32_t j = 0; j < pixels.columns; ++j, at += step) sum = vaddq_s16(sum, vldrbq_z_s16(at, lanes));
  }
  vstrhq_s16(sums, sum);
}

void largest_of(const Pixels& pixels, int32_t pitch, int32_t step, int32_t count,
                const Pool2dInt8Params& params, int8_t* out) {
  const mve_pred16_t lanes = vctp8q(static_cast<uint32_t>(count));
  int8x16_t most = vdupq_n_s8(static_cast<int8_t>(params.clamp_min));
  const int8_t* row = pixels.first;
  for (int32_t i = 0; i < pixels.rows; ++i, row += pitch) {
    const int8_t* at = row;
    for (int32_t j = 0; j < pixels.columns; ++j, at += step) most = vmaxq_s8(most, vldrbq_z_s8(at, lanes));
  }
  vstrbq_p_s8(out, vminq_s8(most, vdupq_n_s8(static_cast<int8_t>(params.clamp_max))), lanes);
}

#else

template <bool kTies>
void add(const HeliumAddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out) {
  for (int32_t i = 0; i < params.count; ++i) {
    int32_t t = params.offset + static_cast<int32_t>((int64_t{a[i]} * params.a_factor) >> 8) +
                static_cast<int32_t>((int64_t{b[i]} * params.b_factor) >> 8);
    if (kTies && t < params.middle) --t;
    out[i] = add_zero_and_clamp(t >> kHeliumAddShift, 0, params.clamp_min, params.clamp_max);
  }
}

void sum_of(const Pixels& pixels, int32_t pitch, int32_t step, int32_t count, int16_t* sums) {
  for (int32_t c = 0; c < 8; ++c) {
    sums[c] = 0;
    for (int32_t i = 0; c < count && i < pixels.rows; ++i) {
      for (int32_t j = 0; j < pixels.columns; ++j)
        sums[c] = static_cast<int16_t>(sums[c] + pixels.first[i * pitch + j * step + c]);
    }
  }
}

void largest_of(const Pixels& pixels, int32_t pitch, int32_t step, int32_t count,
                const Pool2dInt8Params& params, int8_t* out) {
  for (int32_t c = 0; c < count; ++c) {
    int32_t most = params.clamp_min;
    for (int32_t i = 0; i < pixels.rows; ++i) {
      for (int32_t j = 0; j < pixels.columns; ++j) {
        const int32_t value = pixels.first[i * pitch + j * step + c];
        if (value > most) most = value;
      }
    }
    out[c] = static_cast<int8_t>(most < params.clamp_max ? most : params.clamp_max);
  }
}

#endif

}  // namespace

void helium_add_int8(const HeliumAddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out) {
  params.middle == INT32_MIN ? add<false>(params, a, b, out) : add<true>(params, a, b, out);
}

void helium_average_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out) {
  const Window2d& w = params.window;
  for_each_pool(w, in, out, [&](const Pixels& pixels, int8_t* to) {
    const int32_t count = pixels.rows * pixels.columns, half = count / 2;
    Pixels at = pixels;
    for (int32_t left = w.in_c; left > 0; left -= 8, at.first += 8, to += 8) {
      alignas(8) int16_t sums[8];
      sum_of(at, w.in_w * w.in_c, w.in_c, left, sums);
      for (int32_t c = 0; c < 8 && c < left; ++c) {
        const int32_t mean = (sums[c] > 0 ? sums[c] + half : sums[c] - half) / count;
        to[c] = add_zero_and_clamp(mean, 0, params.clamp_min, params.clamp_max);
      }
    }
  });
}

void helium_max_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out) {
  const Window2d& w = params.window;
  for_each_pool(w, in, out, [&](const Pixels& pixels, int8_t* to) {
    Pixels at = pixels;
    for (int32_t left = w.in_c; left > 0; left -= helium::kLanes, at.first += helium::kLanes) {
      largest_of(at, w.in_w * w.in_c, w.in_c, left, params, to);
      to += helium::kLanes;
    }
  });
}

}  // namespace kernels
}  // namespace tadpole
