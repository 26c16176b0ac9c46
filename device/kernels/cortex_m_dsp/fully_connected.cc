// Four sums, four activations, four words of weights and two pointers: all fourteen registers.
#include "device/kernels/cortex_m_dsp/fully_connected.h"

#include "device/kernels/cortex_m_dsp/requantise.h"

namespace tadpole {
namespace kernels {

namespace {

/// Steps of eight taps in one pass of the loop, and the bytes of each.
constexpr int32_t kSteps = 4, kStepBytes = 106;

/// What the loop reads. The assembly counts on the order.
struct Dense {
  const int32_t* wide;  ///< pairs of taps, in whole steps
  const int32_t* wide_end;
  int32_t entry;       ///< bytes into the unrolled loop where the first pass begins
  int8_t* out;         ///< of the first four channels
  const int32_t* end;  ///< of the stream
  int32_t* sums;       ///< set: four sums are read and written here, and nothing else is done
};

#if TADPOLE_THUMB_DSP

static_assert(kSteps == 4 && kStepBytes == 106 && sizeof(Dense) == 24, "the assembly counts on them");

extern "C" void tadpole_dsp_dense(const Dense* dense, const int32_t* stream);

// r0 activations, r1 stream, r2 to r5 activations, r6 r7 r12 lr weights, r8 r10 the sums 256 * A + B, r9 r11
// the sums B. Stack: where the activations begin and end, entry, out, end of the stream, what follows the
// sums.
__asm__(R"(
  .syntax unified
  .thumb
  .pushsection .text.tadpole_dsp_dense, "ax", %progbits
  .balign 4
  .global tadpole_dsp_dense
  .type tadpole_dsp_dense, %function
  .thumb_func

  .macro tadpole_two_words x, y, a, b
  smlad \x, \a, r6, \x
  smlad \x, \b, r7, \x
  sxtb16 r6, r6
  sxtb16 r7, r7
  smlad \y, \a, r6, \y
  smlad \y, \b, r7, \y
  .endm
  .macro tadpole_two_more_words x, y, a, b
  smlad \x, \a, r12, \x
  smlad \x, \b, lr, \x
  sxtb16 r12, r12
  sxtb16 lr, lr
  smlad \y, \a, r12, \y
  smlad \y, \b, lr, \y
  .endm
  .macro tadpole_eight_taps
  ldmia r0!, {r2-r5}
  ldmia r1!, {r6, r7, r12, lr}
  tadpole_two_words r8, r9, r2, r3
  tadpole_two_more_words r10, r11, r2, r3
  ldmia r1!, {r6, r7, r12, lr}
  tadpole_two_words r8, r9, r4, r5
  tadpole_two_more_words r10, r11, r4, r5
  .endm
  .macro tadpole_store_sum x
  ldmia r1!, {r2, r3, r5}
  lsr r4, \x, #31
  smmla \x, \x, r2, r3
  sub \x, \x, r4, lsl #7
  asr \x, \x, r5
  ssat \x, #8, \x
  strb \x, [r0], #1
  .endm

tadpole_dsp_dense:
  push {r4-r11, lr}
  ldm r0, {r2-r7}
  adr r12, 2f
  add r4, r4, r12
  orr r4, r4, #1
  adr r12, 3f
  cmp r7, #0
  it ne
  adrne r12, 4f
  orr r12, r12, #1
  push {r2-r7, r12}
  cmp r7, #0
  beq 1f
  ldm r7, {r8-r11}
  b 5f
1:
  ldmia r1!, {r8-r11}
5:
  ldr r0, [sp]
  ldr pc, [sp, #8]
  .balign 4
2:
  .rept 4
  tadpole_eight_taps
  .endr
)" TADPOLE_THUMB_BYTES("2b", "4 * 106") R"(
  ldr r2, [sp, #4]
  cmp r0, r2
  bne 2b
  ldr r0, [sp, #12]
  ldr pc, [sp, #24]
  .balign 4
3:
  sub r8, r8, r9
  sub r10, r10, r11
  lsl r9, r9, #8
  lsl r11, r11, #8
  tadpole_store_sum r8
  tadpole_store_sum r9
  tadpole_store_sum r10
  tadpole_store_sum r11
  str r0, [sp, #12]
  ldr r2, [sp, #16]
  cmp r1, r2
  bne 1b
6:
  add sp, sp, #28
  pop {r4-r11, pc}
  .balign 4
4:
  ldr r7, [sp, #20]
  stm r7, {r8-r11}
  b 6b
  .size tadpole_dsp_dense, . - tadpole_dsp_dense
  .purgem tadpole_two_words
  .purgem tadpole_two_more_words
  .purgem tadpole_eight_taps
  .purgem tadpole_store_sum
  .popsection
)");

void run(const Dense& dense, const int32_t* stream) { tadpole_dsp_dense(&dense, stream); }

#else

void run(const Dense& dense, const int32_t* stream) {
  int8_t* out = dense.out;
  do {
    int32_t sums[4];
    for (int32_t i = 0; i < 4; ++i) sums[i] = dense.sums ? dense.sums[i] : stream[i];
    if (!dense.sums) stream += 4;
    for (const int32_t* a = dense.wide; a != dense.wide_end; a += 2, stream += 4) {
      for (int32_t i = 0; i < 4; ++i) {
        int32_t* sum = sums + i / 2 * 2;
        sum[0] = dsp::smlad(stream[i], a[i % 2], sum[0]);
        sum[1] = dsp::smlad(dsp::sxtb16(stream[i]), a[i % 2], sum[1]);
      }
    }
    if (dense.sums) {
      for (int32_t i = 0; i < 4; ++i) dense.sums[i] = sums[i];
      return;
    }
    for (int32_t i = 0; i < 4; ++i, stream += 3) {
      const int32_t x = i % 2 == 0 ? dsp::subtract(sums[i], sums[i + 1]) : dsp::shift_8(sums[i]);
      *out++ = dsp::requantise<false>(x, stream[0], stream[1], stream[2], -128, 127);
    }
  } while (stream != dense.end);
}

#endif

/// `count` values to pairs in the order of SXTB16, padded to whole steps with zeros.
TADPOLE_NOINLINE void widen(const int8_t* in, int32_t count, bool aligned, int32_t* wide) {
  int32_t k = 0;
  for (; aligned && k + 4 <= count; k += 4, wide += 2) {
    const int32_t word = dsp::load(in + k);
    wide[0] = dsp::sxtb16(word);
    wide[1] = dsp::sxtb16_ror8(word);
  }
  const auto at = [&](int32_t i) -> int32_t { return i < count ? in[i] : 0; };
  for (const int32_t end = (count + 7) / 8 * 8; k < end; k += 4, wide += 2) {
    wide[0] = dsp::pack_low(at(k), at(k + 2));
    wide[1] = dsp::pack_low(at(k + 1), at(k + 3));
  }
}

/// Sets what the loop needs for `count` widened values.
void set_count(Dense& dense, int32_t count) {
  const int32_t steps = (count + 7) / 8;
  dense.wide_end = dense.wide + 4 * steps;
  dense.entry = (kSteps - steps % kSteps) % kSteps * kStepBytes;
}

int8_t finish(const DspFullyConnectedInt8Params& params, int32_t sum, const int32_t* scaling) {
  constexpr int32_t kMost = dsp::kMaxAccumulator;
  sum = sum < -kMost ? -kMost : sum > kMost ? kMost : sum;
  return dsp::requantise<false>(dsp::shift_8(sum), scaling[0], scaling[1], scaling[2], params.clamp_min,
                                params.clamp_max);
}

/// Up to four times four channels of a long row: each part of the row is widened once for all of them.
void long_row(const DspFullyConnectedInt8Params& params, const int8_t* in, int8_t* out, Dense& dense,
              int32_t* wide) {
  constexpr int32_t kQuads = 4;
  const auto words = static_cast<int32_t>(dsp::dense_quad_words(size_t(params.in_c)));
  const int32_t* stream = params.weights;
  for (int32_t left = params.out_c; left > 0; left -= 4 * kQuads, stream += kQuads * words) {
    const int32_t quads = left < 4 * kQuads ? (left + 3) / 4 : kQuads;
    int32_t totals[4 * kQuads], sums[4];
    for (int32_t i = 0; i < 4 * quads; ++i) totals[i] = stream[i / 4 * words + i % 4];
    dense.sums = sums;
    for (int32_t k = 0; k < params.in_c; k += dsp::kDenseChunk) {
      const int32_t rest = params.in_c - k, count = rest < dsp::kDenseChunk ? rest : dsp::kDenseChunk;
      widen(in + k, count, params.in_c % 4 == 0, wide);
      set_count(dense, count);
      for (int32_t q = 0; q < quads; ++q) {
        sums[0] = sums[1] = sums[2] = sums[3] = 0;
        run(dense, stream + q * words + 4 + k);
        totals[4 * q] += dsp::subtract(sums[0], sums[1]) >> 8;
        totals[4 * q + 1] += sums[1];
        totals[4 * q + 2] += dsp::subtract(sums[2], sums[3]) >> 8;
        totals[4 * q + 3] += sums[3];
      }
    }
    for (int32_t i = 0; i < 4 * quads && i < left; ++i) {
      *out++ = finish(params, totals[i], stream + (i / 4 + 1) * words - 12 + i % 4 * 3);
    }
  }
}

void short_row(const DspFullyConnectedInt8Params& params, const int8_t* in, int8_t* out, Dense& dense,
               int32_t* wide) {
  const int32_t whole = params.out_c / 4 * 4, rest = params.out_c - whole;
  const size_t words = dsp::dense_quad_words(size_t(params.in_c));
  const int32_t* last = params.weights + size_t(whole / 4) * words;
  widen(in, params.in_c, params.in_c % 4 == 0, wide);
  set_count(dense, params.in_c);
  dense.sums = nullptr;
  if (whole > 0) {
    dense.out = out;
    dense.end = last;
    run(dense, params.weights);
  }
  if (rest > 0) {
    int8_t four[4];
    dense.out = four;
    dense.end = last + words;
    run(dense, last);
    for (int32_t i = 0; i < rest; ++i) out[whole + i] = four[i];
  }
  if (params.clamp_min == -128 && params.clamp_max == 127) return;
  for (int32_t i = 0; i < params.out_c; ++i) {
    out[i] = static_cast<int8_t>(out[i] < params.clamp_min   ? params.clamp_min
                                 : out[i] > params.clamp_max ? params.clamp_max
                                                             : out[i]);
  }
}

}  // namespace

void dsp_fully_connected_int8(const DspFullyConnectedInt8Params& params, const int8_t* in, int8_t* out,
                              int32_t* scratch) {
  Dense dense = {scratch, scratch, 0, out, params.weights, nullptr};
  for (int32_t row = 0; row < params.rows; ++row, in += params.in_c, out += params.out_c) {
    if (params.wide_sums) {
      long_row(params, in, out, dense, scratch);
    } else {
      short_row(params, in, out, dense, scratch);
    }
  }
}

}  // namespace kernels
}  // namespace tadpole
