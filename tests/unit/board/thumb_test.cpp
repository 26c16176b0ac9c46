// The plugin's decoder against instructions assembled by arm-none-eabi-as (binutils 2.40).
#include "board/plugin/thumb.h"

#include <gtest/gtest.h>

#include "board/instructions.h"

namespace tadpole::board {
namespace {

constexpr uint32_t r(int number) { return uint32_t{1} << number; }

struct Case {
  const char* text;
  unsigned first, second;  // half words; second is 0 for a short instruction
  Count kind;
  uint32_t result, loaded, address;  // registers, one bit each
};

constexpr Case kCases[] = {
    {"adds r3, r1, r2", 0x188b, 0x0000, Count::alu, r(3), 0, 0},
    {"movs r5, #7", 0x2507, 0x0000, Count::alu, r(5), 0, 0},
    {"cmp r1, #7", 0x2907, 0x0000, Count::alu, 0, 0, 0},
    {"tst r1, r2", 0x4211, 0x0000, Count::alu, 0, 0, 0},
    {"add r8, r9", 0x44c8, 0x0000, Count::alu, r(8), 0, 0},
    {"add sp, #16", 0xb004, 0x0000, Count::alu, r(13), 0, 0},
    {"add r2, sp, #16", 0xaa04, 0x0000, Count::alu, r(2), 0, 0},
    {"sxtb r4, r5", 0xb26c, 0x0000, Count::alu, r(4), 0, 0},
    {"nop", 0xbf00, 0x0000, Count::alu, 0, 0, 0},
    {"nop.w", 0xf3af, 0x8000, Count::alu, 0, 0, 0},
    {"itt eq", 0xbf04, 0x0000, Count::alu, 0, 0, 0},
    {"add.w r9, r1, r2, lsl #3", 0xeb01, 0x09c2, Count::alu, r(9), 0, 0},
    {"cmp.w r9, r1, lsl #3", 0xebb9, 0x0fc1, Count::alu, 0, 0, 0},
    {"movw r10, #4660", 0xf241, 0x2a34, Count::alu, r(10), 0, 0},
    {"ssat r3, #8, r7, asr #5", 0xf327, 0x1347, Count::alu, r(3), 0, 0},
    {"ubfx r3, r7, #3, #5", 0xf3c7, 0x03c4, Count::alu, r(3), 0, 0},
    {"sxtb16 r11, r2, ror #8", 0xfa2f, 0xfb92, Count::alu, r(11), 0, 0},
    {"sadd16 r0, r1, r2", 0xfa91, 0xf002, Count::alu, r(0), 0, 0},
    {"pkhbt r0, r1, r2, lsl #16", 0xeac1, 0x4002, Count::alu, r(0), 0, 0},
    {"clz r6, r7", 0xfab7, 0xf687, Count::alu, r(6), 0, 0},
    {"lsl.w r6, r7, r8", 0xfa07, 0xf608, Count::alu, r(6), 0, 0},
    {"pld [r1, #8]", 0xf891, 0xf008, Count::alu, 0, 0, 0},
    {"muls r3, r2, r3", 0x4353, 0x0000, Count::multiply, r(3), 0, 0},
    {"mla r3, r4, r5, r6", 0xfb04, 0x6305, Count::multiply, r(3), 0, 0},
    {"smlad r7, r1, r2, r7", 0xfb21, 0x7702, Count::multiply, r(7), 0, 0},
    {"smlabb r7, r1, r2, r7", 0xfb11, 0x7702, Count::multiply, r(7), 0, 0},
    {"smmulr r7, r1, r2", 0xfb51, 0xf712, Count::multiply, r(7), 0, 0},
    {"smmla r7, r1, r2, r3", 0xfb51, 0x3702, Count::multiply, r(7), 0, 0},
    {"smull r1, r2, r3, r4", 0xfb83, 0x1204, Count::multiply, r(1) | r(2), 0, 0},
    {"smlal r1, r2, r3, r4", 0xfbc3, 0x1204, Count::multiply, r(1) | r(2), 0, 0},
    {"umaal r1, r2, r3, r4", 0xfbe3, 0x1264, Count::multiply, r(1) | r(2), 0, 0},
    {"sdiv r1, r2, r3", 0xfb92, 0xf1f3, Count::divide, r(1), 0, 0},
    {"udiv r1, r2, r3", 0xfbb2, 0xf1f3, Count::divide, r(1), 0, 0},
    {"ldr r1, [r2, #4]", 0x6851, 0x0000, Count::load, 0, r(1), r(2)},
    {"ldr r1, [pc, #8]", 0x4902, 0x0000, Count::load, 0, r(1), 0},
    {"ldr r1, [sp, #8]", 0x9902, 0x0000, Count::load, 0, r(1), r(13)},
    {"ldrb r1, [r2, r3]", 0x5cd1, 0x0000, Count::load, 0, r(1), r(2) | r(3)},
    {"ldrsb r1, [r2, r3]", 0x56d1, 0x0000, Count::load, 0, r(1), r(2) | r(3)},
    {"ldrh r1, [r2, #6]", 0x88d1, 0x0000, Count::load, 0, r(1), r(2)},
    {"ldr.w r9, [r2, #400]", 0xf8d2, 0x9190, Count::load, 0, r(9), r(2)},
    {"ldr r9, [r2], #4", 0xf852, 0x9b04, Count::load, 0, r(9), r(2)},
    {"ldr r9, [r2, #-4]!", 0xf852, 0x9d04, Count::load, 0, r(9), r(2)},
    {"ldr.w r9, [r2, r3, lsl #2]", 0xf852, 0x9023, Count::load, 0, r(9), r(2) | r(3)},
    {"ldrsb.w r9, [r2, #5]", 0xf992, 0x9005, Count::load, 0, r(9), r(2)},
    {"ldrsh r9, [r2], #2", 0xf932, 0x9b02, Count::load, 0, r(9), r(2)},
    {"ldrsh.w r9, [r2, r3]", 0xf932, 0x9003, Count::load, 0, r(9), r(2) | r(3)},
    {"ldmia r2!, {r0, r1, r3}", 0xca0b, 0x0000, Count::load_multiple, 0, 0, r(2)},
    {"pop {r4, r5}", 0xbc30, 0x0000, Count::load_multiple, 0, 0, r(13)},
    {"ldrd r1, r3, [r2, #8]", 0xe9d2, 0x1302, Count::load_multiple, 0, 0, r(2)},
    {"ldmdb.w r2, {r3, r9}", 0xe912, 0x0208, Count::load_multiple, 0, 0, r(2)},
    {"vldr s3, [r2, #8]", 0xedd2, 0x1a02, Count::load_multiple, 0, 0, r(2)},
    {"vldr d3, [r2, #8]", 0xed92, 0x3b02, Count::load_multiple, 0, 0, r(2)},
    {"vldmia r2!, {s0-s5}", 0xecb2, 0x0a06, Count::load_multiple, 0, 0, r(2)},
    {"str r1, [r2, #4]", 0x6051, 0x0000, Count::store, 0, 0, r(2)},
    {"strb.w r9, [r2], #1", 0xf802, 0x9b01, Count::store, 0, 0, r(2)},
    {"strh r1, [r2, #2]", 0x8051, 0x0000, Count::store, 0, 0, r(2)},
    {"str r1, [sp, #4]", 0x9101, 0x0000, Count::store, 0, 0, r(13)},
    {"str r1, [r2, r3]", 0x50d1, 0x0000, Count::store_indexed, 0, 0, r(2) | r(3)},
    {"strb.w r9, [r2, r3]", 0xf802, 0x9003, Count::store_indexed, 0, 0, r(2) | r(3)},
    {"stmia r2!, {r0, r1, r3}", 0xc20b, 0x0000, Count::store_multiple, 0, 0, r(2)},
    {"push {r4, lr}", 0xb510, 0x0000, Count::store_multiple, 0, 0, r(13)},
    {"push.w {r4-r11, lr}", 0xe92d, 0x4ff0, Count::store_multiple, 0, 0, r(13)},
    {"strd r1, r3, [r2, #8]", 0xe9c2, 0x1302, Count::store_multiple, 0, 0, r(2)},
    {"vpush {d8, d9}", 0xed2d, 0x8b04, Count::store_multiple, 0, 0, r(13)},
    {"vstr s3, [r2, #8]", 0xedc2, 0x1a02, Count::store_multiple, 0, 0, r(2)},
    {"b.n a", 0xe7fa, 0x0000, Count::branch_taken, 0, 0, 0},
    {"b.w a", 0xf7ff, 0xbffa, Count::branch_taken, 0, 0, 0},
    {"bl a", 0xf7ff, 0xfffa, Count::branch_taken, 0, 0, 0},
    {"bx lr", 0x4770, 0x0000, Count::branch_taken, 0, 0, 0},
    {"blx r3", 0x4798, 0x0000, Count::branch_taken, 0, 0, 0},
    {"mov pc, r3", 0x469f, 0x0000, Count::branch_taken, r(15), 0, 0},
    {"beq.n a", 0xd0fa, 0x0000, Count::branch_taken, 0, 0, 0},
    {"bne.w a", 0xf47f, 0xaffa, Count::branch_taken, 0, 0, 0},
    {"cbz r1, 1f", 0xb111, 0x0000, Count::branch_taken, 0, 0, 0},
    {"cbnz r1, 1f", 0xb909, 0x0000, Count::branch_taken, 0, 0, 0},
    {"vadd.f32 s0, s1, s2", 0xee30, 0x0a81, Count::float_alu, 0, 0, 0},
    {"vmul.f32 s0, s1, s2", 0xee20, 0x0a81, Count::float_alu, 0, 0, 0},
    {"vmov.f32 s0, s1", 0xeeb0, 0x0a60, Count::float_alu, 0, 0, 0},
    {"vmov s0, r1", 0xee00, 0x1a10, Count::float_alu, 0, 0, 0},
    {"vmov r0, r1, d3", 0xec51, 0x0b13, Count::float_alu, 0, 0, 0},
    {"vcvt.s32.f32 s0, s1", 0xeebd, 0x0ae0, Count::float_alu, 0, 0, 0},
    {"vcmp.f32 s0, s1", 0xeeb4, 0x0a60, Count::float_alu, 0, 0, 0},
    {"vmrs apsr_nzcv, fpscr", 0xeef1, 0xfa10, Count::float_alu, 0, 0, 0},
    {"vmla.f32 s0, s1, s2", 0xee00, 0x0a81, Count::float_multiply_accumulate, 0, 0, 0},
    {"vfma.f32 s0, s1, s2", 0xeea0, 0x0a81, Count::float_multiply_accumulate, 0, 0, 0},
    {"vnmls.f32 s0, s1, s2", 0xee10, 0x0a81, Count::float_multiply_accumulate, 0, 0, 0},
    {"vdiv.f32 s0, s1, s2", 0xee80, 0x0a81, Count::float_divide, 0, 0, 0},
    {"vsqrt.f32 s0, s1", 0xeeb1, 0x0ae0, Count::float_divide, 0, 0, 0},
    {"dsb sy", 0xf3bf, 0x8f4f, Count::other, 0, 0, 0},
    {"isb sy", 0xf3bf, 0x8f6f, Count::other, 0, 0, 0},
    {"mrs r0, primask", 0xf3ef, 0x8010, Count::other, 0, 0, 0},
    {"msr primask, r0", 0xf380, 0x8810, Count::other, 0, 0, 0},
    {"bkpt #171", 0xbeab, 0x0000, Count::other, 0, 0, 0},
    {"svc #1", 0xdf01, 0x0000, Count::other, 0, 0, 0},
    {"cpsid i", 0xb672, 0x0000, Count::other, 0, 0, 0},
    {"udf #1", 0xde01, 0x0000, Count::other, 0, 0, 0},
    {"ldrex r1, [r2]", 0xe852, 0x1f00, Count::other, 0, 0, 0},
    {"tbb [r1, r2]", 0xe8d1, 0xf002, Count::load, 0, r(15), r(1) | r(2)},
    {"ldr.w pc, [r1, #4]", 0xf8d1, 0xf004, Count::load, 0, r(15), r(1)},
    {"pop {r4, pc}", 0xbd10, 0x0000, Count::load_multiple, 0, 0, r(13)},
};

TEST(Thumb, each_instruction_is_in_its_class_and_names_its_registers) {
  for (const Case& c : kCases) {
    const instruction decoded = thumb_decode(c.first, c.second);
    EXPECT_EQ(count_name(static_cast<Count>(decoded.kind)), count_name(c.kind)) << c.text;
    EXPECT_EQ(decoded.result, c.result) << c.text;
    EXPECT_EQ(decoded.loaded, c.loaded) << c.text;
    EXPECT_EQ(decoded.address, c.address) << c.text;
  }
}

const instruction& decoded(const char* text) {
  static instruction last;
  for (const Case& c : kCases) {
    if (std::string_view(c.text) == text) last = thumb_decode(c.first, c.second);
  }
  return last;
}

TEST(Thumb, several_registers_are_counted) {
  EXPECT_EQ(decoded("ldmia r2!, {r0, r1, r3}").registers, 3);
  EXPECT_EQ(decoded("push {r4, lr}").registers, 2);
  EXPECT_EQ(decoded("push.w {r4-r11, lr}").registers, 9);
  EXPECT_EQ(decoded("ldrd r1, r3, [r2, #8]").registers, 2);
  EXPECT_EQ(decoded("vldmia r2!, {s0-s5}").registers, 6);
  EXPECT_EQ(decoded("vpush {d8, d9}").registers, 4);
  EXPECT_EQ(decoded("vldr d3, [r2, #8]").registers, 2);
  EXPECT_EQ(decoded("vstr s3, [r2, #8]").registers, 1);
}

TEST(Thumb, the_flow_says_what_may_follow) {
  EXPECT_EQ(decoded("beq.n a").flow, flow_conditional);
  EXPECT_EQ(decoded("bne.w a").flow, flow_conditional);
  EXPECT_EQ(decoded("cbz r1, 1f").flow, flow_conditional);
  EXPECT_EQ(decoded("bl a").flow, flow_branch);
  EXPECT_EQ(decoded("bx lr").flow, flow_branch);
  EXPECT_EQ(decoded("mov pc, r3").flow, flow_branch);
  EXPECT_EQ(decoded("pop {r4, pc}").flow, flow_load);
  EXPECT_EQ(decoded("tbb [r1, r2]").flow, flow_load);
  EXPECT_EQ(decoded("ldr.w pc, [r1, #4]").flow, flow_load);
  EXPECT_EQ(decoded("pop {r4, r5}").flow, flow_next);
  EXPECT_EQ(decoded("itt eq").it_block, 2);
}

Count after(const char* first, const char* second) {
  const instruction before = decoded(first), now = decoded(second);
  return static_cast<Count>(class_after(&before, &now));
}
bool waits(const char* first, const char* second) {
  const instruction before = decoded(first), now = decoded(second);
  return address_waits(&before, &now) != 0;
}

// Cortex-M4 Technical Reference Manual, load/store timings.
TEST(Thumb, a_load_behind_a_load_is_pipelined_unless_its_address_was_just_loaded) {
  EXPECT_EQ(after("ldr r9, [r2], #4", "ldr r1, [r2, #4]"), Count::load_pipelined);
  EXPECT_EQ(after("ldrb r1, [r2, r3]", "ldr.w r9, [r2, r3, lsl #2]"), Count::load_pipelined);
  EXPECT_EQ(after("ldr r1, [pc, #8]", "tbb [r1, r2]"), Count::load);
  EXPECT_EQ(after("ldr r1, [r2, #4]", "ldr.w pc, [r1, #4]"), Count::load);
  EXPECT_EQ(after("adds r3, r1, r2", "ldr r1, [r2, #4]"), Count::load);
  EXPECT_EQ(after("ldr r1, [r2, #4]", "ldrd r1, r3, [r2, #8]"), Count::load_multiple);
  EXPECT_EQ(after("ldr r1, [r2, #4]", "str r1, [r2, r3]"), Count::store);
  EXPECT_EQ(after("adds r3, r1, r2", "str r1, [r2, r3]"), Count::store_indexed);
}

TEST(Thumb, an_address_made_by_the_instruction_before_waits) {
  EXPECT_TRUE(waits("adds r3, r1, r2", "ldrb r1, [r2, r3]"));
  EXPECT_TRUE(waits("add sp, #16", "pop {r4, r5}"));
  EXPECT_TRUE(waits("smull r1, r2, r3, r4", "str r1, [r2, #4]"));
  EXPECT_FALSE(waits("adds r3, r1, r2", "ldr r1, [r2, #4]"));
  EXPECT_FALSE(waits("cmp.w r9, r1, lsl #3", "ldr r1, [r2, #4]"));
  EXPECT_FALSE(waits("ldr r1, [pc, #8]", "ldr r1, [r2, #4]"));
}

}  // namespace
}  // namespace tadpole::board
