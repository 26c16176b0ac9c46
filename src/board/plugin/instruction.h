/* What the decoders of all instruction sets say of an instruction, for the classes of the cycle model. C that
   is also C++: the plugin counts with it, the tests hold it against assembled code. */
#ifndef TADPOLE_BOARD_PLUGIN_INSTRUCTION_H_
#define TADPOLE_BOARD_PLUGIN_INSTRUCTION_H_

#include <stdint.h>

enum count_field {
#define TADPOLE_CLASS(name, words) count_##name,
#define TADPOLE_AMOUNT(name, words) count_##name,
#include "board/plugin/classes.def"
  count_fields
};

enum flow {
  flow_next,        /* goes on with the next instruction */
  flow_branch,      /* a branch, conditional only inside an IT block */
  flow_conditional, /* conditional by itself */
  flow_load         /* loads the program counter */
};

struct instruction {
  uint8_t kind;      /* a class of enum count_field; of a branch that is taken, of a load that stands alone */
  uint8_t flow;      /* enum flow */
  uint8_t registers; /* moved by the load_multiple and store_multiple classes */
  uint8_t it_block;  /* IT of Thumb: how many instructions it makes conditional */
  uint32_t result;   /* registers that a data processing instruction writes, one bit each */
  uint32_t loaded;   /* registers that a single load writes */
  uint32_t address;  /* registers from which a load or store makes its address */
};

static inline struct instruction instruction_make(int kind) {
  struct instruction made = {0, flow_next, 0, 0, 0, 0, 0};
  made.kind = (uint8_t)kind;
  return made;
}

/* Of two instructions executed one after the other: what the first does to the second. */
static inline int class_after(const struct instruction* before, const struct instruction* now) {
  const int after_load = before->kind == count_load && (before->loaded & now->address) == 0;
  if (now->kind == count_load && after_load && now->flow == flow_next) return count_load_pipelined;
  if (now->kind == count_store_indexed && after_load) return count_store;
  return now->kind;
}
static inline int address_waits(const struct instruction* before, const struct instruction* now) {
  return (before->result & now->address) != 0;
}

#endif /* TADPOLE_BOARD_PLUGIN_INSTRUCTION_H_ */
