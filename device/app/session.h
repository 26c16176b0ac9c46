// The board's command loop as an object: bytes in, frames out. It knows neither chip nor operating system, so
// the firmware and the host's tests run the same code. Commands and payloads: docs/formats/serial.md.
#ifndef TADPOLE_DEVICE_APP_SESSION_H_
#define TADPOLE_DEVICE_APP_SESSION_H_

#include <stdint.h>

#include "device/app/frame.h"
#include "device/app/sense.h"

namespace tadpole {
namespace app {

/// The model behind the session. All pointers outlive it.
struct SessionModel {
  const char* name;
  const char* hash;  // 16 hex digits of the model file
  uint8_t* arena;    // painted by the session when it starts; for the high-water mark only
  uint32_t arena_bytes;
  uint8_t* (*input)();  // the first input, valid to write before invoke
  uint32_t input_bytes;
  const uint8_t* (*output)();  // the first output, valid after invoke
  uint32_t output_bytes;
  void (*invoke)();
  // Parts of all inputs, and of all outputs, seen as one row of input_bytes and output_bytes.
  void (*write_input)(uint32_t offset, const uint8_t* bytes, uint32_t count);
  void (*read_output)(uint32_t offset, uint8_t* bytes, uint32_t count);
  void (*reset)();  // gives a model with states its first ones
};

/// The board around the session.
struct SessionBoard {
  const char* name;
  uint32_t stack_bytes;
  uint32_t (*stack_high_water)();
  void (*send)(const uint8_t* bytes, uint32_t count);  // returns when the bytes are on their way
};

/// Why a request was refused; the first byte of a REFUSED payload, followed by a sentence.
enum Refusal : uint8_t {
  kUnknownCommand = 1,
  kBadPayload = 2,
  kNoSignal = 3,
  kIncompleteClip = 4,
  kNotInvoked = 5,
};

/// STATS, in the order of the wire; all counters since boot, modulo 2^32.
struct SessionStats {
  uint32_t arena_bytes, arena_high_water, stack_bytes, stack_high_water;
  uint32_t inferences, bytes_received, frame_errors, bytes_skipped;
};
constexpr uint32_t kStatsBytes = 32;

class Session {
 public:
  /// sense may be null: then only raw inputs are served. Paints the arena.
  void init(const SessionModel* model, const Sense* sense, const SessionBoard* board);

  /// From now on serves this model and sense; the next HELLO names them. Neither is reset, nothing is
  /// painted: for several models in one arena, of which both SessionModels name all of it. Not within a
  /// Sense's call.
  void use(const SessionModel* model, const Sense* sense);

  /// Takes any bytes of the line and serves every whole request in them.
  void receive(const uint8_t* bytes, uint32_t count);

  SessionStats stats() const;

 private:
  void serve(const Frame& request);
  void hello(const Frame& request);
  void set_input(const Frame& request);
  void invoke(const Frame& request);
  void get_output(const Frame& request);
  void reset_stream(const Frame& request);
  void signal(const Frame& request);
  void scores(const Frame& request);
  void send_stats(const Frame& request);

  void take(const uint8_t* samples, uint32_t count);
  void infer_taken();
  void run_model();
  void reply(const Frame& request, uint32_t length);
  void refuse(const Frame& request, Refusal why, const char* sentence);
  void send(uint8_t type, uint8_t sequence, uint32_t length);
  uint8_t* payload() { return out_ + kHeaderBytes; }
  uint32_t arena_high_water() const;

  const SessionModel* model_ = nullptr;
  const Sense* sense_ = nullptr;
  const SessionBoard* board_ = nullptr;
  FrameParser parser_;
  uint8_t out_[kMaxFrame];
  uint32_t inferences_ = 0;
  uint32_t bytes_received_ = 0;
  uint8_t last_signal_sequence_ = 0;
  bool output_valid_ = false;  // there is an output
  bool answered_ = false;      // and it is the answer to the samples that were taken last
};

}  // namespace app
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_APP_SESSION_H_
