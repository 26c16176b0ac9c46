// A stand-in for a generated model: small, and able to misbehave on request. Same contract as generated code.
#ifndef TADPOLE_TESTS_FAKE_MODEL_H_
#define TADPOLE_TESTS_FAKE_MODEL_H_

#include <stdint.h>

namespace model {

#if FAKE_SPEECH
enum { kInputBytes = FAKE_INPUT_BYTES, kOutputBytes = 3 };
#else
enum { kInputBytes = 2500, kOutputBytes = 1200 };  // more than one frame each way
#endif
enum { kArenaBytes = kInputBytes + kOutputBytes + 64, kLayerCount = 3 };

uint8_t* input();
const uint8_t* output();
void invoke();
void write_input(uint32_t offset, const uint8_t* bytes, uint32_t count);
void read_output(uint32_t offset, uint8_t* bytes, uint32_t count);
void reset();
const uint8_t* arena();
extern const char kName[];
extern const char kHash[];

/// What the last layer does, by the first byte of the raw input.
enum Deed : uint8_t {
  kBehave = 0,
  kWriteBehindRam = 1,
  kWriteFlash = 2,
  kJumpToRam = 3,
  kOverflowStack = 4,
  kReadNull = 5,
  kHang = 6,
  kDivideByZero = 7,
  kReadBehindFlash = 8,
  kJumpToNull = 9,
  kUndefinedInstruction = 10,
  kWriteNull = 11,
  kTouchLastBytes = 12,
  kReadDevice = 13,
  kWriteBelowRam = 14,
  kBigFrame = 15,
  kStop = 16,
  kReadUnaligned = 17,
};

}  // namespace model

#endif  // TADPOLE_TESTS_FAKE_MODEL_H_
