/* Sorts a Thumb-2 instruction (Armv7E-M with single-precision floats) into the classes of the cycle model and
   says which registers its result and its address touch. In: its half words. Out: struct instruction. No
   state. C that is also C++: the plugin counts with it, the tests hold it against assembled code. Source:
   Armv7-M Architecture Reference Manual, chapters A5 (encoding) and A7 (instructions). */
#ifndef TADPOLE_BOARD_PLUGIN_THUMB_H_
#define TADPOLE_BOARD_PLUGIN_THUMB_H_

#include "board/plugin/instruction.h"

static inline uint16_t thumb_bit(unsigned number) { return (uint16_t)(1u << (number & 15u)); }

static inline struct instruction thumb_data(int kind, unsigned written) {
  struct instruction made = instruction_make(kind);
  made.result = (uint16_t)written;
  if ((written & 0x8000u) != 0) {
    made.kind = count_branch_taken;
    made.flow = flow_branch;
  }
  return made;
}

static inline struct instruction thumb_branch(int flow) {
  struct instruction made = instruction_make(count_branch_taken);
  made.flow = (uint8_t)flow;
  return made;
}

static inline struct instruction thumb_load(unsigned target, unsigned address) {
  struct instruction made = instruction_make(count_load);
  made.loaded = thumb_bit(target);
  made.address = (uint16_t)(address & 0x7fffu); /* the program counter never waits */
  if ((target & 15u) == 15) made.flow = flow_load;
  return made;
}

static inline struct instruction thumb_store(int kind, unsigned address) {
  struct instruction made = instruction_make(kind);
  made.address = (uint16_t)address;
  return made;
}

static inline struct instruction thumb_several(int is_load, unsigned registers, unsigned base) {
  struct instruction made = instruction_make(is_load ? count_load_multiple : count_store_multiple);
  made.registers = (uint8_t)registers;
  made.address = (uint16_t)(thumb_bit(base) & 0x7fffu);
  return made;
}

static inline struct instruction thumb_list(int is_load, unsigned list, unsigned base) {
  struct instruction made = thumb_several(is_load, (unsigned)__builtin_popcount(list & 0xffffu), base);
  if (is_load && (list & 0x8000u) != 0) made.flow = flow_load;
  return made;
}

/* 1011 xxxx: stack, compare and branch, extends, IT. */
static inline struct instruction thumb_decode_misc16(unsigned h) {
  const unsigned op = (h >> 8) & 15u;
  if ((op & 5u) == 1u) return thumb_branch(flow_conditional); /* CBZ, CBNZ */
  if (op == 0) return thumb_data(count_alu, 1u << 13);        /* ADD SP, SUB SP */
  if (op == 2 || op == 10) return thumb_data(count_alu, thumb_bit(h & 7u));
  if ((op & 14u) == 4u) return thumb_list(0, (h & 0xffu) | ((h & 0x100u) << 6), 13);
  if ((op & 14u) == 12u) return thumb_list(1, (h & 0xffu) | ((h & 0x100u) << 7), 13);
  if (op == 15) {
    struct instruction made = instruction_make(count_alu);
    const unsigned mask = h & 15u;
    if (mask != 0) made.it_block = (uint8_t)(4 - __builtin_ctz(mask));
    return made;
  }
  return instruction_make(count_other);
}

static inline struct instruction thumb_decode_memory16(unsigned h) {
  const unsigned target = h & 7u, base = thumb_bit((h >> 3) & 7u);
  if ((h >> 12) == 5) {
    const unsigned address = base | thumb_bit((h >> 6) & 7u), op = (h >> 9) & 7u;
    return op >= 3 ? thumb_load(target, address) : thumb_store(count_store_indexed, address);
  }
  const int is_load = (int)((h >> 11) & 1u);
  if ((h >> 12) == 9) return is_load ? thumb_load(h >> 8 & 7u, 1u << 13) : thumb_store(count_store, 1u << 13);
  return is_load ? thumb_load(target, base) : thumb_store(count_store, base);
}

static inline struct instruction thumb_decode16(unsigned h) {
  const unsigned high = (h >> 8) & 7u, low = h & 7u;
  switch (h >> 11) {
    case 5: /* CMP */
      return instruction_make(count_alu);
    case 4: /* MOV, ADD, SUB with 8 bits */
    case 6:
    case 7:
      return thumb_data(count_alu, thumb_bit(high));
    case 8: {
      const unsigned op = (h >> 6) & 15u, wide = low | ((h >> 4) & 8u);
      if ((h & 0x0400u) == 0) {
        if (op == 13) return thumb_data(count_multiply, thumb_bit(low));
        return op == 8 || op == 10 || op == 11 ? instruction_make(count_alu)
                                               : thumb_data(count_alu, thumb_bit(low));
      }
      if ((op >> 2) == 3) return thumb_branch(flow_branch); /* BX, BLX */
      return (op >> 2) == 1 ? instruction_make(count_alu) : thumb_data(count_alu, thumb_bit(wide));
    }
    case 9: /* LDR from beside the code */
      return thumb_load(high, 0);
    case 20: /* ADR, ADD from SP */
    case 21:
      return thumb_data(count_alu, thumb_bit(high));
    case 22:
    case 23:
      return thumb_decode_misc16(h);
    case 24:
      return thumb_list(0, h & 0xffu, high);
    case 25:
      return thumb_list(1, h & 0xffu, high);
    case 26:
    case 27:
      return ((h >> 8) & 15u) >= 14 ? instruction_make(count_other) : thumb_branch(flow_conditional);
    case 28:
      return thumb_branch(flow_branch);
    default:
      return h >> 11 < 4 ? thumb_data(count_alu, thumb_bit(low)) : thumb_decode_memory16(h);
  }
}

