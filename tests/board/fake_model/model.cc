// Three layers: mix the input with weights, a loop of known length, and a deed.
#include "model.h"

#include <string.h>

#if defined(__arm__) || defined(__riscv)
#define FAKE_ON_BOARD 1
#include "device/port/port.h"
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

#if FAKE_ON_BOARD
#ifdef __arm__
constexpr uint32_t kThumb = 1, kDevice = 0x40000000u;
#else
constexpr uint32_t kThumb = 0, kDevice = 0x10000000u;  // the UART of QEMU's "virt"
#endif

void misbehave() {
  using namespace tadpole::port;
  const uint32_t flash = address(tadpole_flash_begin), flash_end = flash + address(tadpole_flash_bytes);
  const uint32_t ram = address(tadpole_ram_begin), ram_end = ram + address(tadpole_ram_bytes);
  switch (deed) {
    case kWriteBehindRam:
      *at(ram_end) = 1;
      return;
    case kWriteBelowRam:
      *at(ram - 0x10000u) = 1;
      return;
    case kWriteFlash:
      *at(flash + 0x1234u) = 1;
      return;
    case kJumpToRam:
      call(ram + 0x100u + kThumb);
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
      sink = *at(flash_end);
      return;
    case kReadDevice:
      sink = *at(kDevice);
      return;
    case kJumpToNull:
      call(kThumb);
      return;
    case kUndefinedInstruction:
#ifdef __arm__
      __asm__ volatile("udf #1");
#else
      __asm__ volatile("unimp");
#endif
      return;
    case kStop:
      tadpole::port::stop("the fake model gave up");
      return;
    case kTouchLastBytes:
      sink = *at(ram_end - 4);
      *at(ram_end - 4) = sink;
      sink = *at(flash_end - 4);
      return;
    case kReadUnaligned:
      for (uint32_t offset = 0; offset < 4; ++offset) sink = *at(ram + 0x100u + offset);
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

/// 3 instructions a turn (SUBS, NOP, BNE) for 1,000 turns, with MOVW before and BX LR behind: 3,002. As many
/// of RISC-V.
#ifdef __arm__
__attribute__((noinline, naked)) void tadpole_layer_001() {
  __asm__ volatile(
      "movw r0, #1000\n"
      "1: subs r0, r0, #1\n"
      "nop\n"
      "bne 1b\n"
      "bx lr\n");
}
#elif defined(__riscv)
__attribute__((noinline, naked)) void tadpole_layer_001() {
  __asm__ volatile(
      "li a0, 1000\n"
      "1: addi a0, a0, -1\n"
      "nop\n"
      "bnez a0, 1b\n"
      "ret\n");
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
