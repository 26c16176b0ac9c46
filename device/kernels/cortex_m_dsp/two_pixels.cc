// Eight sums, two words of weights, two activations and two pointers: all fourteen registers.
#include "device/kernels/cortex_m_dsp/two_pixels.h"

#include "device/kernels/cortex_m_dsp/requantise.h"

namespace tadpole {
namespace kernels {
namespace dsp {

#if TADPOLE_THUMB_DSP

static_assert(offsetof(TwoPixels, finish) == 24, "the assembly counts on it");

// A function `name` and, for entry and finish, places in it: `name`_end behind the loop, whose steps of two
// taps begin with `loads` and have `bytes` bytes; `name`_relu; `name`_signed.
// r0 activations, r1 stream, r2 r3 weights, r4 r5 activations; of each pair of channels the sums 256 * A + B
// of both pixels and the sums B: r6 r7 r8 r9, r10 r11 r12 lr. Stack: the members of the struct up to finish.
// clang-format off
#define TADPOLE_TWO_PIXELS(name, loads, bytes) \
  "  .syntax unified\n  .thumb\n"                                                               \
  "  .pushsection .text." name ", \"ax\", %progbits\n  .balign 4\n"                             \
  "  .global " name ", " name "_end, " name "_relu, " name "_signed\n"                          \
  "  .type " name ", %function\n  .thumb_func\n"                                               \
  "  .macro tadpole_two_taps b0, b1, c0, c1\n" loads                                            \
  "  smlad r11, r3, r5, \\c0\n  smlad r10, r3, r4, r10\n"                                      \
  "  smlad r7, r2, r5, \\b0\n  smlad r6, r2, r4, r6\n"                                         \
  "  sxtb16 r3, r3\n  sxtb16 r2, r2\n"                                                         \
  "  smlad lr, r3, r5, \\c1\n  smlad r12, r3, r4, r12\n"                                       \
  "  smlad r9, r2, r5, \\b1\n  smlad r8, r2, r4, r8\n  .endm\n"                                \
  "  .macro tadpole_store x0, x1, shift\n"                                                     \
  "  asr \\x0, \\x0, \\shift\n  asr \\x1, \\x1, \\shift\n"                                     \
  "  ssat \\x0, #8, \\x0\n  ssat \\x1, #8, \\x1\n"                                             \
  "  strb \\x0, [r4], #1\n  strb \\x1, [r5], #1\n  .endm\n"                                   \
  "  .macro tadpole_relu x0, x1, m, c, shift\n"                                                \
  "  smmla \\x0, \\x0, \\m, \\c\n  smmla \\x1, \\x1, \\m, \\c\n"                               \
  "  tadpole_store \\x0, \\x1, \\shift\n  .endm\n"                                            \
  "  .macro tadpole_signed x0, x1\n  ldmia r1!, {r0, r2}\n"                                    \
  "  lsr r3, \\x0, #31\n  smmla \\x0, \\x0, r0, r2\n  sub \\x0, \\x0, r3, lsl #7\n"              \
  "  lsr r3, \\x1, #31\n  smmla \\x1, \\x1, r0, r2\n  sub \\x1, \\x1, r3, lsl #7\n"              \
  "  ldr r3, [r1], #4\n  tadpole_store \\x0, \\x1, r3\n  .endm\n" name                       \
  ":\n"                                                                                         \
  "  push {r4-r11, lr}\n  ldm r0, {r2-r8}\n  push {r2-r8}\n  mov r0, r2\n"                     \
  "1:\n  ldmia r1!, {r6, r8, r10, r12}\n"                                                      \
  "  tadpole_two_taps r6, r8, r10, r12\n  ldr pc, [sp, #20]\n  .balign 4\n"                    \
  "2:\n  .rept 32\n  tadpole_two_taps r7, r9, r11, lr\n  .endr\n"                              \
  TADPOLE_THUMB_BYTES("2b", "32 * " bytes) "\n" name                                           \
  "_end:\n"                                                                                     \
  "  ldr r2, [sp, #16]\n  cmp r0, r2\n  bne 2b\n  ldrd r4, r5, [sp, #8]\n"                     \
  "  sub r6, r6, r8\n  sub r7, r7, r9\n  sub r10, r10, r12\n  sub r11, r11, lr\n"              \
  "  lsl r8, r8, #8\n  lsl r9, r9, #8\n  lsl r12, r12, #8\n  lsl lr, lr, #8\n"                 \
  "  ldr pc, [sp, #24]\n  .balign 4\n" name                                                    \
  "_relu:\n"                                                                                    \
  "  ldmia r1!, {r0, r2, r3}\n  tadpole_relu r6, r7, r0, r2, r3\n"                             \
  "  ldmia r1!, {r0, r2, r3}\n  tadpole_relu r8, r9, r0, r2, r3\n"                             \
  "  ldmia r1!, {r0, r2, r3, r6, r7, r8}\n"                                                    \
  "  tadpole_relu r10, r11, r0, r2, r3\n  tadpole_relu r12, lr, r6, r7, r8\n"                  \
  "5:\n  ldrd r0, r2, [sp]\n  strd r4, r5, [sp, #8]\n  cmp r1, r2\n  bne 1b\n"                 \
  "  mov r0, r5\n  add sp, sp, #28\n  pop {r4-r11, pc}\n  .balign 4\n" name                                  \
  "_signed:\n"                                                                                  \
  "  tadpole_signed r6, r7\n  tadpole_signed r8, r9\n"                                         \
  "  tadpole_signed r10, r11\n  tadpole_signed r12, lr\n  b 5b\n"                              \
  "  .size " name ", . - " name "\n"                                                           \
  "  .purgem tadpole_two_taps\n  .purgem tadpole_store\n"                                      \
  "  .purgem tadpole_relu\n  .purgem tadpole_signed\n  .popsection\n"

__asm__(TADPOLE_TWO_PIXELS("tadpole_dsp_two_pixels",
                           "  ldr.n r3, [r1, #4]\n"
                           "  ldr.n r5, [r0, #4]\n"
                           "  ldr r2, [r1], #8\n"
                           "  ldr r4, [r0], #8\n",
                           "52"));
__asm__(TADPOLE_TWO_PIXELS("tadpole_dsp_two_pixels_ldrd",
                           "  ldrd r2, r3, [r1], #8\n"
                           "  ldrd r4, r5, [r0], #8\n",
                           "48"));
// clang-format on

extern "C" int8_t* tadpole_dsp_two_pixels(const TwoPixels* loop, const int32_t* stream);
extern "C" const char tadpole_dsp_two_pixels_end[], tadpole_dsp_two_pixels_relu[],
    tadpole_dsp_two_pixels_signed[];
extern "C" int8_t* tadpole_dsp_two_pixels_ldrd(const TwoPixels* loop, const int32_t* stream);
extern "C" const char tadpole_dsp_two_pixels_ldrd_end[], tadpole_dsp_two_pixels_ldrd_relu[],
    tadpole_dsp_two_pixels_ldrd_signed[];

namespace {

/// Where the first pass begins and what requantises. The first step starts the sums from the biases and
/// stands before the loop of 32 steps, which is entered in its middle.
void set_places(TwoPixels& loop, bool relu, const char* end, int32_t step_bytes, const char* relu_place,
                const char* signed_place) {
  const auto words = static_cast<int32_t>(loop.wide_end - loop.wide) / 2;
  const int32_t first = words == 1 ? 0 : (words - 2) % 32 + 1;
  loop.entry = reinterpret_cast<uintptr_t>(end) - uintptr_t(first * step_bytes) + 1;
  loop.finish = reinterpret_cast<uintptr_t>(relu ? relu_place : signed_place) + 1;
}

}  // namespace

#endif

namespace {

/// One widened pixel alone. ReLU hides the sign's term of requantise.h.
void one_pixel(const TwoPixels& loop, const int32_t* wide, int8_t* out) {
  int8_t* const out_end = out + loop.out_c;
  for (const int32_t* stream = loop.stream; stream != loop.end; stream += 12) {
    int32_t a = stream[0], b = stream[1], c = stream[2], d = stream[3];
    stream += 4;
    for (const int32_t* at = wide; at < loop.wide_end; at += 2, stream += 2) {
      a = smlad(stream[0], at[0], a);
      b = smlad(sxtb16(stream[0]), at[0], b);
      c = smlad(stream[1], at[0], c);
      d = smlad(sxtb16(stream[1]), at[0], d);
    }
    const int32_t x[4] = {subtract(a, b), shift_8(b), subtract(c, d), shift_8(d)};
    for (int32_t i = 0; i < 4 && out != out_end; ++i) {
      const int32_t* scaling = stream + 3 * i;
      *out++ = requantise<false>(x[i], scaling[0], scaling[1], scaling[2], -128, 127);
    }
  }
}

TwoPixels two_pixels(const DspConv2dInt8Params& params, int32_t* wide, int8_t* out) {
  const Window2d& w = params.window;
  const size_t taps = size_t(w.filter_h) * w.filter_w * w.in_c;
  return {wide,
          params.weights + quad_stream_words(taps, size_t(w.out_c)),
          out,
          out + w.out_c,
          wide + (taps + 1) / 2 * 2,
          0,
          0,
          params.weights,
          w.out_c};
}

/// The first `count` pixels one after the other; gives what lies behind them.
TADPOLE_NOINLINE int8_t* one_by_one(const TwoPixels& loop, int32_t count) {
  int8_t* out = loop.out;
  for (int32_t p = 0; p < count; ++p, out += loop.out_c) one_pixel(loop, loop.wide + p, out);
  return out;
}

/// run() computes two pixels and gives what lies behind them.
template <class Run>
inline void compute(TwoPixels& loop, int32_t count, Run run) {
  const bool two = TADPOLE_THUMB_DSP && count == 2 && loop.out_c % 4 == 0;
  loop.out = two ? run() : one_by_one(loop, count);
  loop.second = loop.out + loop.out_c;
}

}  // namespace

#if TADPOLE_THUMB_DSP
#define TADPOLE_PLACES(name, step_bytes)                                                              \
  set_places(loop, params.relu != 0, tadpole_dsp_##name##_end, step_bytes, tadpole_dsp_##name##_relu, \
             tadpole_dsp_##name##_signed)
#define TADPOLE_RUN(name) return tadpole_dsp_##name(&loop, loop.stream)
#else
#define TADPOLE_PLACES(name, step_bytes)
#define TADPOLE_RUN(name) return loop.out
#endif

TwoPixels SingleLoads::start(const DspConv2dInt8Params& params, int32_t* wide, int8_t* out) {
  TwoPixels loop = two_pixels(params, wide, out);
  TADPOLE_PLACES(two_pixels, 52);
  return loop;
}

void SingleLoads::compute(TwoPixels& loop, int32_t count) {
  dsp::compute(loop, count, [&]() -> int8_t* { TADPOLE_RUN(two_pixels); });
}

TwoPixels PairedLoads::start(const DspConv2dInt8Params& params, int32_t* wide, int8_t* out) {
  TwoPixels loop = two_pixels(params, wide, out);
  TADPOLE_PLACES(two_pixels_ldrd, 48);
  return loop;
}

void PairedLoads::compute(TwoPixels& loop, int32_t count) {
  dsp::compute(loop, count, [&]() -> int8_t* { TADPOLE_RUN(two_pixels_ldrd); });
}

}  // namespace dsp
}  // namespace kernels
}  // namespace tadpole
