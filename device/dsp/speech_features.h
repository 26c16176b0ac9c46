// What every block that hears has in common: rows of numbers out of windows of 16-bit PCM, for a clip or for
// a stream without end.
#ifndef TADPOLE_DEVICE_DSP_SPEECH_FEATURES_H_
#define TADPOLE_DEVICE_DSP_SPEECH_FEATURES_H_

#include <stdint.h>

#include "device/dsp/feature_quantiser.h"

namespace tadpole {
namespace dsp {

/// The sizes that code around a block needs, and one function on its tables. Made by a function of the
/// block's own struct, as mel_features(), at compile time on a board.
struct SpeechFeatures {
  int32_t sample_rate_hz;
  int32_t window_samples;
  int32_t stride_samples;      // >= 1; may exceed the window
  int32_t frames;              // rows of one clip
  int32_t values_per_frame;    // columns
  uint32_t row_scratch_bytes;  // a multiple of 4
  uint32_t state_bytes;        // that one row leaves for the next; a multiple of 4, often 0
  /// pcm: [window_samples]. state: zeros before the first row of a signal. out: [values_per_frame].
  void (*extract_row)(const void* tables, const int16_t* pcm, void* state, void* scratch, int16_t* out);
  const void* tables;
};

/// Samples that extract_clip reads, from the first of frame 0 to the last of the last frame. A clip may be up
/// to one stride longer.
constexpr int32_t extracted_samples(const SpeechFeatures& f) {
  return f.window_samples + (f.frames - 1) * f.stride_samples;
}

/// Working memory of extract_clip and of an SpeechStream, 4-byte aligned. Nothing in it outlives a call, so
/// it may share memory with a model's arena.
constexpr uint32_t scratch_bytes(const SpeechFeatures& f) { return f.row_scratch_bytes + f.state_bytes; }

/// Memory that an SpeechStream keeps between calls, 4-byte aligned: the block's state, one window of PCM and
/// `frames` rows of features.
constexpr uint32_t stream_bytes(const SpeechFeatures& f) {
  return f.state_bytes + 2u * static_cast<uint32_t>(f.window_samples + f.frames * f.values_per_frame);
}

/// All rows of one clip, which is a signal of its own. pcm: [extracted_samples(features)]. scratch:
/// scratch_bytes(features). out: row-major [frames, values_per_frame].
void extract_clip(const SpeechFeatures& features, const int16_t* pcm, void* scratch, int16_t* out);

/// Features of an endless signal. Every row equals, bit for bit, the row that a clip with the same beginning
/// has, however the signal is cut into pieces; with a block without state it is the row of any clip that
/// holds the same samples. Not thread-safe; copies share the memory.
class SpeechStream {
 public:
  /// features, memory (stream_bytes) and scratch (scratch_bytes) must outlive the stream. Starts empty.
  void init(const SpeechFeatures* features, void* memory, void* scratch);

  /// Forgets all PCM, all rows and the block's state. No silence is assumed before the first sample.
  void reset();

  /// Takes n >= 0 samples; returns how many rows were finished. With more new rows than `frames` only the
  /// last are kept.
  int32_t push(const int16_t* pcm, int32_t n);

  /// Samples still missing until the next row: push no more than this to see every row.
  int32_t samples_to_next_row() const;

  /// Rows held, at most `frames`.
  int32_t rows() const { return rows_; }
  /// True once a whole clip is held.
  bool full() const { return rows_ == features_->frames; }

  /// Row i of those held, 0 = oldest, [values_per_frame]. Valid until the next push or reset. 0 <= i <
  /// rows().
  const int16_t* row(int32_t i) const;

  /// Copies the held rows, oldest first: row-major [rows(), values_per_frame].
  void latest(int16_t* out) const;

 private:
  const SpeechFeatures* features_ = nullptr;
  void* state_ = nullptr;
  int16_t* pcm_ = nullptr;         // window_samples; the first held_ are filled
  int16_t* row_memory_ = nullptr;  // ring of frames rows
  void* scratch_ = nullptr;
  int32_t held_ = 0;
  int32_t skip_ = 0;  // samples to drop before the next window begins (stride > window)
  int32_t next_ = 0;  // ring slot of the next row
  int32_t rows_ = 0;
};

}  // namespace dsp
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_DSP_SPEECH_FEATURES_H_
