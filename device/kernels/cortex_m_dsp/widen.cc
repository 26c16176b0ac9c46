// Every activation is widened once for all output channels.
#include "device/kernels/cortex_m_dsp/widen.h"

#include "device/kernels/cortex_m_dsp/intrinsics.h"

namespace tadpole {
namespace kernels {
namespace dsp {

#if TADPOLE_THUMB_DSP

// Eight bytes of each pixel in a pass, the first time four when the count asks for it. Stack: 24 bytes.
__asm__(R"(
  .syntax unified
  .thumb
  .pushsection .text.tadpole_dsp_widen_three, "ax", %progbits
  .balign 4
  .global tadpole_dsp_widen_three
  .type tadpole_dsp_widen_three, %function
  .thumb_func

  .macro tadpole_widen_four
  ldr r4, [r0], #4
  ldr r5, [r1], #4
  ldr r6, [r2], #4
  sxtb16 r7, r4, ror #8
  sxtb16 r8, r5, ror #8
  sxtb16 r9, r6, ror #8
  sxtb16 r4, r4
  sxtb16 r5, r5
  sxtb16 r6, r6
  stmia r12!, {r4-r9}
  .endm

tadpole_dsp_widen_three:
  push {r4-r9}
  ldr r12, [sp, #24]
  lsls r4, r3, #29
  bpl 1f
  adds r3, r3, #4
  b 2f
1:
  tadpole_widen_four
2:
  tadpole_widen_four
  subs r3, r3, #8
  bne 1b
  mov r0, r12
  pop {r4-r9}
  bx lr
  .size tadpole_dsp_widen_three, . - tadpole_dsp_widen_three
  .purgem tadpole_widen_four
  .popsection
)");

// Two words of each pixel in a pass, the first time one when the count asks for it. Stack: 28 bytes.
__asm__(R"(
  .syntax unified
  .thumb
  .pushsection .text.tadpole_dsp_pair_three, "ax", %progbits
  .balign 4
  .global tadpole_dsp_pair_three
  .type tadpole_dsp_pair_three, %function
  .thumb_func

  .macro tadpole_pair_word
  ldrsb r7, [r1, r3]
  ldrsb r8, [r1, r10]
  ldrsb r6, [r1], #1
  ldrsb r5, [r0, r3]
  ldrsb r9, [r0, r10]
  ldrsb r4, [r0], #1
  pkhbt r4, r4, r6, lsl #16
  pkhbt r5, r5, r7, lsl #16
  pkhbt r6, r9, r8, lsl #16
  stmia r12!, {r4, r5, r6}
  .endm

tadpole_dsp_pair_three:
  push {r4-r10}
  ldrd r10, r12, [sp, #28]
  lsls r4, r2, #31
  beq 1f
  adds r2, r2, #1
  b 2f
1:
  tadpole_pair_word
2:
  tadpole_pair_word
  subs r2, r2, #2
  bne 1b
  mov r0, r12
  pop {r4-r10}
  bx lr
  .size tadpole_dsp_pair_three, . - tadpole_dsp_pair_three
  .purgem tadpole_pair_word
  .popsection
)");

// The same for two pixels. Stack: 32 and 24 bytes.
__asm__(R"(
  .syntax unified
  .thumb
  .pushsection .text.tadpole_dsp_widen_two, "ax", %progbits
  .balign 4
  .global tadpole_dsp_widen_two
  .type tadpole_dsp_widen_two, %function
  .thumb_func
tadpole_dsp_widen_two:
  push {r4-r11}
  lsls r4, r2, #29
  bpl 1f
  ldr r8, [r0], #4
  ldr r9, [r1], #4
  subs r2, r2, #4
  b 2f
1:
  ldr r4, [r0], #4
  ldr r5, [r1], #4
  ldr r8, [r0], #4
  ldr r9, [r1], #4
  sxtb16 r6, r4, ror #8
  sxtb16 r7, r5, ror #8
  sxtb16 r4, r4
  sxtb16 r5, r5
  stmia r3!, {r4-r7}
  subs r2, r2, #8
2:
  sxtb16 r10, r8, ror #8
  sxtb16 r11, r9, ror #8
  sxtb16 r8, r8
  sxtb16 r9, r9
  stmia r3!, {r8-r11}
  bne 1b
  mov r0, r3
  pop {r4-r11}
  bx lr
  .size tadpole_dsp_widen_two, . - tadpole_dsp_widen_two
  .popsection

  .pushsection .text.tadpole_dsp_pair_two, "ax", %progbits
  .balign 4
  .global tadpole_dsp_pair_two
  .type tadpole_dsp_pair_two, %function
  .thumb_func

  .macro tadpole_pair_word
  ldrsb r6, [r1, r3]
  ldrsb r5, [r0, r3]
  ldrsb r7, [r1], #1
  ldrsb r4, [r0], #1
  pkhbt r5, r5, r6, lsl #16
  pkhbt r4, r4, r7, lsl #16
  strd r4, r5, [r12], #8
  .endm

tadpole_dsp_pair_two:
  push {r4-r7}
  ldr r12, [sp, #16]
  lsls r4, r2, #31
  beq 1f
  adds r2, r2, #1
  b 2f
1:
  tadpole_pair_word
2:
  tadpole_pair_word
  subs r2, r2, #2
  bne 1b
  mov r0, r12
  pop {r4-r7}
  bx lr
  .size tadpole_dsp_pair_two, . - tadpole_dsp_pair_two
  .purgem tadpole_pair_word
  .popsection
)");

// Stack: 24 bytes.
__asm__(R"(
  .syntax unified
  .thumb
  .pushsection .text.tadpole_dsp_copy_words, "ax", %progbits
  .balign 4
  .global tadpole_dsp_copy_words
  .type tadpole_dsp_copy_words, %function
  .thumb_func
tadpole_dsp_copy_words:
  push {r4-r9}
  subs r1, r1, #8
  blt 2f
1:
  ldmia r0!, {r3-r9, r12}
  stmia r2!, {r3-r9, r12}
  subs r1, r1, #8
  bge 1b
2:
  adds r1, r1, #8
  beq 4f
3:
  ldr r3, [r0], #4
  str r3, [r2], #4
  subs r1, r1, #1
  bne 3b
4:
  pop {r4-r9}
  bx lr
  .size tadpole_dsp_copy_words, . - tadpole_dsp_copy_words
  .popsection
)");

#else

void copy_words(const int8_t* from, int32_t words, int8_t* to) {
  for (; words > 0; --words, from += 4, to += 4) {
    const int32_t word = load(from);
    memcpy(to, &word, sizeof word);
  }
}

int32_t* pair_three(const int8_t* low, const int8_t* high, int32_t count, ptrdiff_t second, ptrdiff_t third,
                    int32_t* wide) {
  for (const int8_t* end = low + count; low != end; ++low, ++high, wide += 3) {
    wide[0] = pack_low(low[0], high[0]);
    wide[1] = pack_low(low[second], high[second]);
    wide[2] = pack_low(low[third], high[third]);
  }
  return wide;
}

int32_t* widen_three(const int8_t* first, const int8_t* second, const int8_t* third, int32_t count,
                     int32_t* wide) {
  for (const int8_t* end = first + count; first != end; first += 4, second += 4, third += 4, wide += 6) {
    const int32_t a = load(first), b = load(second), c = load(third);
    wide[0] = sxtb16(a);
    wide[1] = sxtb16(b);
    wide[2] = sxtb16(c);
    wide[3] = sxtb16_ror8(a);
    wide[4] = sxtb16_ror8(b);
    wide[5] = sxtb16_ror8(c);
  }
  return wide;
}

int32_t* widen_two(const int8_t* first, const int8_t* second, int32_t count, int32_t* wide) {
  for (const int8_t* end = first + count; first != end; first += 4, second += 4, wide += 4) {
    const int32_t a = load(first), b = load(second);
    wide[0] = sxtb16(a);
    wide[1] = sxtb16(b);
    wide[2] = sxtb16_ror8(a);
    wide[3] = sxtb16_ror8(b);
  }
  return wide;
}

int32_t* pair_two(const int8_t* low, const int8_t* high, int32_t count, ptrdiff_t second, int32_t* wide) {
  for (const int8_t* end = low + count; low != end; ++low, ++high, wide += 2) {
    wide[0] = pack_low(low[0], high[0]);
    wide[1] = pack_low(low[second], high[second]);
  }
  return wide;
}

#endif

int32_t* fold_two(const int8_t* row, int32_t count, ptrdiff_t second, int32_t* wide) {
  const int32_t half = count / 2, middle = count - half;
  if (half > 0) wide = pair_two(row, row + middle, half, second, wide);
  if (half == middle) return wide;
  wide[0] = pack_low(row[half], 0);
  wide[1] = pack_low(row[half + second], 0);
  return wide + 2;
}

int32_t* fold_three(const int8_t* row, int32_t count, ptrdiff_t second, ptrdiff_t third, int32_t* wide) {
  const int32_t half = count / 2, middle = count - half;
  if (half > 0) wide = pair_three(row, row + middle, half, second, third, wide);
  if (half == middle) return wide;
  wide[0] = pack_low(row[half], 0);
  wide[1] = pack_low(row[half + second], 0);
  wide[2] = pack_low(row[half + third], 0);
  return wide + 3;
}

}  // namespace dsp
}  // namespace kernels
}  // namespace tadpole
