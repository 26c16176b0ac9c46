// The framed, checksummed serial protocol: bytes to frames and frames to bytes. The board and the host
// compile this same source. The wire format and the meaning of every type: docs/formats/serial.md.
#ifndef TADPOLE_DEVICE_APP_FRAME_H_
#define TADPOLE_DEVICE_APP_FRAME_H_

#include <stddef.h>
#include <stdint.h>

#include "device/runtime/crc32.h"

namespace tadpole {
namespace app {

constexpr uint8_t kProtocolVersion = 1;
constexpr uint8_t kSyncFirst = 0xA5;
constexpr uint8_t kSyncSecond = 0x5A;
constexpr uint32_t kHeaderBytes = 8;   // sync, sync, version, type, sequence, length (2), check of the header
constexpr uint32_t kTrailerBytes = 4;  // CRC-32
/// A whole frame stays below 1,024 bytes: the receive buffer of the smallest link that is used.
constexpr uint32_t kMaxPayload = 1000;
constexpr uint32_t kMaxFrame = kHeaderBytes + kMaxPayload + kTrailerBytes;

/// Types below 0x80 go to the board; a reply is the request's type + 0x80; from 0xF0 on the board speaks
/// unasked.
enum FrameType : uint8_t {
  kHello = 0x01,
  kSetInput = 0x02,
  kInvoke = 0x03,
  kGetOutput = 0x04,
  kResetStream = 0x05,
  kSignal = 0x06,
  kScores = 0x07,
  kStats = 0x08,
  kReply = 0x80,
  kResult = 0xF0,
  kLog = 0xF1,
  kFault = 0xF2,
  kRefused = 0xF3,
};

/// One message. The payload belongs to whoever made the frame.
struct Frame {
  uint8_t type;
  uint8_t sequence;
  uint16_t length;
  const uint8_t* payload;
};

/// CRC-8 with polynomial 0x07, start 0: guards the header, so that a damaged length is noticed at once.
uint8_t crc8(const uint8_t* bytes, uint32_t count);

using runtime::crc32;

/// Writes a frame to out, which holds kMaxFrame bytes. payload must not overlap out, except that it may stand
/// at out + kHeaderBytes already. Returns the bytes written, or 0 when length > kMaxPayload.
uint32_t encode_frame(uint8_t type, uint8_t sequence, const uint8_t* payload, uint32_t length, uint8_t* out);

/// Little-endian numbers of payloads.
void put_u16(uint8_t* out, uint32_t value);
void put_u32(uint8_t* out, uint32_t value);
uint16_t get_u16(const uint8_t* in);
uint32_t get_u32(const uint8_t* in);

/// Finds frames in a stream of bytes that may hold anything. After garbage or damage it looks again from the
/// byte behind the last believed sync, so that an intact frame is never lost to a damaged one before it.
class FrameParser {
 public:
  /// Takes up to `count` bytes and returns how many; 0 only while a frame is waiting to be taken.
  uint32_t feed(const uint8_t* bytes, uint32_t count);

  /// The next intact frame; its payload is valid until the next call. False: feed more.
  bool next(Frame* frame);

  /// Headers and frames whose check did not hold, or whose version or length is not ours.
  uint32_t errors() const { return errors_; }
  /// Bytes that belonged to no intact frame.
  uint32_t skipped() const { return skipped_; }
  /// The version byte of the last frame of another version; 0 when there was none.
  uint8_t foreign_version() const { return foreign_version_; }

 private:
  void drop(uint32_t count);

  uint8_t buffer_[kMaxFrame];
  uint32_t size_ = 0;
  uint32_t delivered_ = 0;  // bytes of the frame given out last, dropped on the next call
  uint32_t errors_ = 0;
  uint32_t skipped_ = 0;
  uint8_t foreign_version_ = 0;
};

}  // namespace app
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_APP_FRAME_H_
