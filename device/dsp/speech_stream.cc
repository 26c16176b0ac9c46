// SpeechStream: keeps one window of PCM in order (moved up by a stride after each row) and a ring of rows.
#include <string.h>

#include "device/dsp/speech_features.h"

namespace tadpole {
namespace dsp {

void SpeechStream::init(const SpeechFeatures* features, void* memory, void* scratch) {
  features_ = features;
  pcm_ = static_cast<int16_t*>(memory);
  row_memory_ = pcm_ + features->window_samples;
  scratch_ = scratch;
  reset();
}

void SpeechStream::reset() {
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

    extract_frame(*features_, pcm_, scratch_, row_memory_ + next_ * features_->values_per_frame);
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
