/* Plugin for QEMU 7.2 (plugin API version 1): counts the guest's instructions exactly and tells the total at
   marks. In: arguments fd=N and any number of at=ADDRESS. Out: each time the instruction at such an address
   is about to be executed, 16 bytes on descriptor N: its address and the number of instructions executed
   before it, both 64 bits in the host's byte order. The firmware is not changed and does not notice.

   How the count is exact: a translation block adds its whole length when it is entered, so a mark inside a
   block takes back the instructions from itself to the end. A block that is left early (a fault) has then
   been counted whole; on a board without interrupts that only happens when the program has ended. each=on
   counts one instruction at a time instead: slower, and the judge of the other way in the tests.

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

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t, struct qemu_plugin_tb*));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* block);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb* block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn* instruction);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn* instruction,
                                            void (*callback)(unsigned int, void*), enum qemu_plugin_cb_flags,
                                            void* user_data);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* block, enum qemu_plugin_op,
                                              void* counter, uint64_t amount);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn* instruction, enum qemu_plugin_op,
                                                void* counter, uint64_t amount);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc, char** argv);

/* A mark as it stands in one translation block. Kept for ever: QEMU may run the block until it ends. */
struct mark {
  uint64_t address;
  uint64_t counted_too_early;
  struct mark* next;
};

static uint64_t total;
static uint64_t* addresses;
static size_t address_count;
static struct mark* marks;
static int output = -1;
static int each;

static void send_record(uint64_t address, uint64_t count) {
  const uint64_t record[2] = {address, count};
  const char* bytes = (const char*)record;
  size_t left = sizeof record;
  while (left > 0) {
    const ssize_t written = write(output, bytes, left);
    if (written > 0) {
      bytes += written;
      left -= (size_t)written;
    } else if (written < 0 && errno != EINTR) {
      _exit(0); /* nobody listens any more */
    }
  }
}

static void on_mark(unsigned int processor, void* user_data) {
  (void)processor;
  const struct mark* mark = user_data;
  send_record(mark->address, total - mark->counted_too_early);
}

static struct mark* intern(uint64_t address, uint64_t counted_too_early) {
  for (struct mark* mark = marks; mark != NULL; mark = mark->next) {
    if (mark->address == address && mark->counted_too_early == counted_too_early) return mark;
  }
  struct mark* made = malloc(sizeof *made);
  if (made == NULL) abort();
  *made = (struct mark){address, counted_too_early, marks};
  marks = made;
  return made;
}

static int is_marked(uint64_t address) {
  for (size_t i = 0; i < address_count; ++i) {
    if (addresses[i] == address) return 1;
  }
  return 0;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb* block) {
  (void)id;
  const size_t count = qemu_plugin_tb_n_insns(block);
  if (!each) qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &total, count);
  for (size_t i = 0; i < count; ++i) {
    struct qemu_plugin_insn* const instruction = qemu_plugin_tb_get_insn(block, i);
    const uint64_t address = qemu_plugin_insn_vaddr(instruction);
    if (is_marked(address)) {
      qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_mark, QEMU_PLUGIN_CB_NO_REGS,
                                             intern(address, each ? 0 : count - i));
    }
    if (each) qemu_plugin_register_vcpu_insn_exec_inline(instruction, QEMU_PLUGIN_INLINE_ADD_U64, &total, 1);
  }
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
  sigset_t all, before;
  pthread_t thread;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* signals stay with QEMU's own threads */
  const int failed = pthread_create(&thread, NULL, watch_listener, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failed == 0) pthread_detach(thread);
  return failed;
}

int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc, char** argv) {
  (void)info;
  addresses = calloc((size_t)argc + 1, sizeof *addresses);
  if (addresses == NULL) return -1;
  for (int i = 0; i < argc; ++i) {
    if (strncmp(argv[i], "fd=", 3) == 0) {
      output = atoi(argv[i] + 3);
    } else if (strncmp(argv[i], "at=", 3) == 0) {
      addresses[address_count++] = strtoull(argv[i] + 3, NULL, 0);
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
