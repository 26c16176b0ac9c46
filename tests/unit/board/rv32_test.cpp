// The plugin's decoder against instructions assembled by riscv64-unknown-elf-as (binutils 2.40).
#include "board/plugin/rv32.h"

#include <gtest/gtest.h>

#include "board/instructions.h"

namespace tadpole::board {
namespace {

constexpr uint32_t r(int number) { return uint32_t{1} << number; }

struct Case {
  const char* text;
  unsigned first, second;  // half words; second is 0 for a short instruction
  Count kind;
  uint32_t result, loaded, address;  // registers, one bit each; x0 is none
};

constexpr Case kCases[] = {
    {"add x10, x11, x12", 0x8533, 0x00c5, Count::alu, r(10), 0, 0},
    {"addi x10, x11, -5", 0x8513, 0xffb5, Count::alu, r(10), 0, 0},
    {"lui x10, 1000", 0x8537, 0x003e, Count::alu, r(10), 0, 0},
    {"auipc x10, 1", 0x1517, 0x0000, Count::alu, r(10), 0, 0},
    {"slt x10, x11, x12", 0xa533, 0x00c5, Count::alu, r(10), 0, 0},
    {"sra x10, x11, x12", 0xd533, 0x40c5, Count::alu, r(10), 0, 0},
    {"addi x0, x0, 0", 0x0013, 0x0000, Count::alu, 0, 0, 0},
    {"mul x10, x11, x12", 0x8533, 0x02c5, Count::multiply, r(10), 0, 0},
    {"mulh x10, x11, x12", 0x9533, 0x02c5, Count::multiply, r(10), 0, 0},
    {"mulhu x28, x11, x12", 0xbe33, 0x02c5, Count::multiply, r(28), 0, 0},
    {"div x10, x11, x12", 0xc533, 0x02c5, Count::divide, r(10), 0, 0},
    {"remu x10, x11, x12", 0xf533, 0x02c5, Count::divide, r(10), 0, 0},
    {"lb x10, 3(x11)", 0x8503, 0x0035, Count::load, 0, r(10), r(11)},
    {"lbu x5, 3(x0)", 0x4283, 0x0030, Count::load, 0, r(5), 0},
    {"lh x10, 2(x11)", 0x9503, 0x0025, Count::load, 0, r(10), r(11)},
    {"lw x18, 4(x2)", 0x2903, 0x0041, Count::load, 0, r(18), r(2)},
    {"sb x10, 3(x11)", 0x81a3, 0x00a5, Count::store, 0, 0, r(11)},
    {"sh x10, 2(x11)", 0x9123, 0x00a5, Count::store, 0, 0, r(11)},
    {"sw x10, 4(x31)", 0xa223, 0x00af, Count::store, 0, 0, r(31)},
    {"beq x10, x11, a", 0x0ae3, 0xfab5, Count::branch_taken, 0, 0, 0},
    {"bltu x10, x11, a", 0x68e3, 0xfab5, Count::branch_taken, 0, 0, 0},
    {"jal x1, a", 0xf0ef, 0xfadf, Count::branch_taken, 0, 0, 0},
    {"jal x0, a", 0xf06f, 0xfa9f, Count::branch_taken, 0, 0, 0},
    {"jalr x1, 0(x10)", 0x00e7, 0x0005, Count::branch_taken, 0, 0, 0},
    {"jalr x0, 0(x1)", 0x8067, 0x0000, Count::branch_taken, 0, 0, 0},
    {"ecall", 0x0073, 0x0000, Count::other, 0, 0, 0},
    {"ebreak", 0x0073, 0x0010, Count::other, 0, 0, 0},
    {"fence", 0x000f, 0x0ff0, Count::other, 0, 0, 0},
    {"csrrw x10, mscratch, x11", 0x9573, 0x3405, Count::other, 0, 0, 0},
    {"mret", 0x0073, 0x3020, Count::other, 0, 0, 0},
    {"wfi", 0x0073, 0x1050, Count::other, 0, 0, 0},
    {"c.addi4spn x10, x2, 16", 0x0808, 0x0000, Count::alu, r(10), 0, 0},
    {"c.lw x10, 4(x11)", 0x41c8, 0x0000, Count::load, 0, r(10), r(11)},
    {"c.sw x10, 4(x11)", 0xc1c8, 0x0000, Count::store, 0, 0, r(11)},
    {"c.nop", 0x0001, 0x0000, Count::alu, 0, 0, 0},
    {"c.addi x20, -3", 0x1a75, 0x0000, Count::alu, r(20), 0, 0},
    {"c.jal a", 0x3fad, 0x0000, Count::branch_taken, 0, 0, 0},
    {"c.li x21, 7", 0x4a9d, 0x0000, Count::alu, r(21), 0, 0},
    {"c.lui x21, 3", 0x6a8d, 0x0000, Count::alu, r(21), 0, 0},
    {"c.addi16sp x2, -64", 0x7139, 0x0000, Count::alu, r(2), 0, 0},
    {"c.srli x10, 3", 0x810d, 0x0000, Count::alu, r(10), 0, 0},
    {"c.srai x10, 3", 0x850d, 0x0000, Count::alu, r(10), 0, 0},
    {"c.andi x10, 7", 0x891d, 0x0000, Count::alu, r(10), 0, 0},
    {"c.sub x10, x11", 0x8d0d, 0x0000, Count::alu, r(10), 0, 0},
    {"c.and x10, x11", 0x8d6d, 0x0000, Count::alu, r(10), 0, 0},
    {"c.j a", 0xb7a5, 0x0000, Count::branch_taken, 0, 0, 0},
    {"c.beqz x10, a", 0xd13d, 0x0000, Count::branch_taken, 0, 0, 0},
    {"c.bnez x10, a", 0xf135, 0x0000, Count::branch_taken, 0, 0, 0},
    {"c.slli x22, 5", 0x0b16, 0x0000, Count::alu, r(22), 0, 0},
    {"c.lwsp x23, 8(x2)", 0x4ba2, 0x0000, Count::load, 0, r(23), r(2)},
    {"c.swsp x23, 8(x2)", 0xc45e, 0x0000, Count::store, 0, 0, r(2)},
    {"c.jr x1", 0x8082, 0x0000, Count::branch_taken, 0, 0, 0},
    {"c.jalr x10", 0x9502, 0x0000, Count::branch_taken, 0, 0, 0},
    {"c.mv x24, x25", 0x8c66, 0x0000, Count::alu, r(24), 0, 0},
    {"c.add x24, x25", 0x9c66, 0x0000, Count::alu, r(24), 0, 0},
    {"c.ebreak", 0x9002, 0x0000, Count::other, 0, 0, 0},
    {"c.unimp", 0x0000, 0x0000, Count::other, 0, 0, 0},
};

TEST(Rv32, each_instruction_is_in_its_class_and_names_its_registers) {
  for (const Case& c : kCases) {
    const instruction decoded = rv32_decode(c.first, c.second);
    EXPECT_EQ(count_name(static_cast<Count>(decoded.kind)), count_name(c.kind)) << c.text;
    EXPECT_EQ(decoded.result, c.result) << c.text;
    EXPECT_EQ(decoded.loaded, c.loaded) << c.text;
    EXPECT_EQ(decoded.address, c.address) << c.text;
  }
}

TEST(Rv32, the_flow_says_what_may_follow) {
  for (const Case& c : kCases) {
    const std::string_view text = c.text;
    const bool conditional = text.starts_with("b") || text.starts_with("c.b");
    const int flow = conditional ? flow_conditional : c.kind == Count::branch_taken ? flow_branch : flow_next;
    EXPECT_EQ(rv32_decode(c.first, c.second).flow, flow) << c.text;
  }
}

}  // namespace
}  // namespace tadpole::board
