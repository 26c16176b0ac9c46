// The loop for single lanes: eight instructions for two taps of three pixels and two channels.
#include "device/kernels/cortex_m_dsp/requantise.h"
#include "device/kernels/cortex_m_dsp/three_pixels.h"

namespace tadpole {
namespace kernels {
namespace dsp {

#if TADPOLE_THUMB_DSP

static_assert(offsetof(ThreePixels, out_c) == 24 && kSingleShift == 12, "the assembly counts on them");

extern "C" void tadpole_dsp_three_pixels_single(const ThreePixels* loop, const int32_t* stream);

// r0 activations, r1 stream, r2 r3 weights of A and B, r4 r5 r6 activations, r7 r8 r9 the sums of A, r10 r11
// r12 those of B, lr passes. Stack: where the activations begin, end of the stream, passes, entry, finish,
// out, out_c.
__asm__(R"(
  .syntax unified
  .thumb
  .pushsection .text.tadpole_dsp_three_pixels_single, "ax", %progbits
  .balign 4
  .global tadpole_dsp_three_pixels_single
  .type tadpole_dsp_three_pixels_single, %function
  .thumb_func

  .macro tadpole_two_taps a0, a1, a2, b0, b1, b2
  ldrd r2, r3, [r1], #8
  ldmia r0!, {r4, r5, r6}
  smlad r8, r2, r5, \a1
  smlad r9, r2, r6, \a2
  smlad r7, r2, r4, \a0
  smlad r11, r3, r5, \b1
  smlad r12, r3, r6, \b2
  smlad r10, r3, r4, \b0
  .endm
  .macro tadpole_relu x, m, c
  smmla \x, \x, \m, \c
  ssat \x, #8, \x, asr #12
  .endm
  .macro tadpole_signed x
  and r5, r3, \x, asr #31
  smmla \x, \x, r0, r2
  sub \x, \x, r5
  ssat \x, #8, \x, asr #12
  .endm

tadpole_dsp_three_pixels_single:
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
  tadpole_two_taps r7, r7, r7, r10, r10, r10
  ldr lr, [sp, #8]
  ldr pc, [sp, #12]
  .balign 4
2:
  .rept 32
  tadpole_two_taps r7, r8, r9, r10, r11, r12
  .endr
)" TADPOLE_THUMB_BYTES("2b", "32 * 30") R"(
  subs lr, lr, #1
  bne 2b
  ldrd r4, r6, [sp, #20]
  ldr pc, [sp, #16]
  .balign 4
3:
  ldmia r1!, {r0, r2, r3, r5, lr}
  tadpole_relu r7, r0, r2
  tadpole_relu r8, r0, r2
  tadpole_relu r9, r0, r2
  strb r8, [r4, r6]
  strb r9, [r4, r6, lsl #1]
  strb r7, [r4], #1
  tadpole_relu r10, r3, r5
  tadpole_relu r11, r3, r5
  tadpole_relu r12, r3, r5
5:
  strb r11, [r4, r6]
  strb r12, [r4, r6, lsl #1]
  strb r10, [r4]
  add r4, r4, lr
  str r4, [sp, #20]
  ldrd r0, r2, [sp]
  cmp r1, r2
  bne 1b
  add sp, sp, #28
  pop {r4-r11, pc}
  .balign 4
4:
  ldmia r1!, {r0, r2, r3}
  tadpole_signed r7
  tadpole_signed r8
  tadpole_signed r9
  strb r8, [r4, r6]
  strb r9, [r4, r6, lsl #1]
  strb r7, [r4], #1
  ldmia r1!, {r0, r2, r3, lr}
  tadpole_signed r10
  tadpole_signed r11
  tadpole_signed r12
  b 5b
  .size tadpole_dsp_three_pixels_single, . - tadpole_dsp_three_pixels_single
  .purgem tadpole_two_taps
  .purgem tadpole_relu
  .purgem tadpole_signed
  .popsection
)");

#endif

namespace {

#if TADPOLE_THUMB_DSP
void run(const ThreePixels& loop) { tadpole_dsp_three_pixels_single(&loop, loop.stream); }
#else
void run(const ThreePixels&) {}
#endif

int8_t requantise(int32_t x, const int32_t* scaling, bool relu) {
  int32_t t = smmla(x, scaling[0], scaling[1]);
  if (!relu) t -= scaling[2] & (x >> 31);
  return static_cast<int8_t>(ssat8(t >> kSingleShift));
}

/// One widened pixel alone.
TADPOLE_NOINLINE void one_pixel(const ThreePixels& loop, const int32_t* wide, int8_t* out) {
  const bool relu = loop.finish == 0;
  const int32_t numbers = relu ? 2 : 3;
  for (const int32_t* stream = loop.stream; stream != loop.end; stream += 2 * numbers + 1) {
    int32_t first = stream[0], second = stream[1];
    stream += 2;
    const int32_t* a = wide;
    for (const int32_t* end = stream + 2 * loop.words; stream != end; a += 3, stream += 2) {
      first = smlad(stream[0], a[0], first);
      second = smlad(stream[1], a[0], second);
    }
    *out++ = requantise(first, stream, relu);
    if (loop.out_c == 1) return;
    *out = requantise(second, stream + numbers, relu);
    out += stream[2 * numbers];
  }
}

}  // namespace

void compute_single(ThreePixels& loop, int32_t count) {
  if (TADPOLE_THUMB_DSP && count == 3 && loop.out_c > 1) {
    run(loop);
  } else {
    for (int32_t p = 0; p < count; ++p) one_pixel(loop, loop.wide + p, loop.out + p * loop.out_c);
  }
  loop.out += count * loop.out_c;
}

}  // namespace dsp
}  // namespace kernels
}  // namespace tadpole
