/* Plugin for QEMU 7.2 (plugin API version 1): counts the guest's instructions exactly, by class, and tells
   the totals at marks. In: arguments fd=N and any number of at=ADDRESS. Out: each time the instruction at
   such an address is about to be executed, one record on descriptor N: its address and then one total for
   each row of classes.def, over all that was executed before it; all 64 bits in the host's byte order. The
   firmware is not changed and does not notice.

   How the counts are exact and cheap: the classes of a translation block are known when it is translated.
   When it runs, only its own executions are counted, and whether the conditional branch at the end of the one
   before was taken. A mark multiplies the executions out; a mark inside a block takes back what stands from
   itself to the end. A block that is left early (a fault) has then been counted whole; on a board without
   interrupts that only happens when the program has ended.

   each=on sorts one executed instruction at a time instead: slower, and the judge of the other way in the
   tests. branches=off looks at no branch: faster, all of them count as taken, and instructions at a seam of
   two blocks as if nothing stood before them; their number stays exact. flash=ADDRESS and
   flash_end=ADDRESS also look at each data access; without them unaligned_accesses and flash_reads stay 0.
   The instruction set is that of the emulator.

   QEMU packages no header for plugins; what is declared here follows its documentation
   (docs/devel/tcg-plugins). */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board/plugin/rv32.h"
#include "board/plugin/thumb.h"

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
enum qemu_plugin_mem_rw { QEMU_PLUGIN_MEM_R = 1, QEMU_PLUGIN_MEM_W, QEMU_PLUGIN_MEM_RW };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t, struct qemu_plugin_tb*));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* block);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb* block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn* instruction);
const void* qemu_plugin_insn_data(const struct qemu_plugin_insn* instruction);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn* instruction);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn* instruction,
                                            void (*callback)(unsigned int, void*), enum qemu_plugin_cb_flags,
                                            void* user_data);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb* block, void (*callback)(unsigned int, void*),
                                          enum qemu_plugin_cb_flags, void* user_data);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* block, enum qemu_plugin_op,
                                              void* counter, uint64_t amount);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn* instruction,
                                      void (*callback)(unsigned int, qemu_plugin_meminfo_t, uint64_t, void*),
                                      enum qemu_plugin_cb_flags, enum qemu_plugin_mem_rw, void* user_data);
unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);
_Bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc, char** argv);

enum { kBlocksInAPage = 1024 };

/* One instruction as it stands in one block. */
struct step {
  uint64_t address, end;
  struct instruction is;
  int conditional; /* a branch that may go on */
};

/* One translation block. Kept for ever, like all that QEMU was given: it may run the block until it ends. */
struct block {
  uint64_t executions, not_taken; /* since the last mark */
  struct step first, last;
  uint32_t holds[count_fields]; /* of one execution whose branch is taken */
};

/* Blocks lie together because each mark looks at all of them. */
struct page {
  struct page* next;
  size_t used;
  struct block blocks[kBlocksInAPage];
};

/* A mark as it stands in one block, and what that block has counted too early when the mark is reached. */
struct mark {
  uint64_t address;
  uint64_t early[count_fields];
};

static uint64_t totals[count_fields];
static struct page* pages;
static struct block* before; /* the block that ran last */
static struct step step_before;
static uint64_t* addresses;
static size_t address_count;
static int output = -1;
static int each;
static int branches = 1;
static uint64_t flash_begin, flash_end; /* the end is 0: data accesses are not looked at */
static struct instruction (*decode)(unsigned first, unsigned second) = thumb_decode;

static void* must(void* memory) {
  if (memory == NULL) abort();
  return memory;
}

static void send_record(const uint64_t* record, size_t size) {
  const char* bytes = (const char*)record;
  while (size > 0) {
    const ssize_t written = write(output, bytes, size);
    if (written > 0) {
      bytes += written;
      size -= (size_t)written;
    } else if (written < 0 && errno != EINTR) {
      _exit(0); /* nobody listens any more */
    }
  }
}

