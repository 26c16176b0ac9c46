// Cuts incoming sound at feature frames, so that every inference sees exactly the frames that are due.
#include "device/app/speech_input.h"

#include <string.h>

#include "device/app/frame.h"
#include "device/app/marks.h"

namespace tadpole {
namespace app {

bool SpeechInput::init(const SpeechParts& parts, uint32_t input_bytes, uint32_t output_bytes) {
  parts_ = parts;
  const dsp::SpeechFeatures& f = *parts.features;
  if (static_cast<uint32_t>(f.frames * f.values_per_frame) != input_bytes || !valid(*parts.spotter) ||
      static_cast<uint32_t>(parts.spotter->labels) != output_bytes) {
    return false;
  }
  stream_.init(parts.features, parts.stream_memory, parts.scratch);
  spotter_.init(parts.spotter, parts.spotter_history);
  reset(kClip);
  return true;
}

Sense SpeechInput::sense() {
  Sense table;
  table.self = this;
  table.kind = kSound;
  table.sample_bytes = 2;
  table.rate_hz = static_cast<uint32_t>(parts_.features->sample_rate_hz);
  table.clip_samples = static_cast<uint32_t>(dsp::extracted_samples(*parts_.features));
  table.reset = [](void* self, StreamMode mode) { static_cast<SpeechInput*>(self)->reset(mode); };
  table.push = [](void* self, const uint8_t* pcm, uint32_t samples, bool* due) {
    return static_cast<SpeechInput*>(self)->push(pcm, samples, due);
  };
  table.complete = [](void* self) { return static_cast<SpeechInput*>(self)->complete(); };
  table.fill = [](void* self, int8_t* input) { static_cast<SpeechInput*>(self)->fill(input); };
  table.answer = [](void* self, const int8_t* output, uint8_t* payload) {
    return static_cast<SpeechInput*>(self)->answer(output, payload);
  };
  table.result = [](void* self, const int8_t* output, uint8_t* payload) {
    return static_cast<SpeechInput*>(self)->result(output, payload);
  };
  return table;
}

void SpeechInput::reset(StreamMode mode) {
  mode_ = mode;
  stream_.reset();
  spotter_.reset();
  samples_heard_ = 0;
  rows_since_inference_ = 0;
}

bool SpeechInput::complete() const { return mode_ == kClip && stream_.full(); }

uint32_t SpeechInput::push(const uint8_t* pcm, uint32_t samples, bool* due) {
  int16_t piece[32];
  *due = false;
  uint32_t taken = 0;
  while (taken < samples && !*due) {
    if (complete()) return samples;  // the rest of a long clip lies behind the window
    const uint32_t missing = static_cast<uint32_t>(stream_.samples_to_next_row());
    uint32_t count = samples - taken < missing ? samples - taken : missing;
    const bool completes = count == missing && count <= 32;
    if (count > 32) count = 32;
    for (uint32_t i = 0; i < count; ++i) piece[i] = static_cast<int16_t>(get_u16(pcm + 2 * (taken + i)));
    if (completes) tadpole_feature_begin();
    const int32_t rows = stream_.push(piece, static_cast<int32_t>(count));
    if (completes) tadpole_feature_end();
    taken += count;
    samples_heard_ += count;
    rows_since_inference_ += rows;
    *due = rows > 0 && mode_ == kStream && stream_.full() &&
           rows_since_inference_ >= parts_.spotter->inference_stride_frames;
  }
  return taken;
}

void SpeechInput::fill(int8_t* input) {
  const dsp::SpeechFeatures& features = *parts_.features;
  for (int32_t row = 0; row < features.frames; ++row) {
    const int16_t* const values = stream_.row(row);
    for (int32_t i = 0; i < features.values_per_frame; ++i) {
      *input++ = dsp::quantise_feature(values[i], *parts_.quantiser);
    }
  }
  rows_since_inference_ = 0;
}

uint32_t SpeechInput::answer(const int8_t* output, uint8_t* payload) const {
  const uint32_t labels = static_cast<uint32_t>(parts_.spotter->labels);
  memcpy(payload, output, labels);
  return labels;
}

uint32_t SpeechInput::result(const int8_t* output, uint8_t* payload) {
  const uint32_t labels = static_cast<uint32_t>(parts_.spotter->labels);
  const uint32_t time_ms =
      static_cast<uint32_t>(samples_heard_ * 1000u / static_cast<uint32_t>(parts_.features->sample_rate_hz));
  const int32_t detection = spotter_.push(time_ms, output);
  put_u32(payload, time_ms);
  payload[4] = detection == kNothing ? 255 : static_cast<uint8_t>(detection);
  payload[5] = static_cast<uint8_t>(labels);
  for (uint32_t i = 0; i < labels; ++i) {
    payload[6 + i] = spotter_.average(static_cast<int32_t>(i));
    payload[6 + labels + i] = static_cast<uint8_t>(output[i]);
  }
  return 6 + 2 * labels;
}

}  // namespace app
}  // namespace tadpole