static inline struct instruction thumb_decode_float(unsigned h1, unsigned h2) {
  const unsigned op = (h1 >> 4) & 11u; /* without the bit of the register's number */
  const unsigned coprocessor = (h2 >> 8) & 15u;
  if (coprocessor != 10 && coprocessor != 11) return instruction_make(count_other);
  if ((h1 & 0xfe00u) == 0xec00u) {
    const unsigned before = (h1 >> 8) & 1u, up = (h1 >> 7) & 1u, back = (h1 >> 5) & 1u;
    const int is_load = (int)((h1 >> 4) & 1u);
    if (!before && !up && !back) return instruction_make(count_float_alu); /* VMOV of two registers */
    if (before && !back) return thumb_several(is_load, coprocessor == 11 ? 2 : 1, h1 & 15u);
    return thumb_several(is_load, h2 & 0xffu, h1 & 15u);
  }
  if ((h1 & 0xff00u) != 0xee00u) return instruction_make(count_other);
  if ((h2 & 0x10u) != 0) return instruction_make(count_float_alu); /* VMOV, VMRS */
  if (op <= 1 || op == 9 || op == 10) return instruction_make(count_float_multiply_accumulate);
  if (op == 8) return instruction_make(count_float_divide);
  if (op == 11 && (h1 & 15u) == 1 && ((h2 >> 6) & 3u) == 3)
    return instruction_make(count_float_divide); /* VSQRT */
  return instruction_make(count_float_alu);
}

/* 1111 1000: loads and stores of one register. */
static inline struct instruction thumb_decode_memory32(unsigned h1, unsigned h2) {
  const unsigned base = h1 & 15u, target = h2 >> 12, size = (h1 >> 5) & 3u;
  const int short_form = (h1 & 0x80u) == 0 && base != 15;
  const int by_register = short_form && (h2 & 0x800u) == 0;
  const unsigned address = thumb_bit(base) | (by_register ? (unsigned)thumb_bit(h2 & 15u) : 0u);
  if (size == 3) return instruction_make(count_other);
  if ((h1 & 0x10u) == 0) return thumb_store(by_register ? count_store_indexed : count_store, address);
  if (target == 15 && size != 2) return instruction_make(count_alu); /* PLD and other hints */
  return thumb_load(target, address);
}

static inline struct instruction thumb_decode_e8(unsigned h1, unsigned h2) {
  const int is_load = (int)((h1 >> 4) & 1u);
  if ((h1 & 0x0040u) == 0) return thumb_list(is_load, h2, h1 & 15u);
  if ((h1 & 0x0120u) != 0) return thumb_several(is_load, 2, h1 & 15u); /* LDRD, STRD */
  if ((h1 & 0xfff0u) == 0xe8d0u && (h2 & 0xffe0u) == 0xf000u) {
    return thumb_load(15, thumb_bit(h1 & 15u) | thumb_bit(h2 & 15u)); /* TBB, TBH */
  }
  return instruction_make(count_other); /* exclusive */
}

static inline struct instruction thumb_decode_branch32(unsigned h1, unsigned h2) {
  if ((h2 & 0x5000u) != 0) return thumb_branch(flow_branch); /* B.W, BL */
  if ((h1 & 0x0380u) != 0x0380u) return thumb_branch(flow_conditional);
  return instruction_make((h1 & 0xfff0u) == 0xf3a0u && (h2 & 0xffu) == 0 ? count_alu
                                                                         : count_other); /* NOP.W */
}

/* h2 is not looked at when h1 is a whole instruction. */
static inline struct instruction thumb_decode(unsigned h1, unsigned h2) {
  const unsigned high = (h2 >> 8) & 15u; /* compares write "register 15": nothing */
  const unsigned result = high == 15 ? 0u : (unsigned)thumb_bit(high);
  if ((h1 >> 11) < 29) return thumb_decode16(h1);
  if ((h1 & 0xec00u) == 0xec00u) return thumb_decode_float(h1, h2);
  if ((h1 >> 11) == 29) {
    return (h1 & 0x0200u) == 0 ? thumb_decode_e8(h1, h2) : thumb_data(count_alu, result);
  }
  if ((h1 >> 11) == 30) {
    return (h2 & 0x8000u) != 0 ? thumb_decode_branch32(h1, h2) : thumb_data(count_alu, result);
  }
  if ((h1 & 0x0200u) == 0) {
    return (h1 & 0x0110u) == 0x0100u ? instruction_make(count_other) : thumb_decode_memory32(h1, h2);
  }
  if ((h1 & 0x0100u) == 0) return thumb_data(count_alu, result);
  if ((h1 & 0x0080u) == 0) return thumb_data(count_multiply, result);
  if ((h1 & 0x0050u) == 0x0010u && (h2 & 0xf0u) == 0xf0u) return thumb_data(count_divide, result);
  return thumb_data(count_multiply, (result | thumb_bit(h2 >> 12)) & 0x7fffu);
}

#endif /* TADPOLE_BOARD_PLUGIN_THUMB_H_ */
