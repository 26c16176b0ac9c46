// Six sums, three activations, two words of weights, two pointers and a counter: all fourteen registers.
#include "device/kernels/cortex_m_dsp/three_pixels.h"

#include "device/kernels/cortex_m_dsp/requantise.h"

namespace tadpole {
namespace kernels {
namespace dsp {

namespace {

/// Steps in one pass of the loop and the bytes of each: of four taps in pairs, of two taps single.
constexpr int32_t kSteps = 16, kStepBytes = 64;
constexpr int32_t kSingleSteps = 32, kSingleStepBytes = 30;

}  // namespace

#if TADPOLE_THUMB_DSP

static_assert(offsetof(ThreePixels, out_c) == 24 && kSteps == 16, "the assembly counts on them");

extern "C" void tadpole_dsp_three_pixels(const ThreePixels* loop, const int32_t* stream);

// r0 activations, r1 stream, r2 r3 weights, r4 r5 r6 activations, r7 r8 r9 the sums 256 * A + B, r10 r11 r12
// the sums B, lr passes. Stack: where the activations begin, end of the stream, passes, entry, finish, out,
// out_c.
__asm__(R"(
  .syntax unified
  .thumb
  .pushsection .text.tadpole_dsp_three_pixels, "ax", %progbits
  .balign 4
  .global tadpole_dsp_three_pixels
  .type tadpole_dsp_three_pixels, %function
  .thumb_func

  .macro tadpole_three_sums word, s0, s1, s2, c0, c1, c2
  smlad \s1, \word, r5, \c1
  smlad \s2, \word, r6, \c2
  smlad \s0, \word, r4, \c0
  .endm
  .macro tadpole_four_taps a0, a1, a2, b0, b1, b2
  ldrd r2, r3, [r1], #8
  ldmia r0!, {r4, r5, r6}
  tadpole_three_sums r2, r7, r8, r9, \a0, \a1, \a2
  sxtb16 r2, r2
  tadpole_three_sums r2, r10, r11, r12, \b0, \b1, \b2
  ldmia r0!, {r4, r5, r6}
  tadpole_three_sums r3, r7, r8, r9, r7, r8, r9
  sxtb16 r3, r3
  tadpole_three_sums r3, r10, r11, r12, r10, r11, r12
  .endm
  .macro tadpole_signed_sum x
  lsr r0, \x, #31
  smmla \x, \x, r2, r3
  sub \x, \x, r0, lsl #7
  .endm
  .macro tadpole_store x0, x1, x2, step
  asr \x0, \x0, r5
  asr \x1, \x1, r5
  asr \x2, \x2, r5
  ssat \x0, #8, \x0
  ssat \x1, #8, \x1
  ssat \x2, #8, \x2
  strb \x1, [r4, r6]
  strb \x2, [r4, r6, lsl #1]
  strb \x0, [r4]\step
  .endm

tadpole_dsp_three_pixels:
  push {r4-r11, lr}
  ldm r0, {r2-r8}
  adr r12, 2f
  add r5, r5, r12
  adr r12, 3f
  cmp r6, #0
  it ne
  adrne r12, 4f
  orr r5, r5, #1
  orr r6, r12, #1
  push {r2-r8}
  mov r0, r2
1:
  ldrd r7, r10, [r1], #8
  tadpole_four_taps r7, r7, r7, r10, r10, r10
  ldr lr, [sp, #8]
  ldr pc, [sp, #12]
  .balign 4
2:
  .rept 16
  tadpole_four_taps r7, r8, r9, r10, r11, r12
  .endr
)" TADPOLE_THUMB_BYTES("2b", "16 * 64") R"(
  subs lr, lr, #1
  bne 2b
  ldrd r4, r6, [sp, #20]
  sub r7, r7, r10
  sub r8, r8, r11
  sub r9, r9, r12
  lsl r10, r10, #8
  lsl r11, r11, #8
  lsl r12, r12, #8
  ldmia r1!, {r2, r3, r5}
  ldr pc, [sp, #16]
  .balign 4
3:
  smmla r7, r7, r2, r3
  smmla r8, r8, r2, r3
  smmla r9, r9, r2, r3
  tadpole_store r7, r8, r9, ", #1"
  ldmia r1!, {r2, r3, r5}
  smmla r10, r10, r2, r3
  smmla r11, r11, r2, r3
  smmla r12, r12, r2, r3
5:
  tadpole_store r10, r11, r12
  add r4, r4, r5, lsr #8
  str r4, [sp, #20]
  ldrd r0, r2, [sp]
  cmp r1, r2
  bne 1b
  add sp, sp, #28
  pop {r4-r11, pc}
  .balign 4
4:
  tadpole_signed_sum r7
  tadpole_signed_sum r8
  tadpole_signed_sum r9
  tadpole_store r7, r8, r9, ", #1"
  ldmia r1!, {r2, r3, r5}
  tadpole_signed_sum r10
  tadpole_signed_sum r11
  tadpole_signed_sum r12
  b 5b
  .size tadpole_dsp_three_pixels, . - tadpole_dsp_three_pixels
  .purgem tadpole_three_sums
  .purgem tadpole_four_taps
  .purgem tadpole_signed_sum
  .purgem tadpole_store
  .popsection
)");

namespace {

void run(const ThreePixels& loop) { tadpole_dsp_three_pixels(&loop, loop.stream); }

}  // namespace

#else

namespace {

/// One channel's sums (times 256) of the three pixels.
void store(const ThreePixels& loop, const int32_t* x, const int32_t* scaling, int8_t* out) {
  const int32_t shift = scaling[2] & 255;
  for (int32_t p = 0; p < 3; ++p) {
    out[p * loop.out_c] = loop.finish == 0
                              ? requantise<true>(x[p], scaling[0], scaling[1], shift, -128, 127)
                              : requantise<false>(x[p], scaling[0], scaling[1], shift, -128, 127);
  }
}

void run(const ThreePixels& loop) {
  const int32_t* stream = loop.stream;
  int8_t* out = loop.out;
  while (stream != loop.end) {
    int32_t h[3] = {stream[0], stream[0], stream[0]}, l[3] = {stream[1], stream[1], stream[1]};
    stream += 2;
    const int32_t* a = loop.wide;
    for (const int32_t* end = stream + loop.words; stream != end; ++stream, a += 3) {
      const int32_t second = sxtb16(*stream);
      for (int32_t p = 0; p < 3; ++p) {
        h[p] = smlad(*stream, a[p], h[p]);
        l[p] = smlad(second, a[p], l[p]);
      }
    }
    for (int32_t p = 0; p < 3; ++p) {
      h[p] = subtract(h[p], l[p]);
      l[p] = shift_8(l[p]);
    }
    store(loop, h, stream, out);
    store(loop, l, stream + 3, out + 1);
    out += 1 + (stream[5] >> 8);
    stream += 6;
  }
}

}  // namespace

#endif

namespace {

/// One widened pixel alone. ReLU hides the sign's term of requantise.h.
TADPOLE_NOINLINE void one_pixel(const ThreePixels& loop, const int32_t* wide, int8_t* out) {
  for (const int32_t* stream = loop.stream; stream != loop.end; stream += 6) {
    int32_t h = stream[0], l = stream[1];
    stream += 2;
    const int32_t* a = wide;
    for (const int32_t* end = stream + loop.words; stream != end; a += 6, stream += 2) {
      int32_t both = stream[0];
      h = smlad(both, a[0], h);
      l = smlad(sxtb16(both), a[0], l);
      both = stream[1];
      h = smlad(both, a[3], h);
      l = smlad(sxtb16(both), a[3], l);
    }
    *out++ = requantise<false>(subtract(h, l), stream[0], stream[1], stream[2], -128, 127);
    if (loop.out_c == 1) return;
    *out = requantise<false>(shift_8(l), stream[3], stream[4], stream[5] & 255, -128, 127);
    out += stream[5] >> 8;
  }
}

}  // namespace

void clamp(int8_t* at, const int8_t* end, int32_t low, int32_t high) {
  if (low == -128 && high == 127) return;
  for (; at != end; ++at) *at = static_cast<int8_t>(*at < low ? low : *at > high ? high : *at);
}

void compute_paired(ThreePixels& loop, int32_t count) {
  if (count == 3 && loop.out_c > 1) {
    run(loop);
  } else {
    for (int32_t p = 0; p < count; ++p) one_pixel(loop, loop.wide + p, loop.out + p * loop.out_c);
  }
  loop.out += count * loop.out_c;
}

ThreePixels three_pixels(const DspConv2dInt8Params& params, int32_t* wide, int8_t* out) {
  const Window2d& w = params.window;
  const size_t taps = size_t(w.filter_h) * w.filter_w * w.in_c;
  const bool single = params.lanes == kSingleLanes, relu = params.relu != 0;
  const auto words = static_cast<int32_t>(words_of_taps(taps, single));
  const int32_t* end = params.weights + stream_words(taps, size_t(w.out_c), single, relu);
  const int32_t in_pass = single ? kSingleSteps : kSteps, bytes = single ? kSingleStepBytes : kStepBytes;
  ThreePixels loop = {wide, end, 1, in_pass * bytes, relu ? 0 : 1, out, w.out_c, words, params.weights};
  // The first step starts the sums from the biases and stands before the loop, which is entered in its
  // middle.
  const int32_t steps = (single ? words : words / 2) - 1;
  if (steps > 0) {
    const int32_t first = steps % in_pass;
    loop.passes = steps / in_pass + (first > 0 ? 1 : 0);
    loop.entry = first > 0 ? (in_pass - first) * bytes : 0;
  }
  for (int32_t i = words > 2 ? 3 * (words - 2) : 0; i < 3 * words; ++i) wide[i] = 0;
  return loop;
}

}  // namespace dsp
}  // namespace kernels
}  // namespace tadpole
