// What a session needs of a sense: raw samples of a sensor in, a model's input and the application's answer
// out. A table of functions rather than virtual ones: boards link no C++ library, and hosts compile this with
// and without run-time type information.
#ifndef TADPOLE_DEVICE_APP_SENSE_H_
#define TADPOLE_DEVICE_APP_SENSE_H_

#include <stdint.h>

namespace tadpole {
namespace app {

/// What kind of samples a firmware takes; on the wire in HELLO.
enum SenseKind : uint8_t {
  kNoSense = 0,  // raw model inputs only
  kSound = 1,    // sample: int16
  kImage = 2,    // sample: one pixel, uint8 a channel, row by row
  kSeries = 3,   // sample: one step, float32 an axis
  kStroke = 4,   // sample: one point, float32 x and y
};

enum StreamMode : uint8_t {
  kClip = 0,    // takes one clip; SCORES answers for it
  kStream = 1,  // takes samples for ever; a RESULT after each inference
};

/// Functions on `self`. All numbers of samples are little-endian.
struct Sense {
  void* self;
  SenseKind kind;
  uint32_t rate_hz;       // samples a second; 0 where samples have no time
  uint32_t sample_bytes;  // of one sample
  uint32_t clip_samples;  // that one input of the model needs; stroke: at most
  /// Forgets all samples and all results.
  void (*reset)(void* self, StreamMode mode);
  /// Takes samples up to the one that makes an inference due. Returns how many were taken, at least 1.
  uint32_t (*push)(void* self, const uint8_t* samples, uint32_t count, bool* due);
  /// Enough was taken for an answer.
  bool (*complete)(void* self);
  /// Writes the model's input: what was taken last.
  void (*fill)(void* self, int8_t* input);
  /// Takes the model's output and writes the payload of SCORES; returns its length. Once after each fill.
  uint32_t (*answer)(void* self, const int8_t* output, uint8_t* payload);
  /// The same for the payload of a RESULT.
  uint32_t (*result)(void* self, const int8_t* output, uint8_t* payload);
};

}  // namespace app
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_APP_SENSE_H_
