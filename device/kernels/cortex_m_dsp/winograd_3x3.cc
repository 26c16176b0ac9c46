// Two tiles by four output channels at a time; a tile is transformed once for all output channels.
#include "device/kernels/cortex_m_dsp/winograd_3x3.h"

#include "device/kernels/cortex_m_dsp/requantise.h"

namespace tadpole {
namespace kernels {

namespace {

/// Steps of two input channels in one pass of the loop, and the bytes of each.
constexpr int32_t kSteps = 16, kStepBytes = 44;

/// The products of two tiles and four channels. The assembly counts on the order.
struct Products {
  int32_t* sums;  ///< [16][4 channels][2 tiles]
  int32_t* sums_end;
  int32_t more_passes;   ///< over the unrolled loop, after the first
  int32_t entry;         ///< bytes into it where the first pass begins
  const int32_t* tiles;  ///< [16][pairs of input channels][2 tiles]
  int32_t pairs;
};

#if TADPOLE_THUMB_DSP

static_assert(kSteps == 16 && kStepBytes == 44 && sizeof(Products) == 24, "the assembly counts on them");

extern "C" void tadpole_dsp_winograd_products(const Products* products, const int16_t* weights);

// r0 tiles, r1 weights, r2 r3 two channels' weights, r4 to r11 sums, r12 lr the two tiles. Stack: sums, their
// end, passes, entry, passes left.
__asm__(R"(
  .syntax unified
  .thumb
  .pushsection .text.tadpole_dsp_winograd_products, "ax", %progbits
  .balign 4
  .global tadpole_dsp_winograd_products
  .type tadpole_dsp_winograd_products, %function
  .thumb_func
tadpole_dsp_winograd_products:
  push {r4-r11, lr}
  ldm r0, {r2-r6}
  mov r0, r6
  adr r12, 2f
  add r5, r5, r12
  orr r5, r5, #1
  push {r2-r6}
1:
  ldr r2, [sp, #8]
  str r2, [sp, #16]
  ldrd r12, lr, [r0], #8
  ldrd r2, r3, [r1], #8
  smuad r4, r2, r12
  smuad r5, r2, lr
  smuad r6, r3, r12
  smuad r7, r3, lr
  ldrd r2, r3, [r1], #8
  smuad r8, r2, r12
  smuad r9, r2, lr
  smuad r10, r3, r12
  smuad r11, r3, lr
  ldr pc, [sp, #12]
  .balign 4
2:
  .rept 16
  ldrd r12, lr, [r0], #8
  ldrd r2, r3, [r1], #8
  smlad r4, r2, r12, r4
  smlad r5, r2, lr, r5
  smlad r6, r3, r12, r6
  smlad r7, r3, lr, r7
  ldrd r2, r3, [r1], #8
  smlad r8, r2, r12, r8
  smlad r9, r2, lr, r9
  smlad r10, r3, r12, r10
  smlad r11, r3, lr, r11
  .endr
)" TADPOLE_THUMB_BYTES("2b", "16 * 44") R"(
  ldr r2, [sp, #16]
  cbz r2, 3f
  subs r2, r2, #1
  str r2, [sp, #16]
  b 2b
3:
  ldrd r2, r3, [sp]
  stmia r2!, {r4-r11}
  str r2, [sp]
  cmp r2, r3
  bne 1b
  add sp, sp, #20
  pop {r4-r11, pc}
  .size tadpole_dsp_winograd_products, . - tadpole_dsp_winograd_products
  .popsection
)");

void multiply(const Products& products, const int16_t* weights) {
  tadpole_dsp_winograd_products(&products, weights);
}

#else

void multiply(const Products& products, const int16_t* weights) {
  const int32_t* tiles = products.tiles;
  for (int32_t* sums = products.sums; sums != products.sums_end; sums += 8) {
    for (int32_t i = 0; i < 8; ++i) sums[i] = 0;
    for (int32_t k = 0; k < products.pairs; ++k, tiles += 2) {
      for (int32_t channel = 0; channel < 4; ++channel, weights += 2) {
        const int32_t pair = dsp::load(weights);
        sums[2 * channel] = dsp::smlad(pair, tiles[0], sums[2 * channel]);
        sums[2 * channel + 1] = dsp::smlad(pair, tiles[1], sums[2 * channel + 1]);
      }
    }
  }
}

#endif

Products make_products(int32_t in_c, const int32_t* tiles, int32_t* sums) {
  const int32_t pairs = in_c / 2, rest = pairs - 1, first = rest % kSteps;
  return {sums, sums + 128, (rest - 1) / kSteps, first > 0 ? (kSteps - first) * kStepBytes : 0, tiles, pairs};
}

/// One column of a transformed input: d0 - d2, d1 + d2, d2 - d1, d1 - d3.
struct Column {
  int32_t v0, v1, v2, v3;
};

/// Two channels (even: bytes 0 and 2, odd: 1 and 3) of the column of pixels at `at`.
template <bool kOdd>
inline Column column(const int8_t* at, int32_t pitch) {
  const int8_t* lower = at + 2 * pitch;
  const int32_t w0 = dsp::load(at), w1 = dsp::load(at + pitch), w2 = dsp::load(lower),
                w3 = dsp::load(lower + pitch);
  const int32_t d0 = kOdd ? dsp::sxtb16_ror8(w0) : dsp::sxtb16(w0);
  const int32_t d1 = kOdd ? dsp::sxtb16_ror8(w1) : dsp::sxtb16(w1);
  const int32_t d2 = kOdd ? dsp::sxtb16_ror8(w2) : dsp::sxtb16(w2);
  const int32_t d3 = kOdd ? dsp::sxtb16_ror8(w3) : dsp::sxtb16(w3);
  return {dsp::sub16(d0, d2), dsp::add16(d1, d2), dsp::sub16(d2, d1), dsp::sub16(d1, d3)};
}

inline void put(int32_t v0, int32_t v1, int32_t v2, int32_t v3, int32_t step, int32_t*& to) {
  to[0] = v0;
  to[step] = v1;
  to += 2 * step;
  to[0] = v2;
  to[step] = v3;
  to += 2 * step;
}

template <bool kOdd>
inline void transform_pair(const int8_t* at, int32_t pitch, int32_t pixel, int32_t step, int32_t* to) {
  const Column c2 = column<kOdd>(at + 2 * pixel, pitch);
  const Column c0 = column<kOdd>(at, pitch);
  put(dsp::sub16(c0.v0, c2.v0), dsp::sub16(c0.v1, c2.v1), dsp::sub16(c0.v2, c2.v2), dsp::sub16(c0.v3, c2.v3),
      step, to);
  const Column c1 = column<kOdd>(at + pixel, pitch);
  put(dsp::add16(c1.v0, c2.v0), dsp::add16(c1.v1, c2.v1), dsp::add16(c1.v2, c2.v2), dsp::add16(c1.v3, c2.v3),
      step, to);
  put(dsp::sub16(c2.v0, c1.v0), dsp::sub16(c2.v1, c1.v1), dsp::sub16(c2.v2, c1.v2), dsp::sub16(c2.v3, c1.v3),
      step, to);
  const Column c3 = column<kOdd>(at + 3 * pixel, pitch);
  put(dsp::sub16(c1.v0, c3.v0), dsp::sub16(c1.v1, c3.v1), dsp::sub16(c1.v2, c3.v2), dsp::sub16(c1.v3, c3.v3),
      step, to);
}

/// One tile of 4x4 pixels, all channels.
TADPOLE_NOINLINE void transform(const int8_t* at, int32_t pitch, int32_t channels, int32_t* to) {
  for (int32_t left = channels; left > 0; left -= 4, at += 4, to += 4) {
    transform_pair<false>(at, pitch, channels, channels, to);
    transform_pair<true>(at, pitch, channels, channels, to + 2);
  }
}

/// Where a tile's four outputs go: those outside the map to the first, which is written last.
struct Places {
  int8_t* out;
  ptrdiff_t right, below, last;
};

/// ReLU hides the sign's term of requantise.h.
inline int8_t requantise(int32_t x, const int32_t* channel) {
  const int32_t t = dsp::smmla(x, channel[1], channel[2]);
  const auto negative = static_cast<int32_t>(static_cast<uint32_t>(x) >> 31);
  return static_cast<int8_t>(dsp::ssat8((t - 2 * negative) >> channel[3]));
}

/// Sums modulo 2^32.
inline int32_t plus(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}

/// Four channels of one tile. sums: [16][4 channels][2 tiles].
TADPOLE_NOINLINE void finish(const int32_t* sums, const int32_t* channel, Places to) {
  for (int32_t i = 0; i < 4; ++i, channel += 4, sums += 2, ++to.out) {
    const auto upper = [&](int32_t j) {
      return plus(plus(sums[32 * j], sums[32 * j + 8]), sums[32 * j + 16]);
    };
    const auto lower = [&](int32_t j) {
      return dsp::subtract(dsp::subtract(sums[32 * j + 8], sums[32 * j + 16]), sums[32 * j + 24]);
    };
    const int32_t bias = channel[0];
    const int32_t x1 = plus(upper(1), bias), x2 = upper(2);
    const int32_t y1 = plus(lower(1), bias), y2 = lower(2);
    const int32_t y0 = lower(0), y3 = lower(3);
    to.out[to.last] = requantise(dsp::subtract(dsp::subtract(y1, y2), y3), channel);
    to.out[to.below] = requantise(plus(plus(y0, y1), y2), channel);
    const int32_t x0 = upper(0), x3 = upper(3);
    to.out[to.right] = requantise(dsp::subtract(dsp::subtract(x1, x2), x3), channel);
    to.out[0] = requantise(plus(plus(x0, x1), x2), channel);
  }
}

void two_tiles(const DspWinograd3x3Int8Params& params, const Products& products, const Places& first,
               const Places& second) {
  const Window2d& w = params.window;
  const int16_t* weights = params.weights;
  Places places[2] = {first, second};
  for (int32_t o = 0; o < w.out_c; o += 4, weights += 64 * w.in_c) {
    multiply(products, weights);
    for (int32_t t = 0; t < 2; ++t) {
      finish(products.sums + t, params.channels + 4 * o, places[t]);
      places[t].out += 4;
    }
  }
}

}  // namespace

void dsp_winograd_3x3_int8(const DspWinograd3x3Int8Params& params, const int8_t* in, int8_t* out,
                           int32_t* scratch) {
  const Window2d& w = params.window;
  int32_t* const tiles = scratch;
  int32_t* const sums = tiles + 16 * w.in_c;
  const Products products = make_products(w.in_c, tiles, sums);
  dsp::PaddedRows rows(w, params.in_zero, 4, dsp_winograd_3x3_columns(w),
                       reinterpret_cast<int8_t*>(sums + 128));
  const ptrdiff_t out_row = ptrdiff_t(w.out_w) * w.out_c;
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    rows.start(in);
    for (int32_t y = 0; y < w.out_h; y += 2, out += y < w.out_h ? 2 * out_row : out_row * (2 - w.out_h % 2)) {
      if (y > 0) rows.advance(y);
      const ptrdiff_t below = y + 1 < w.out_h ? out_row : 0;
      for (int32_t x = 0; x < w.out_w; x += 4) {
        Places places[2];
        for (int32_t t = 0; t < 2; ++t) {
          // Without a second tile the first one is computed twice.
          const int32_t column = x + 2 * t < w.out_w ? x + 2 * t : x;
          transform(rows.first() + ptrdiff_t(column) * w.in_c, rows.pitch(), w.in_c, tiles + t);
          const ptrdiff_t right = column + 1 < w.out_w ? w.out_c : 0;
          places[t] = {out + ptrdiff_t(column) * w.out_c, right, below,
                       right > 0 && below > 0 ? right + below : 0};
        }
        two_tiles(params, products, places[0], places[1]);
      }
    }
  }
}

}  // namespace kernels
}  // namespace tadpole
