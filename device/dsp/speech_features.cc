// SpeechStream: keeps one window of PCM in order (moved up by a stride after each row) and a ring of rows.
#include "device/dsp/speech_features.h"

#include <string.h>

namespace tadpole {
namespace dsp {

void extract_clip(const SpeechFeatures& features, const int16_t* pcm, void* scratch, int16_t* out) {
  uint8_t* const state = static_cast<uint8_t*>(scratch) + features.row_scratch_bytes;
  if (features.state_bytes > 0) memset(state, 0, features.state_bytes);
  for (int32_t frame = 0; frame < features.frames; ++frame) {
    features.extract_row(features.tables, pcm, state, scratch, out);
    pcm += features.stride_samples;
    out += features.values_per_frame;
  }
}

void SpeechStream::init(const SpeechFeatures* features, void* memory, void* scratch) {
  features_ = features;
  state_ = memory;
  // By way of void*: state_bytes keeps the alignment, which a compiler cannot know.
  pcm_ = static_cast<int16_t*>(static_cast<void*>(static_cast<uint8_t*>(memory) + features->state_bytes));
  row_memory_ = pcm_ + features->window_samples;
  scratch_ = scratch;
  reset();
}

void SpeechStream::reset() {
  if (features_->state_bytes > 0) memset(state_, 0, features_->state_bytes);
  held_ = 0;
  skip_ = 0;
  next_ = 0;
  rows_ = 0;
}

int32_t SpeechStream::samples_to_next_row() const { return skip_ + features_->window_samples - held_; }

int32_t SpeechStream::push(const int16_t* pcm, int32_t n) {
  const int32_t window = features_->window_samples, stride = features_->stride_samples;
  int32_t finished = 0;
  while (n > 0) {
    const bool skipping = skip_ > 0;
    const int32_t wanted = skipping ? skip_ : window - held_;
    const int32_t taken = n < wanted ? n : wanted;
    if (skipping) {
      skip_ -= taken;
    } else {
      memcpy(pcm_ + held_, pcm, static_cast<size_t>(taken) * sizeof(int16_t));
      held_ += taken;
    }
    pcm += taken;
    n -= taken;
    if (held_ < window) continue;

    features_->extract_row(features_->tables, pcm_, state_, scratch_,
                           row_memory_ + next_ * features_->values_per_frame);
    next_ = next_ + 1 == features_->frames ? 0 : next_ + 1;
    if (rows_ < features_->frames) ++rows_;
    ++finished;
    held_ = stride < window ? window - stride : 0;
    skip_ = stride < window ? 0 : stride - window;
    if (held_ > 0) memmove(pcm_, pcm_ + stride, static_cast<size_t>(held_) * sizeof(int16_t));
  }
  return finished;
}

const int16_t* SpeechStream::row(int32_t i) const {
  int32_t slot = next_ - rows_ + i;
  if (slot < 0) slot += features_->frames;
  return row_memory_ + slot * features_->values_per_frame;
}

void SpeechStream::latest(int16_t* out) const {
  for (int32_t i = 0; i < rows_; ++i) {
    memcpy(out, row(i), static_cast<size_t>(features_->values_per_frame) * sizeof(int16_t));
    out += features_->values_per_frame;
  }
}

}  // namespace dsp
}  // namespace tadpole
