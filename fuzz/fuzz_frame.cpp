// Bytes from a serial line: whatever they are, the parser makes progress and delivers only frames that encode
// back.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "device/app/frame.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tadpole::app;
  static FrameParser parser;
  parser = FrameParser();
  uint32_t delivered = 0;
  for (size_t at = 0; at < size;) {
    const uint32_t taken = parser.feed(data + at, static_cast<uint32_t>(size - at));
    if (taken == 0) std::abort();
    at += taken;
    Frame frame;
    while (parser.next(&frame)) {
      uint8_t again[kMaxFrame];
      const uint32_t bytes = encode_frame(frame.type, frame.sequence, frame.payload, frame.length, again);
      if (std::memcmp(again, frame.payload - kHeaderBytes, bytes) != 0) std::abort();
      delivered += bytes;
    }
  }
  if (uint64_t{delivered} + parser.skipped() > size) std::abort();
  return 0;
}
