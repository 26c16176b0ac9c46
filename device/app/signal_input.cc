// One window of samples: filled from the front, moved on by a stride in streams.
#include "device/app/signal_input.h"

#include <string.h>

#include "device/app/frame.h"
#include "device/app/marks.h"

namespace tadpole {
namespace app {

bool SignalInput::init(const SignalParts& parts, uint32_t input_bytes, uint32_t output_bytes) {
  parts_ = parts;
  output_bytes_ = output_bytes;
  if (parts.feature_count != input_bytes || parts.sample_bytes == 0 || parts.sample_bytes > kMaxPayload ||
      parts.clip_samples == 0 || parts.fewest_samples == 0 || parts.fewest_samples > parts.clip_samples ||
      parts.stride_samples == 0 || parts.part_features == 0 ||
      parts.feature_count % parts.part_features != 0) {
    return false;
  }
  if (parts.answer == kAnomaly && (output_bytes != input_bytes || parts.input == nullptr)) return false;
  if (parts.answer == kOutputs && output_bytes > kMaxPayload - 6) return false;
  reset(kClip);
  return true;
}

Sense SignalInput::sense() {
  Sense table;
  table.self = this;
  table.kind = parts_.kind;
  table.rate_hz = parts_.rate_hz;
  table.sample_bytes = parts_.sample_bytes;
  table.clip_samples = parts_.clip_samples;
  table.reset = [](void* self, StreamMode mode) { static_cast<SignalInput*>(self)->reset(mode); };
  table.push = [](void* self, const uint8_t* samples, uint32_t count, bool* due) {
    return static_cast<SignalInput*>(self)->push(samples, count, due);
  };
  table.complete = [](void* self) { return static_cast<SignalInput*>(self)->complete(); };
  table.fill = [](void* self, int8_t* input) { static_cast<SignalInput*>(self)->fill(input); };
  table.answer = [](void* self, const int8_t* output, uint8_t* payload) {
    return static_cast<SignalInput*>(self)->answer(output, payload);
  };
  table.result = [](void* self, const int8_t* output, uint8_t* payload) {
    return static_cast<SignalInput*>(self)->result(output, payload);
  };
  return table;
}

void SignalInput::reset(StreamMode mode) {
  mode_ = mode;
  held_ = 0;
  since_ = 0;
  taken_ = 0;
}

uint32_t SignalInput::push(const uint8_t* samples, uint32_t count, bool* due) {
  *due = false;
  const uint32_t size = parts_.sample_bytes;
  if (held_ == parts_.clip_samples) {
    if (mode_ == kClip) return count;  // the rest of a long clip lies behind the window
    const uint32_t gone = parts_.stride_samples < held_ ? parts_.stride_samples : held_;
    memmove(parts_.samples, parts_.samples + gone * size, (held_ - gone) * size);
    held_ -= gone;
  }
  uint32_t taken = parts_.clip_samples - held_;
  if (taken > count) taken = count;
  memcpy(parts_.samples + held_ * size, samples, taken * size);
  held_ += taken;
  taken_ += taken;
  *due = mode_ == kStream && held_ == parts_.clip_samples;
  return taken;
}

void SignalInput::fill(int8_t* input) {
  tadpole_feature_begin();
  int8_t* next = input;
  for (uint32_t part = 0; part < parts_.feature_count / parts_.part_features; ++part) {
    parts_.extract(parts_.samples, held_, part, parts_.features);
    for (uint32_t i = 0; i < parts_.part_features; ++i) {
      *next++ = dsp::quantise_feature(parts_.features[i], *parts_.quantiser);
    }
  }
  tadpole_feature_end();
  if (parts_.answer == kAnomaly) memcpy(parts_.input, input, parts_.feature_count);
}

float SignalInput::score(const int8_t* output) const {
  return repetition_error(parts_.input, output, parts_.feature_count, parts_.scale);
}

uint32_t SignalInput::answer(const int8_t* output, uint8_t* payload) const {
  if (parts_.answer == kOutputs) {
    if (refused()) {
      memset(payload, 0x80, output_bytes_);
      return output_bytes_;
    }
    memcpy(payload, output, output_bytes_);
    return output_bytes_;
  }
  const float strangeness = score(output);
  uint32_t bits;
  memcpy(&bits, &strangeness, sizeof(bits));
  put_u32(payload, bits);
  return 4;
}

uint32_t SignalInput::result(const int8_t* output, uint8_t* payload) const {
  put_u32(payload, parts_.rate_hz == 0 ? 0 : static_cast<uint32_t>(taken_ * 1000u / parts_.rate_hz));
  const bool alarm = parts_.answer == kAnomaly ? score(output) > parts_.threshold : refused();
  payload[4] = alarm ? 0 : 255;
  payload[5] = 0;
  return 6 + answer(output, payload + 6);
}

}  // namespace app
}  // namespace tadpole
