/* Sorts an RV32IMC instruction into the classes of the cycle model and says which registers its result and
   its address touch. In: its half words. Out: struct instruction. No state. C that is also C++. Source: The
   RISC-V Instruction Set Manual, Volume I: Unprivileged ISA, chapters 2 (RV32I), 7 (M), 16 (C) and 24
   (listings). */
#ifndef TADPOLE_BOARD_PLUGIN_RV32_H_
#define TADPOLE_BOARD_PLUGIN_RV32_H_

#include "board/plugin/instruction.h"

/* Register 0 is always zero: nothing waits for it. */
static inline uint32_t rv32_bit(unsigned number) { return UINT32_C(1) << (number & 31u) & ~UINT32_C(1); }

static inline struct instruction rv32_data(int kind, unsigned target) {
  struct instruction made = instruction_make(kind);
  made.result = rv32_bit(target);
  return made;
}

static inline struct instruction rv32_load(unsigned target, unsigned base) {
  struct instruction made = instruction_make(count_load);
  made.loaded = rv32_bit(target);
  made.address = rv32_bit(base);
  return made;
}

static inline struct instruction rv32_store(unsigned base) {
  struct instruction made = instruction_make(count_store);
  made.address = rv32_bit(base);
  return made;
}

static inline struct instruction rv32_branch(int flow) {
  struct instruction made = instruction_make(count_branch_taken);
  made.flow = (uint8_t)flow;
  return made;
}

/* Compressed, ending in 10: stack, moves, jumps to a register. */
static inline struct instruction rv32_decode_c2(unsigned h) {
  const unsigned target = (h >> 7) & 31u, source = (h >> 2) & 31u, bit12 = (h >> 12) & 1u;
  switch (h >> 13) {
    case 0: /* C.SLLI */
      return rv32_data(count_alu, target);
    case 2: /* C.LWSP */
      return rv32_load(target, 2);
    case 6: /* C.SWSP */
      return rv32_store(2);
    case 4:
      if (source != 0) return rv32_data(count_alu, target); /* C.MV, C.ADD */
      if (target != 0) return rv32_branch(flow_branch);     /* C.JR, C.JALR */
      return instruction_make(bit12 != 0 ? count_other : count_alu);
    default:
      return instruction_make(count_other);
  }
}

static inline struct instruction rv32_decode16(unsigned h) {
  const unsigned low = 8u + ((h >> 2) & 7u), middle = 8u + ((h >> 7) & 7u);
  switch ((h & 3u) << 3 | h >> 13) {
    case 0: /* C.ADDI4SPN; all zeros is no instruction */
      return h == 0 ? instruction_make(count_other) : rv32_data(count_alu, low);
    case 2: /* C.LW */
      return rv32_load(low, middle);
    case 6: /* C.SW */
      return rv32_store(middle);
    case 8: /* C.ADDI, C.LI, C.LUI, C.ADDI16SP */
    case 10:
    case 11:
      return rv32_data(count_alu, (h >> 7) & 31u);
    case 12: /* C.SRLI to C.AND */
      return rv32_data(count_alu, middle);
    case 9: /* C.JAL, C.J */
    case 13:
      return rv32_branch(flow_branch);
    case 14: /* C.BEQZ, C.BNEZ */
    case 15:
      return rv32_branch(flow_conditional);
    default:
      return (h & 3u) == 2 ? rv32_decode_c2(h) : instruction_make(count_other);
  }
}

/* h2 is not looked at when h1 is a whole instruction. */
static inline struct instruction rv32_decode(unsigned h1, unsigned h2) {
  const uint32_t word = (uint32_t)h2 << 16 | h1;
  const unsigned target = (word >> 7) & 31u, base = (word >> 15) & 31u, function = (word >> 12) & 7u;
  if ((h1 & 3u) != 3) return rv32_decode16(h1);
  switch (word & 0x7fu) {
    case 0x03:
      return rv32_load(target, base);
    case 0x23:
      return rv32_store(base);
    case 0x13: /* with an immediate */
    case 0x17: /* AUIPC */
    case 0x37: /* LUI */
      return rv32_data(count_alu, target);
    case 0x33:
      if (word >> 25 != 1) return rv32_data(count_alu, target);
      return rv32_data(function < 4 ? count_multiply : count_divide, target);
    case 0x63:
      return rv32_branch(flow_conditional);
    case 0x67: /* JALR, JAL */
    case 0x6f:
      return rv32_branch(flow_branch);
    default:
      return instruction_make(count_other);
  }
}

#endif /* TADPOLE_BOARD_PLUGIN_RV32_H_ */
