// Frames on a serial line: checks, encoding, and the parser that finds its place again after garbage.
#include "device/app/frame.h"

#include <string.h>

namespace tadpole {
namespace app {

uint8_t crc8(const uint8_t* bytes, uint32_t count) {
  uint32_t crc = 0;
  for (uint32_t i = 0; i < count; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x80u) != 0 ? 0x07u : 0u);
    crc &= 0xFFu;
  }
  return static_cast<uint8_t>(crc);
}

void put_u16(uint8_t* out, uint32_t value) {
  out[0] = static_cast<uint8_t>(value);
  out[1] = static_cast<uint8_t>(value >> 8);
}

void put_u32(uint8_t* out, uint32_t value) {
  put_u16(out, value & 0xFFFFu);
  put_u16(out + 2, value >> 16);
}

uint16_t get_u16(const uint8_t* in) {
  return static_cast<uint16_t>(in[0] | (static_cast<uint32_t>(in[1]) << 8));
}

uint32_t get_u32(const uint8_t* in) {
  return static_cast<uint32_t>(get_u16(in)) | (static_cast<uint32_t>(get_u16(in + 2)) << 16);
}

uint32_t encode_frame(uint8_t type, uint8_t sequence, const uint8_t* payload, uint32_t length, uint8_t* out) {
  if (length > kMaxPayload) return 0;
  out[0] = kSyncFirst;
  out[1] = kSyncSecond;
  out[2] = kProtocolVersion;
  out[3] = type;
  out[4] = sequence;
  put_u16(out + 5, length);
  out[7] = crc8(out + 2, 5);
  uint8_t* const body = out + kHeaderBytes;
  if (length > 0 && payload != body) memcpy(body, payload, length);
  put_u32(body + length, crc32(out + 2, kHeaderBytes - 2 + length));
  return kHeaderBytes + length + kTrailerBytes;
}

uint32_t FrameParser::feed(const uint8_t* bytes, uint32_t count) {
  drop(delivered_);
  delivered_ = 0;
  const uint32_t room = kMaxFrame - size_;
  const uint32_t taken = count < room ? count : room;
  if (taken > 0) memcpy(buffer_ + size_, bytes, taken);
  size_ += taken;
  return taken;
}

void FrameParser::drop(uint32_t count) {
  if (count == 0) return;
  size_ -= count;
  memmove(buffer_, buffer_ + count, size_);
}

bool FrameParser::next(Frame* frame) {
  drop(delivered_);
  delivered_ = 0;
  for (;;) {
    uint32_t start = 0;
    while (start < size_ && buffer_[start] != kSyncFirst) ++start;
    skipped_ += start;
    drop(start);
    if (size_ < 2) return false;
    bool believable = buffer_[1] == kSyncSecond;
    if (believable) {
      if (size_ < kHeaderBytes) return false;
      const uint32_t length = get_u16(buffer_ + 5);
      const bool header_intact = crc8(buffer_ + 2, 5) == buffer_[7];
      if (header_intact && buffer_[2] != kProtocolVersion) foreign_version_ = buffer_[2];
      believable = header_intact && buffer_[2] == kProtocolVersion && length <= kMaxPayload;
      if (believable) {
        const uint32_t total = kHeaderBytes + length + kTrailerBytes;
        if (size_ < total) return false;
        const uint32_t covered = kHeaderBytes - 2 + length;
        if (crc32(buffer_ + 2, covered) == get_u32(buffer_ + kHeaderBytes + length)) {
          frame->type = buffer_[3];
          frame->sequence = buffer_[4];
          frame->length = static_cast<uint16_t>(length);
          frame->payload = buffer_ + kHeaderBytes;
          delivered_ = total;
          return true;
        }
      }
      ++errors_;
    }
    ++skipped_;
    drop(1);
  }
}

}  // namespace app
}  // namespace tadpole
