// Bytes are multiplied to 16 bits, added in pairs of taps, which fit 16 bits as no weight is -128, and
// widened.
#include "device/kernels/cortex_m_helium/depthwise_pixels.h"

namespace tadpole {
namespace kernels {
namespace helium {

#if TADPOLE_HELIUM

#define TADPOLE_WIDEN_AND_ADD                                                           \
  "vmovlb.s16 q0, q2\n vadd.i32 q4, q4, q0\n vmovlb.s16 q1, q3\n vadd.i32 q5, q5, q1\n" \
  "vmovlt.s16 q0, q2\n vadd.i32 q6, q6, q0\n vmovlt.s16 q1, q3\n vadd.i32 q7, q7, q1\n"

// A tap, and a second one whose products are added; weights that both products need are loaded again, since
// eight registers are one too few.
#define TADPOLE_FIRST_TAP(AT, WEIGHTS) \
  "vldrb.8 q0, [" AT "\n vldrb.8 q1, [" WEIGHTS "], #16\n vmullb.s8 q2, q0, q1\n vmullt.s8 q3, q0, q1\n"
#define TADPOLE_SECOND_TAP(AT, WEIGHTS)              \
  "vldrb.8 q0, [" AT "\n vldrb.8 q1, [" WEIGHTS      \
  "]\n vmullb.s8 q1, q0, q1\n vadd.i16 q2, q2, q1\n" \
  "vldrb.8 q1, [" WEIGHTS "], #16\n vmullt.s8 q1, q0, q1\n vadd.i16 q3, q3, q1\n"

#define TADPOLE_MULTIPLY(SUMS, FROM, AT) \
  "vldrw.32 q0, [" FROM ", #" AT "]\n vqrdmulh.s32 " SUMS ", " SUMS ", q0\n"
#define TADPOLE_TIES(SUMS, FROM, AT)                      \
  "vldrw.32 q0, [" FROM ", #" AT "]\n vand q0, q0, " SUMS \
  "\n vshr.s32 q0, q0, #31\n"                             \
  "vqadd.s32 " SUMS ", " SUMS ", q0\n"
#define TADPOLE_SHIFT(SUMS, FROM, AT) "vldrw.32 q0, [" FROM ", #" AT "]\n vrshl.s32 " SUMS ", " SUMS ", q0\n"

// A block's constants stand at FROM; see dot_products.cc for the roundings.
#define TADPOLE_BIASES(FROM)                                                     \
  "vldrw.32 q4, [" FROM "]\n vldrw.32 q5, [" FROM ", #16]\n vldrw.32 q6, [" FROM \
  ", #32]\n"                                                                     \
  "vldrw.32 q7, [" FROM ", #48]\n"
#define TADPOLE_MULTIPLIERS(FROM)    \
  TADPOLE_MULTIPLY("q4", FROM, "64") \
  TADPOLE_MULTIPLY("q5", FROM, "80") TADPOLE_MULTIPLY("q6", FROM, "96") TADPOLE_MULTIPLY("q7", FROM, "112")
#define TADPOLE_ALL_TIES(FROM)    \
  TADPOLE_TIES("q4", FROM, "128") \
  TADPOLE_TIES("q5", FROM, "144") TADPOLE_TIES("q6", FROM, "160") TADPOLE_TIES("q7", FROM, "176")
#define TADPOLE_SHIFTS(FROM)       \
  TADPOLE_SHIFT("q4", FROM, "128") \
  TADPOLE_SHIFT("q5", FROM, "144") TADPOLE_SHIFT("q6", FROM, "160") TADPOLE_SHIFT("q7", FROM, "176")
// Saturated on the way, which is exact: the output's bounds lie within. To bytes in q4.
#define TADPOLE_TO_BYTES(ZERO)                                                          \
  "vqmovnb.s32 q4, q4\n vqmovnt.s32 q4, q6\n vqmovnb.s32 q5, q5\n vqmovnt.s32 q5, q7\n" \
  "vqadd.s16 q4, q4, " ZERO "\n vqadd.s16 q5, q5, " ZERO                                \
  "\n"                                                                                  \
  "vqmovnb.s16 q4, q4\n vqmovnt.s16 q4, q5\n"

#define TADPOLE_PAIR(FIRST, SECOND) \
  TADPOLE_FIRST_TAP(FIRST "], #16", "r9") TADPOLE_SECOND_TAP(SECOND "], #16", "r9") TADPOLE_WIDEN_AND_ADD

namespace {

// Nine taps, without a loop over them: r0 to r8 taps, r9 weights, r10 constants, r11 out, r12 channels left;
// on the stack the job, the pixels left and the outputs' numbers.
void nine_taps(const DepthwisePixels& job) {
  register const DepthwisePixels* from __asm__("r0") = &job;
  __asm__ volatile(
      "push {r7, r11}\n ldr r1, [r0, #44]\n add r2, r0, #20\n ldmia r2, {r2-r5}\n push {r0-r5}\n"
      "ldr r11, [r0, #36]\n"
      "1:\n"
      "ldr lr, [sp]\n ldrd r9, r10, [lr, #12]\n ldr r12, [lr, #40]\n ldr lr, [lr]\n ldmia lr, {r0-r8}\n"
      "2:\n"
      TADPOLE_BIASES("r10")
      TADPOLE_PAIR("r0", "r1") TADPOLE_PAIR("r2", "r3") TADPOLE_PAIR("r4", "r5") TADPOLE_PAIR("r6", "r7")
      TADPOLE_FIRST_TAP("r8], #16", "r9") TADPOLE_WIDEN_AND_ADD
      TADPOLE_MULTIPLIERS("r10")
      "ldr lr, [sp, #8]\n cmp lr, #0\n beq 6f\n"
      TADPOLE_ALL_TIES("r10")
      "6:\n"
      TADPOLE_SHIFTS("r10")
      "ldr lr, [sp, #12]\n"
      TADPOLE_TO_BYTES("lr")
      "ldr lr, [sp, #16]\n vdup.8 q2, lr\n ldr lr, [sp, #20]\n vdup.8 q3, lr\n"
      "vmax.s8 q4, q4, q2\n vmin.s8 q4, q4, q3\n"
      "vctp.8 r12\n vpst\n vstrbt.8 q4, [r11], #16\n"
      "add r10, r10, #192\n subs r12, r12, #16\n"
      "bgt 2b\n"
      "add r11, r11, r12\n"  // back to where the pixel ends
      "ldrd r0, r1, [sp]\n subs r1, #1\n beq 8f\n str r1, [sp, #4]\n"
      "ldr r1, [r0, #48]\n ldr r2, [r0]\n"
      "vldrw.32 q0, [r2]\n vldrw.32 q1, [r2, #16]\n vldrw.32 q2, [r2, #32]\n"
      "vadd.i32 q0, q0, r1\n vadd.i32 q1, q1, r1\n vadd.i32 q2, q2, r1\n"
      "vstrw.32 q0, [r2]\n vstrw.32 q1, [r2, #16]\n vstrw.32 q2, [r2, #32]\n"
      "b 1b\n"
      "8: add sp, sp, #24\n pop {r7, r11}\n"
      : "+r"(from)
      :
      : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r12", "lr", "q0", "q1", "q2", "q3", "q4", "q5",
        "q6", "q7", "cc", "memory");
}

}  // namespace

// r2 the next of the taps at r8, r3 weights, r4 offset of the block, r5 constants, r6 odd, r7 ties, r9 out,
// r10 zero, r11 channels left, r12 pairs; on the stack the job and the pixels left.
void depthwise_pixels(const DepthwisePixels& job) {
  if (2 * job.pairs + job.odd == 9) {
    nine_taps(job);
    return;
  }
  register const DepthwisePixels* from __asm__("r0") = &job;
  __asm__ volatile(
      "ldr r1, [r0, #44]\n push {r7, r11}\n push {r0, r1}\n"
      "ldr r8, [r0]\n ldr r12, [r0, #4]\n ldr r6, [r0, #8]\n ldr r7, [r0, #20]\n ldr r10, [r0, #24]\n"
      "ldr r9, [r0, #36]\n"
      "1:\n"
      "ldrd r3, r5, [r0, #12]\n ldr r11, [r0, #40]\n movs r4, #0\n"
      "2:\n"
      "mov r2, r8\n"
      TADPOLE_BIASES("r5")
      "wls lr, r12, 4f\n"
      "3:\n"
      "ldrd r0, r1, [r2], #8\n add r0, r0, r4\n add r1, r1, r4\n"
      TADPOLE_FIRST_TAP("r0]", "r3") TADPOLE_SECOND_TAP("r1]", "r3") TADPOLE_WIDEN_AND_ADD
      "le lr, 3b\n"
      "4:\n"
      "cbz r6, 5f\n"
      "ldr r0, [r2]\n add r0, r0, r4\n"
      TADPOLE_FIRST_TAP("r0]", "r3") TADPOLE_WIDEN_AND_ADD
      "5:\n"
      TADPOLE_MULTIPLIERS("r5")
      "cbz r7, 6f\n"
      TADPOLE_ALL_TIES("r5")
      "6:\n"
      TADPOLE_SHIFTS("r5") TADPOLE_TO_BYTES("r10")
      "ldr r2, [sp]\n ldrd r0, r1, [r2, #28]\n vdup.8 q2, r0\n vdup.8 q3, r1\n"
      "vmax.s8 q4, q4, q2\n vmin.s8 q4, q4, q3\n"
      "vctp.8 r11\n vpst\n vstrbt.8 q4, [r9], #16\n"
      "adds r4, #16\n adds r5, #192\n subs r11, r11, #16\n"
      "bgt 2b\n"
      "add r9, r9, r11\n"  // back to where the pixel ends
      "ldrd r0, r1, [sp]\n subs r1, #1\n beq 8f\n str r1, [sp, #4]\n"
      "ldrd r1, r2, [r0, #48]\n dls lr, r2\n mov r2, r8\n"
      "7: vldrw.32 q0, [r2]\n vadd.i32 q0, q0, r1\n vstrw.32 q0, [r2], #16\n le lr, 7b\n"
      "b 1b\n"
      "8: add sp, sp, #8\n pop {r7, r11}\n"
      : "+r"(from)
      :
      : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r12", "lr", "q0", "q1", "q2", "q3", "q4", "q5",
        "q6", "q7", "cc", "memory");
}

#else

void depthwise_pixels(const DepthwisePixels& job) {
  const int32_t count = 2 * job.pairs + job.odd;
  int8_t* out = job.out;
  for (int32_t x = 0; x < job.pixels; ++x) {
    for (int32_t c = 0; c < job.channels; ++c) {
      const int32_t block = c / kLanes, lane = c % kLanes;
      const int8_t* weights = job.weights + block * count * kLanes + lane;
      const int32_t* constants = job.constants + block * 3 * kLanes + depthwise_place(lane);
      int32_t sum = constants[0];
      for (int32_t t = 0; t < count; ++t) sum += job.taps[t][c] * weights[t * kLanes];
      *out++ = requantised(sum, constants[kLanes], constants[2 * kLanes], job.to);
    }
    if (x + 1 == job.pixels) break;
    for (int32_t t = 0; t < count; ++t) job.taps[t] += job.step;
  }
}

#endif

}  // namespace helium
}  // namespace kernels
}  // namespace tadpole