/* Counts one instruction more, behind `ahead` (NULL: behind a branch) in `counts`. */
static void add_step(uint64_t* counts, const struct step* ahead, const struct step* now) {
  ++counts[ahead == NULL ? now->is.kind : class_after(&ahead->is, &now->is)];
  if (ahead != NULL && address_waits(&ahead->is, &now->is)) ++counts[count_address_stalls];
  if (now->is.kind == count_load_multiple) counts[count_registers_loaded] += now->is.registers;
  if (now->is.kind == count_store_multiple) counts[count_registers_stored] += now->is.registers;
  if (now->is.flow == flow_load) ++counts[count_program_counter_loads];
}

static void add_not_taken(uint64_t times) {
  totals[count_branch_taken] -= times; /* wraps back when the block that holds it is added */
  totals[count_branch_not_taken] += times;
}

static void add_blocks(void) {
  for (struct page* page = pages; page != NULL; page = page->next) {
    for (size_t i = 0; i < page->used; ++i) {
      struct block* const block = &page->blocks[i];
      if (block->executions == 0 && block->not_taken == 0) continue;
      for (size_t field = 0; field < count_fields; ++field) {
        totals[field] += block->executions * block->holds[field];
      }
      add_not_taken(block->not_taken);
      block->executions = 0;
      block->not_taken = 0;
    }
  }
}

static void on_mark(unsigned int processor, void* user_data) {
  (void)processor;
  const struct mark* mark = user_data;
  uint64_t record[1 + count_fields];
  if (!each) add_blocks();
  record[0] = mark->address;
  for (size_t field = 0; field < count_fields; ++field)
    record[1 + field] = totals[field] - mark->early[field];
  send_record(record, sizeof record);
}

/* A block ended without a branch (it was long, or a page ended) and the next one goes on where it stopped. */
static void join(const struct step* ahead, const struct step* now) {
  uint64_t apart[count_fields] = {0}, together[count_fields] = {0};
  add_step(apart, NULL, now);
  add_step(together, ahead, now);
  for (size_t field = 0; field < count_fields; ++field) totals[field] += together[field] - apart[field];
}

static void on_block(unsigned int processor, void* user_data) {
  (void)processor;
  struct block* const block = user_data;
  ++block->executions;
  if (before != NULL && before->last.end == block->first.address) {
    if (before->last.conditional) ++before->not_taken;
    if (before->last.is.flow == flow_next) join(&before->last, &block->first);
  }
  before = block;
}

static void on_each(unsigned int processor, void* user_data) {
  (void)processor;
  const struct step* const now = user_data;
  const int goes_on = step_before.end == now->address;
  if (goes_on && step_before.conditional) add_not_taken(1);
  add_step(totals, goes_on && step_before.is.flow == flow_next ? &step_before : NULL, now);
  step_before = *now;
}

static void on_memory(unsigned int processor, qemu_plugin_meminfo_t info, uint64_t address, void* user_data) {
  (void)processor;
  (void)user_data;
  const unsigned shift = qemu_plugin_mem_size_shift(info);
  const uint64_t mask = (UINT64_C(1) << (shift > 2 ? 2 : shift)) - 1; /* doubles need four bytes only */
  if ((address & mask) != 0) ++totals[count_unaligned_accesses];
  if (address >= flash_begin && address < flash_end && !qemu_plugin_mem_is_store(info))
    ++totals[count_flash_reads];
}

static struct block* new_block(void) {
  if (pages == NULL || pages->used == kBlocksInAPage) {
    struct page* const page = must(calloc(1, sizeof *page));
    page->next = pages;
    pages = page;
  }
  return &pages->blocks[pages->used++];
}

static int is_marked(uint64_t address) {
  for (size_t i = 0; i < address_count; ++i) {
    if (addresses[i] == address) return 1;
  }
  return 0;
}

static struct step* read_steps(const struct qemu_plugin_tb* tb, size_t count) {
  struct step* const steps = must(calloc(count, sizeof *steps));
  unsigned conditional = 0; /* instructions left in an IT block */
  for (size_t i = 0; i < count; ++i) {
    const struct qemu_plugin_insn* const instruction = qemu_plugin_tb_get_insn(tb, i);
    const uint8_t* const bytes = qemu_plugin_insn_data(instruction);
    const size_t size = qemu_plugin_insn_size(instruction);
    steps[i].address = qemu_plugin_insn_vaddr(instruction);
    steps[i].end = steps[i].address + size;
    steps[i].is =
        decode(bytes[0] | (unsigned)bytes[1] << 8, size < 4 ? 0 : bytes[2] | (unsigned)bytes[3] << 8);
    steps[i].conditional =
        steps[i].is.flow == flow_conditional || (steps[i].is.flow == flow_branch && conditional > 0);
    conditional = conditional > 0 ? conditional - 1 : steps[i].is.it_block;
  }
  return steps;
}

