// What every port shares: the stack's high-water mark and the last message.
#include "device/port/port.h"

#include "device/app/frame.h"

namespace tadpole {
namespace port {

uint32_t stack_bytes() { return distance(tadpole_stack_begin, tadpole_stack_end); }

uint32_t stack_high_water() {
  const uint32_t* word = tadpole_stack_begin;
  while (word != tadpole_stack_end && *word == kStackPaint) ++word;
  return distance(word, tadpole_stack_end);
}

void stop(const char* sentence) {
  constexpr uint32_t kLongest = 200;
  static uint8_t out[app::kHeaderBytes + kLongest + app::kTrailerBytes];
  uint32_t length = 0;
  while (sentence[length] != '\0' && length < kLongest) ++length;
  serial_write(out, app::encode_frame(app::kLog, 0, reinterpret_cast<const uint8_t*>(sentence), length, out));
  halt();
}

}  // namespace port
}  // namespace tadpole
