// Three windows with two channels at a time: six sums are what even registers hold, as VMLADAVA wants them,
// and six products of 16 cost five loads.
#include "device/kernels/cortex_m_helium/dot_products.h"

namespace tadpole {
namespace kernels {
namespace helium {

#if TADPOLE_HELIUM

// Products follow loads that they do not wait for: the two overlap.
#define TADPOLE_THREE_BY_TWO(DOT)                                                                     \
  "vldrb.8 q0, [r9], #16\n vldrb.8 q2, [r3], #16\n " DOT " r0, q2, q0\n vldrb.8 q1, [r9], #16\n " DOT \
  " r2, q2, q1\n vldrb.8 q3, [r5], #16\n " DOT " r4, q3, q0\n vldrb.8 q2, [r7], #16\n " DOT           \
  " r6, q3, q1\n " DOT " r8, q2, q0\n " DOT " r10, q2, q1\n"

// Of two channels to two lanes of q5, q6 and q7.
#define TADPOLE_TWO_CHANNELS(HIGH, LOW) \
  "ldmia sp, {r3, r5, r7}\n ldr lr, [sp, #12]\n"                                                   \
  TADPOLE_THREE_BY_TWO("vmladav.s8")                                                               \
  "wls lr, lr, 3f\n"                                                                               \
  "2:\n" TADPOLE_THREE_BY_TWO("vmladava.s8") "le lr, 2b\n"                                         \
  "3:\n"                                                                                           \
  "vmov q5[" HIGH "], q5[" LOW "], r0, r2\n"                                                       \
  "vmov q6[" HIGH "], q6[" LOW "], r4, r6\n"                                                       \
  "vmov q7[" HIGH "], q7[" LOW "], r8, r10\n"

// VRSHL rounds halves up; the specification's second step rounds them away from zero, which VRSHL does once
// negative values are one less. Shifts are in q2.
#define TADPOLE_TIES(SUMS) "vand q0, " SUMS ", q2\n vshr.s32 q0, q0, #31\n vqadd.s32 " SUMS ", " SUMS ", q0\n"

#define TADPOLE_ALL_REGISTERS                                                                             \
  "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r12", "lr", "q0", "q1", "q2", "q3", "q4", "q5", \
      "q6", "q7", "cc", "memory"

// r1 out, r9 weights, r11 constants, r12 channels left.
void dot_three_windows(const DotProducts& job) {
  register const DotProducts* from __asm__("r0") = &job;
  __asm__ volatile(
      "push {r7, r11}\n"
      "ldr r9, [r0, #36]\n ldr r11, [r0, #40]\n ldr r12, [r0, #48]\n"
      "ldmia r0!, {r1-r6, r8, r10, lr}\n push {r1-r6, r8, r10, lr}\n ldr r1, [r0, #8]\n"
      "1:\n"
      TADPOLE_TWO_CHANNELS("2", "0")
      TADPOLE_TWO_CHANNELS("3", "1")
      "vldrw.32 q0, [r11], #16\n vldrw.32 q1, [r11], #16\n vldrw.32 q2, [r11], #16\n"
      "vadd.i32 q5, q5, q0\n vadd.i32 q6, q6, q0\n vadd.i32 q7, q7, q0\n"
      // Rounds halves up, as the specification's first step does.
      "vqrdmulh.s32 q5, q5, q1\n vqrdmulh.s32 q6, q6, q1\n vqrdmulh.s32 q7, q7, q1\n"
      "add r0, sp, #16\n ldmia r0, {r0, r2, r4, r6, r8}\n"
      "cbz r0, 4f\n"
      TADPOLE_TIES("q5") TADPOLE_TIES("q6") TADPOLE_TIES("q7")
      "4:\n"
      "vdup.32 q3, r4\n vdup.32 q4, r6\n"
      "vrshl.s32 q5, q5, q2\n vrshl.s32 q6, q6, q2\n vrshl.s32 q7, q7, q2\n"
      "vadd.i32 q5, q5, r2\n vadd.i32 q6, q6, r2\n vadd.i32 q7, q7, r2\n"
      "vmax.s32 q5, q5, q3\n vmax.s32 q6, q6, q3\n vmax.s32 q7, q7, q3\n"
      "vmin.s32 q5, q5, q4\n vmin.s32 q6, q6, q4\n vmin.s32 q7, q7, q4\n"
      "add r3, r1, r8\n add r5, r3, r8\n"
      "vctp.32 r12\n"
      "vpsttt\n vstrbt.32 q5, [r1], #4\n vstrbt.32 q6, [r3]\n vstrbt.32 q7, [r5]\n"
      "subs r12, r12, #4\n"
      "bgt 1b\n"
      "add sp, sp, #36\n pop {r7, r11}\n"
      : "+r"(from)
      :
      : TADPOLE_ALL_REGISTERS);
}

#define TADPOLE_ONE_BY_FOUR(DOT)                                                                       \
  "vldrb.8 q0, [r11], #16\n vldrb.8 q1, [r9], #16\n " DOT " r0, q0, q1\n vldrb.8 q2, [r9], #16\n " DOT \
  " r2, q0, q2\n vldrb.8 q1, [r3], #16\n " DOT " r4, q0, q1\n vldrb.8 q2, [r3], #16\n " DOT " r6, q0, q2\n"

// r1 out, r9 and r3 weights of two places each, r5 constants, r12 channels left.
void dot_one_window(const DotProducts& job) {
  register const DotProducts* from __asm__("r0") = &job;
  __asm__ volatile(
      "push {r7, r11}\n"
      "ldr r9, [r0, #36]\n ldr r5, [r0, #40]\n ldr r1, [r0, #44]\n ldr r12, [r0, #48]\n"
      "ldr r7, [r0]\n ldr r8, [r0, #12]\n ldr r10, [r0, #20]\n"
      "ldr r2, [r0, #24]\n vdup.32 q3, r2\n ldr r2, [r0, #28]\n vdup.32 q4, r2\n"
      "ldr r0, [r0, #16]\n push {r0}\n"
      "1:\n"
      "mov r11, r7\n add r3, r9, r8, lsl #5\n adds r3, r3, #32\n"
      TADPOLE_ONE_BY_FOUR("vmladav.s8")
      "wls lr, r8, 3f\n"
      "2:\n" TADPOLE_ONE_BY_FOUR("vmladava.s8") "le lr, 2b\n"
      "3:\n"
      "mov r9, r3\n"
      "vmov q5[2], q5[0], r0, r2\n vmov q5[3], q5[1], r4, r6\n ldr r0, [sp]\n"
      "vldrw.32 q0, [r5], #16\n vldrw.32 q1, [r5], #16\n vldrw.32 q2, [r5], #16\n"
      "vadd.i32 q5, q5, q0\n vqrdmulh.s32 q5, q5, q1\n"
      "cbz r0, 4f\n"
      TADPOLE_TIES("q5")
      "4:\n"
      "vrshl.s32 q5, q5, q2\n vadd.i32 q5, q5, r10\n vmax.s32 q5, q5, q3\n vmin.s32 q5, q5, q4\n"
      "vctp.32 r12\n vpst\n vstrbt.32 q5, [r1], #4\n"
      "subs r12, r12, #4\n"
      "bgt 1b\n"
      "add sp, sp, #4\n pop {r7, r11}\n"
      : "+r"(from)
      :
      : TADPOLE_ALL_REGISTERS);
}

#else

namespace {

void dot(const DotProducts& job, const int8_t* window, int8_t* out) {
  const int32_t taps = (job.chunks_but_one + 1) * kLanes;
  const int8_t* weights = job.weights;
  const int32_t* constants = job.constants;
  for (int32_t o = 0; o < job.channels; o += kGroup, constants += 3 * kGroup) {
    for (int32_t place = 0; place < kGroup; ++place) {
      int32_t sum = 0;
      for (int32_t k = 0; k < taps; ++k)
        sum += window[k] * weights[place / 2 * 2 * taps + (k / kLanes * 2 + place % 2) * kLanes + k % kLanes];
      const int32_t c = channel_at(place);
      if (o + c >= job.channels) continue;
      out[o + c] = requantised(sum + constants[c], constants[kGroup + c], constants[2 * kGroup + c], job.to);
    }
    weights += kGroup * taps;
  }
}

}  // namespace

void dot_three_windows(const DotProducts& job) {
  for (int32_t p = 0; p < kWindows; ++p) dot(job, job.windows[p], job.out + p * job.step);
}

void dot_one_window(const DotProducts& job) { dot(job, job.windows[0], job.out); }

#endif

}  // namespace helium
}  // namespace kernels
}  // namespace tadpole
