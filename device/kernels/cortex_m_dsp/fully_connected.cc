// Four sums, four activations, four words of weights and two pointers: all fourteen registers.
#include "device/kernels/cortex_m_dsp/fully_connected.h"

#include "device/kernels/cortex_m_dsp/requantise.h"

namespace tadpole {
namespace kernels {

namespace {

/// What the loop reads. The assembly counts on the order.
struct Dense {
  const int32_t* wide;  ///< pairs of taps, in whole steps of eight
  const int32_t* wide_end;
  int32_t skipped;     ///< steps of the unrolled loop that the first pass leaves out
  int8_t* out;         ///< of the first four channels
  const int32_t* end;  ///< of the weights
  int32_t* sums;       ///< set: four sums are read and written here, and nothing else is done
  int32_t relu;
};

/// Steps in one pass of the loop.
constexpr int32_t kSteps = 4;

#if TADPOLE_THUMB_DSP

static_assert(kSteps == 4 && sizeof(Dense) == 28, "the assembly counts on them");

extern "C" void tadpole_dsp_dense_paired(const Dense* dense, const int32_t* weights);
extern "C" void tadpole_dsp_dense_single(const Dense* dense, const int32_t* weights);

// A function `name` whose step of eight taps is `step`, of `bytes` bytes; `ready` makes 256 times the four
// channels' sums in r8, r9, r10 and r11. r0 activations, r1 weights, r2 to r5 four activations, r6 r7 r12 lr
// four weights, r8 to r11 sums. Stack: where the activations begin and end, entry, out, end of the weights,
// sums, what follows the loop.
// clang-format off
#define TADPOLE_DENSE(name, step, bytes, ready) \
  "  .syntax unified\n  .thumb\n"                                                                \
  "  .pushsection .text." name ", \"ax\", %progbits\n  .balign 4\n"                              \
  "  .global " name "\n  .type " name ", %function\n  .thumb_func\n"                            \
  "  .macro tadpole_dense_step\n" step "  .endm\n"                                              \
  "  .macro tadpole_store_sum x\n  ldmia r1!, {r2, r3, r5}\n  smmla \\x, \\x, r2, r3\n"          \
  "  asr \\x, \\x, r5\n  ssat \\x, #8, \\x\n  strb \\x, [r0], #1\n  .endm\n"                      \
  "  .macro tadpole_store_signed_sum x\n  ldmia r1!, {r2, r3, r5}\n  lsr r4, \\x, #31\n"        \
  "  smmla \\x, \\x, r2, r3\n  sub \\x, \\x, r4, lsl #7\n"                                      \
  "  asr \\x, \\x, r5\n  ssat \\x, #8, \\x\n  strb \\x, [r0], #1\n  .endm\n" name             \
  ":\n"                                                                                          \
  "  push {r4-r11, lr}\n  ldm r0, {r2-r8}\n"                                                     \
  "  adr r12, 2f\n  movw r0, #" bytes "\n  mla r4, r4, r0, r12\n  orr r4, r4, #1\n"              \
  "  adr r12, 4f\n  cmp r8, #0\n  it ne\n  adrne r12, 3f\n"                                     \
  "  cmp r7, #0\n  it ne\n  adrne r12, 7f\n  orr r8, r12, #1\n"                                 \
  "  push {r2-r8}\n  cmp r7, #0\n  beq 1f\n  ldm r7, {r8-r11}\n  b 5f\n"                         \
  "1:\n  ldmia r1!, {r8-r11}\n"                                                                 \
  "5:\n  ldr r0, [sp]\n  ldr pc, [sp, #8]\n  .balign 4\n"                                       \
  "2:\n  .rept 4\n  tadpole_dense_step\n  .endr\n" TADPOLE_THUMB_BYTES("2b", "4 * " bytes)       \
  "\n  ldr r2, [sp, #4]\n  cmp r0, r2\n  bne 2b\n  ldr r0, [sp, #12]\n  ldr pc, [sp, #24]\n"     \
  "  .balign 4\n3:\n" ready                                                                     \
  "  tadpole_store_sum r8\n  tadpole_store_sum r9\n"                                            \
  "  tadpole_store_sum r10\n  tadpole_store_sum r11\n"                                          \
  "6:\n  str r0, [sp, #12]\n  ldr r2, [sp, #16]\n  cmp r1, r2\n  bne 1b\n"                      \
  "8:\n  add sp, sp, #28\n  pop {r4-r11, pc}\n"                                                 \
  "  .balign 4\n4:\n" ready                                                                     \
  "  tadpole_store_signed_sum r8\n  tadpole_store_signed_sum r9\n"                              \
  "  tadpole_store_signed_sum r10\n  tadpole_store_signed_sum r11\n  b 6b\n"                    \
  "  .balign 4\n7:\n  ldr r7, [sp, #20]\n  stm r7, {r8-r11}\n  b 8b\n"                          \
  "  .size " name ", . - " name "\n"                                                            \
  "  .purgem tadpole_dense_step\n  .purgem tadpole_store_sum\n  .purgem tadpole_store_signed_sum\n" \
  "  .popsection\n"

#define TADPOLE_PAIR(sum, second, w0, w1, a0, a1)                 \
  "  smlad " sum ", " a0 ", " w0 ", " sum "\n"                    \
  "  smlad " sum ", " a1 ", " w1 ", " sum "\n"                    \
  "  sxtb16 " w0 ", " w0 "\n"                                     \
  "  sxtb16 " w1 ", " w1 "\n"                                     \
  "  smlad " second ", " a0 ", " w0 ", " second "\n"              \
  "  smlad " second ", " a1 ", " w1 ", " second "\n"

// r8 is 256 * A + B, r9 B, r10 256 * C + D, r11 D.
__asm__(TADPOLE_DENSE("tadpole_dsp_dense_paired",
                      "  ldmia r0!, {r2-r5}\n"
                      "  ldmia r1!, {r6, r7, r12, lr}\n"
                      TADPOLE_PAIR("r8", "r9", "r6", "r7", "r2", "r3")
                      TADPOLE_PAIR("r10", "r11", "r12", "lr", "r2", "r3")
                      "  ldmia r1!, {r6, r7, r12, lr}\n"
                      TADPOLE_PAIR("r8", "r9", "r6", "r7", "r4", "r5")
                      TADPOLE_PAIR("r10", "r11", "r12", "lr", "r4", "r5"),
                      "106",
                      "  sub r8, r8, r9\n"
                      "  sub r10, r10, r11\n"
                      "  lsl r9, r9, #8\n"
                      "  lsl r11, r11, #8\n"));

#define TADPOLE_SINGLE(sum)                     \
  "  ldmia r1!, {r6, r7, r12, lr}\n"            \
  "  smlad " sum ", r2, r6, " sum "\n"          \
  "  smlad " sum ", r3, r7, " sum "\n"          \
  "  smlad " sum ", r4, r12, " sum "\n"         \
  "  smlad " sum ", r5, lr, " sum "\n"

__asm__(TADPOLE_DENSE("tadpole_dsp_dense_single",
                      "  ldmia r0!, {r2-r5}\n"
                      TADPOLE_SINGLE("r8") TADPOLE_SINGLE("r9") TADPOLE_SINGLE("r10") TADPOLE_SINGLE("r11"),
                      "82",
                      "  lsl r8, r8, #8\n"
                      "  lsl r9, r9, #8\n"
                      "  lsl r10, r10, #8\n"
                      "  lsl r11, r11, #8\n"));
// clang-format on

#endif

/// Two channels a lane.
struct Paired {
  static constexpr bool kSingle = false;
#if TADPOLE_THUMB_DSP
  static void run(const Dense& dense, const int32_t* weights) { tadpole_dsp_dense_paired(&dense, weights); }
#else
  static void add_eight_taps(const int32_t* a, const int32_t* weights, int32_t* sums) {
    for (int32_t i = 0; i < 8; ++i) {
      int32_t* sum = sums + i / 2 % 2 * 2;
      const int32_t value = a[i / 4 * 2 + i % 2];
      sum[0] = dsp::smlad(weights[i], value, sum[0]);
      sum[1] = dsp::smlad(dsp::sxtb16(weights[i]), value, sum[1]);
    }
  }
#endif
  /// 256 times the sums of the four channels.
  static void make_ready(int32_t* sums) {
    for (int32_t i = 0; i < 4; i += 2) {
      sums[i] = dsp::subtract(sums[i], sums[i + 1]);
      sums[i + 1] = dsp::shift_8(sums[i + 1]);
    }
  }
};

/// One channel a lane.
struct Single {
  static constexpr bool kSingle = true;
#if TADPOLE_THUMB_DSP
  static void run(const Dense& dense, const int32_t* weights) { tadpole_dsp_dense_single(&dense, weights); }
#else
  static void add_eight_taps(const int32_t* a, const int32_t* weights, int32_t* sums) {
    for (int32_t i = 0; i < 16; ++i) sums[i / 4] = dsp::smlad(weights[i], a[i % 4], sums[i / 4]);
  }
#endif
  static void make_ready(int32_t* sums) {
    for (int32_t i = 0; i < 4; ++i) sums[i] = dsp::shift_8(sums[i]);
  }
};

#if TADPOLE_THUMB_DSP
template <class Lanes>
void run(const Dense& dense, const int32_t* weights) {
  Lanes::run(dense, weights);
}
#else
template <class Lanes>
void run(const Dense& dense, const int32_t* weights) {
  int8_t* out = dense.out;
  do {
    int32_t sums[4];
    for (int32_t i = 0; i < 4; ++i) sums[i] = dense.sums ? dense.sums[i] : weights[i];
    if (!dense.sums) weights += 4;
    for (const int32_t* a = dense.wide; a != dense.wide_end; a += 4, weights += Lanes::kSingle ? 16 : 8) {
      Lanes::add_eight_taps(a, weights, sums);
    }
    if (dense.sums) {
      for (int32_t i = 0; i < 4; ++i) dense.sums[i] = sums[i];
      return;
    }
    Lanes::make_ready(sums);
    for (int32_t i = 0; i < 4; ++i, weights += 3) {
      *out++ = dense.relu ? dsp::requantise<true>(sums[i], weights[0], weights[1], weights[2], -128, 127)
                          : dsp::requantise<false>(sums[i], weights[0], weights[1], weights[2], -128, 127);
    }
  } while (weights != dense.end);
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
  dense.skipped = (kSteps - steps % kSteps) % kSteps;
}

int8_t finish(const DspFullyConnectedInt8Params& params, int32_t sum, const int32_t* scaling) {
  constexpr int32_t kMost = dsp::kMaxAccumulator;
  sum = sum < -kMost ? -kMost : sum > kMost ? kMost : sum;
  return dsp::requantise<false>(dsp::shift_8(sum), scaling[0], scaling[1], scaling[2], params.clamp_min,
                                params.clamp_max);
}

/// Up to eight times four channels of a long row: each part of the row is widened once for all of them.
template <class Lanes>
void long_row(const DspFullyConnectedInt8Params& params, const int8_t* in, int8_t* out, Dense& dense,
              int32_t* wide) {
  constexpr int32_t kQuads = 8;
  const auto words = static_cast<int32_t>(dsp::dense_quad_words(size_t(params.in_c), Lanes::kSingle));
  const int32_t* weights = params.weights;
  for (int32_t left = params.out_c; left > 0; left -= 4 * kQuads, weights += kQuads * words) {
    const int32_t quads = left < 4 * kQuads ? (left + 3) / 4 : kQuads;
    int32_t totals[4 * kQuads], sums[4];
    for (int32_t i = 0; i < 4 * quads; ++i) totals[i] = weights[i / 4 * words + i % 4];
    dense.sums = sums;
    for (int32_t k = 0; k < params.in_c; k += dsp::kDenseChunk) {
      const int32_t rest = params.in_c - k, count = rest < dsp::kDenseChunk ? rest : dsp::kDenseChunk;
      widen(in + k, count, params.in_c % 4 == 0, wide);
      set_count(dense, count);
      const int32_t* part = weights + 4 + (Lanes::kSingle ? 2 * k : k);
      for (int32_t *total = totals, *end = totals + 4 * quads; total != end; total += 4, part += words) {
        if (Lanes::kSingle) {
          dense.sums = total;
          run<Lanes>(dense, part);
          continue;
        }
        sums[0] = sums[1] = sums[2] = sums[3] = 0;
        run<Lanes>(dense, part);
        Lanes::make_ready(sums);
        for (int32_t i = 0; i < 4; ++i) total[i] += sums[i] >> 8;
      }
    }
    for (int32_t i = 0; i < 4 * quads && i < left; ++i) {
      *out++ = finish(params, totals[i], weights + (i / 4 + 1) * words - 12 + i % 4 * 3);
    }
  }
}

template <class Lanes>
void short_row(const DspFullyConnectedInt8Params& params, const int8_t* in, int8_t* out, Dense& dense,
               int32_t* wide) {
  const int32_t whole = params.out_c / 4 * 4, rest = params.out_c - whole;
  const size_t words = dsp::dense_quad_words(size_t(params.in_c), Lanes::kSingle);
  const int32_t* last = params.weights + size_t(whole / 4) * words;
  widen(in, params.in_c, params.in_c % 4 == 0, wide);
  set_count(dense, params.in_c);
  dense.sums = nullptr;
  if (whole > 0) {
    dense.out = out;
    dense.end = last;
    run<Lanes>(dense, params.weights);
  }
  if (rest > 0) {
    int8_t four[4];
    dense.out = four;
    dense.end = last + words;
    run<Lanes>(dense, last);
    for (int32_t i = 0; i < rest; ++i) out[whole + i] = four[i];
  }
  if (params.clamp_min == -128 && params.clamp_max == 127) return;
  for (int32_t i = 0; i < params.out_c; ++i) {
    out[i] = static_cast<int8_t>(out[i] < params.clamp_min   ? params.clamp_min
                                 : out[i] > params.clamp_max ? params.clamp_max
                                                             : out[i]);
  }
}

using Row = void (*)(const DspFullyConnectedInt8Params&, const int8_t*, int8_t*, Dense&, int32_t*);

template <Row kRow>
void rows(const DspFullyConnectedInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch) {
  Dense dense = {scratch, scratch, 0, out, params.weights, nullptr, params.relu};
  for (int32_t row = 0; row < params.rows; ++row, in += params.in_c, out += params.out_c) {
    kRow(params, in, out, dense, scratch);
  }
}

}  // namespace

void dsp_fully_connected_int8(const DspFullyConnectedInt8Params& params, const int8_t* in, int8_t* out,
                              int32_t* scratch) {
  rows<short_row<Paired>>(params, in, out, scratch);
}

void dsp_fully_connected_long_int8(const DspFullyConnectedInt8Params& params, const int8_t* in, int8_t* out,
                                   int32_t* scratch) {
  rows<long_row<Paired>>(params, in, out, scratch);
}

void dsp_fully_connected_wide_int8(const DspFullyConnectedInt8Params& params, const int8_t* in, int8_t* out,
                                   int32_t* scratch) {
  rows<short_row<Single>>(params, in, out, scratch);
}

void dsp_fully_connected_wide_long_int8(const DspFullyConnectedInt8Params& params, const int8_t* in,
                                        int8_t* out, int32_t* scratch) {
  rows<long_row<Single>>(params, in, out, scratch);
}

}  // namespace kernels
}  // namespace tadpole