static void set_marks(const struct qemu_plugin_tb* tb, const struct step* steps, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (!is_marked(steps[i].address)) continue;
    struct mark* const mark = must(calloc(1, sizeof *mark));
    mark->address = steps[i].address;
    for (size_t j = i; j < count && !each; ++j)
      add_step(mark->early, j == 0 ? NULL : &steps[j - 1], &steps[j]);
    qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_tb_get_insn(tb, i), on_mark, QEMU_PLUGIN_CB_NO_REGS,
                                           mark);
  }
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
  (void)id;
  const size_t count = qemu_plugin_tb_n_insns(tb);
  if (count == 0) return;
  struct step* const steps = read_steps(tb, count);
  if (!each) {
    struct block* const block = new_block();
    uint64_t holds[count_fields] = {0};
    for (size_t i = 0; i < count; ++i) add_step(holds, i == 0 ? NULL : &steps[i - 1], &steps[i]);
    for (size_t field = 0; field < count_fields; ++field) block->holds[field] = (uint32_t)holds[field];
    block->first = steps[0];
    block->last = steps[count - 1];
    if (branches) {
      qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, block);
    } else {
      qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &block->executions, 1);
    }
  }
  set_marks(tb, steps, count);
  for (size_t i = 0; i < count; ++i) {
    struct qemu_plugin_insn* const instruction = qemu_plugin_tb_get_insn(tb, i);
    if (each) qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_each, QEMU_PLUGIN_CB_NO_REGS, &steps[i]);
    if (flash_end == 0) continue;
    qemu_plugin_register_vcpu_mem_cb(instruction, on_memory, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
                                     NULL);
  }
  if (!each) free(steps);
}

/* Ends QEMU when the program that started it is gone, however it went: a board without its host waits for
 * ever. */
static void* watch_listener(void* unused) {
  (void)unused;
  struct pollfd end = {.fd = output, .events = 0};
  for (;;) {
    const int ready = poll(&end, 1, -1);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0 || (end.revents & (POLLERR | POLLNVAL | POLLHUP)) != 0) _exit(0);
  }
}

static int start_watch(void) {
  sigset_t all, earlier;
  pthread_t thread;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &earlier); /* signals stay with QEMU's own threads */
  const int failed = pthread_create(&thread, NULL, watch_listener, NULL);
  pthread_sigmask(SIG_SETMASK, &earlier, NULL);
  if (failed == 0) pthread_detach(thread);
  return failed;
}

int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc, char** argv) {
  /* The first member of qemu_info_t is the name of what is emulated. */
  if (strcmp(*(const char* const*)info, "riscv32") == 0) decode = rv32_decode;
  addresses = calloc((size_t)argc + 1, sizeof *addresses);
  if (addresses == NULL) return -1;
  for (int i = 0; i < argc; ++i) {
    if (strncmp(argv[i], "fd=", 3) == 0) {
      output = atoi(argv[i] + 3);
    } else if (strncmp(argv[i], "at=", 3) == 0) {
      addresses[address_count++] = strtoull(argv[i] + 3, NULL, 0);
    } else if (strncmp(argv[i], "flash=", 6) == 0) {
      flash_begin = strtoull(argv[i] + 6, NULL, 0);
    } else if (strncmp(argv[i], "flash_end=", 10) == 0) {
      flash_end = strtoull(argv[i] + 10, NULL, 0);
    } else if (strcmp(argv[i], "branches=off") == 0) {
      branches = 0;
    } else if (strcmp(argv[i], "each=on") == 0) {
      each = 1;
    } else {
      return -1;
    }
  }
  if (output < 0 || start_watch() != 0) return -1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  return 0;
}
