// Three layers: mix the input with weights, a loop of known length, and a deed.
#include "model.h"

#include <string.h>

#ifdef __arm__
#include "device/port/cortex_m_qemu/port.h"
#endif

namespace model {

const char kName[] = "fake";
const char kHash[] = "0123456789abcdef";

extern const uint8_t weights_000[256];
const uint8_t weights_000[256] = {3, 141, 59, 26, 53, 58, 97, 93, 23, 84, 62, 64, 33, 83, 27, 95};

static uint8_t arena_[kArenaBytes];
static uint8_t deed;

uint8_t* input() { return arena_; }
const uint8_t* output() { return arena_ + kInputBytes; }
const uint8_t* arena() { return arena_; }
void write_input(uint32_t offset, const uint8_t* bytes, uint32_t count) {
  memcpy(arena_ + offset, bytes, count);
}
void read_output(uint32_t offset, uint8_t* bytes, uint32_t count) {
  memcpy(bytes, arena_ + kInputBytes + offset, count);
}
void reset() {}

namespace {

/// The compiler must not see which address it is: it would warn, or leave the access out.
__attribute__((noinline)) volatile uint32_t* at(uint32_t address) {
  __asm__ volatile("" : "+r"(address));
  return reinterpret_cast<volatile uint32_t*>(static_cast<uintptr_t>(address));
}

__attribute__((noinline)) void call(uint32_t address) {
  __asm__ volatile("" : "+r"(address));
  reinterpret_cast<void (*)()>(static_cast<uintptr_t>(address))();
}

volatile uint32_t sink;

__attribute__((noinline)) uint32_t recurse(uint32_t depth) {
  volatile uint32_t held[16];
  for (uint32_t i = 0; i < 16; ++i) held[i] = depth;
  return depth == 0 ? held[3] : recurse(depth - 1) + held[depth % 16];
}

__attribute__((noinline)) uint32_t big_frame() {
  volatile uint32_t held[4096];
  held[0] = 1;
  held[4095] = 2;
  return held[0] + held[4095];
}

#ifdef __arm__
void misbehave() {
  switch (deed) {
    case kWriteBehindRam:
      *at(0x20040000u) = 1;
      return;
    case kWriteBelowRam:
      *at(0x1FFF0000u) = 1;
      return;
    case kWriteFlash:
      *at(0x00001234u) = 1;
      return;
    case kJumpToRam:
      call(0x20000101u);
      return;
    case kOverflowStack:
      sink = recurse(100000);
      return;
    case kBigFrame:
      sink = big_frame();
      return;
    case kReadNull:
      sink = *at(8);
      return;
    case kWriteNull:
      *at(0) = 1;
      return;
    case kHang:
      for (;;) sink = sink + 1;
    case kDivideByZero:
      sink = 7 / sink;
      return;
    case kReadBehindFlash:
      sink = *at(0x000F0000u);
      return;
    case kReadDevice:
      sink = *at(0x40000000u);
      return;
    case kJumpToNull:
      call(1);
      return;
    case kUndefinedInstruction:
      __asm__ volatile("udf #1");
      return;
    case kStop:
      tadpole::port::stop("the fake model gave up");
      return;
    case kTouchLastBytes:
      sink = *at(0x20040000u - 4);
      *at(0x20040000u - 4) = sink;
      sink = *at(0x000F0000u - 4);
      return;
    case kReadUnaligned:
      for (uint32_t offset = 0; offset < 4; ++offset) sink = *at(0x20000100u + offset);
      return;
    default:
      return;
  }
}
#else
void misbehave() {
  (void)at;
  (void)call;
  (void)recurse;
  (void)big_frame;
}
#endif

}  // namespace
}  // namespace model

extern "C" {

__attribute__((noinline)) void tadpole_layer_000() {
  using namespace model;
  uint8_t mixed[kOutputBytes];
  const uint8_t* weights = weights_000;
  __asm__ volatile("" : "+r"(weights));  // else the compiler copies the few that are used
  for (uint32_t i = 0; i < kOutputBytes; ++i) {
    uint32_t sum = i;
    for (uint32_t j = i; j < kInputBytes; j += kOutputBytes) sum = sum * 31 + arena_[j] + weights[j % 16];
    mixed[i] = static_cast<uint8_t>(sum);
  }
  deed = arena_[0];
  memcpy(arena_ + kInputBytes, mixed, sizeof(mixed));
}

/// 3 instructions a turn (SUBS, NOP, BNE) for 1,000 turns, with MOVW before and BX LR behind: 3,002.
#ifdef __arm__
__attribute__((noinline, naked)) void tadpole_layer_001() {
  __asm__ volatile(
      "movw r0, #1000\n"
      "1: subs r0, r0, #1\n"
      "nop\n"
      "bne 1b\n"
      "bx lr\n");
}
#else
__attribute__((noinline)) void tadpole_layer_001() {}
#endif

__attribute__((noinline)) void tadpole_layer_002() { model::misbehave(); }
}

void model::invoke() {
  tadpole_layer_000();
  tadpole_layer_001();
  tadpole_layer_002();
  __asm__ volatile("" ::: "memory");  // no tail call: one BL leads from layer to layer
}
