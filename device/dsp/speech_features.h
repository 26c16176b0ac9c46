// Log-mel and MFCC features in fixed point: the one source for trainer, host, virtual board and chip.
// In: 16-bit PCM. Out: int16 features. No heap, no libm; all tables are made on the host and passed in as
// constants. The formula, every constant and the measured error: docs/formats/features.md.
#ifndef TADPOLE_DEVICE_DSP_SPEECH_FEATURES_H_
#define TADPOLE_DEVICE_DSP_SPEECH_FEATURES_H_

#include <stdint.h>

namespace tadpole {
namespace dsp {

/// Raised whenever the same PCM would give other features.
constexpr int32_t kSpeechFeaturesVersion = 1;

/// Real value of a log-mel feature = int16 * 2^-10, of an MFCC = int16 * 2^-7, in natural-log units. No input
/// saturates them: a log energy stays below 29.9, a coefficient below 228, for up to kMaxBands bands and
/// kMaxFftSize points.
constexpr int32_t kLogMelFractionBits = 10;
constexpr int32_t kMfccFractionBits = 7;
constexpr int32_t kMinFftSize = 64;
constexpr int32_t kMaxFftSize = 16384;
constexpr int32_t kMaxBands = 80;

/// Everything that defines one extractor. Plain constants: it lives in flash on a board. Made by
/// features::FeatureBlock on the host, printed by codegen; never written by hand. Lengths of the tables are
/// in brackets.
struct SpeechFeatures {
  int32_t sample_rate_hz;
  int32_t window_samples;    // <= fft_size
  int32_t stride_samples;    // >= 1; may exceed the window
  int32_t frames;            // rows of one clip
  int32_t values_per_frame;  // columns: coefficients, or bands when coefficients is 0

  int32_t fft_size;           // power of two, kMinFftSize to kMaxFftSize
  int32_t bands;              // mel bands, at most kMaxBands
  int32_t coefficients;       // kept MFCC coefficients; 0: the log-mel energies themselves
  int32_t fraction_bits;      // a feature's real value is int16 * 2^-fraction_bits
  int32_t dct_fraction_bits;  // of the table dct
  int32_t bins;               // spectrum lines that any band uses
  uint32_t floor_energy;  // noise floor of 1 LSB^2 in the units of the band sums, for a frame of headroom 0
  int32_t floor_log2;     // its log2 with 16 fraction bits, as log2_q16 computes it

  const int32_t* window;       // [window_samples / 2 + 1] first half of the symmetric Hann window, 2^31 = 1
  const int32_t* sine;         // [fft_size] sin(2 pi i / fft_size), 2^30 = 1
  const uint16_t* reversed;    // [fft_size / 2] bit-reversed index
  const uint16_t* band_edges;  // [bands + 2] first spectrum line at or above each mel edge (lowest: above)
  const uint16_t* mel_rise;    // [bins] rising weight of each line from band_edges[0] on, 2^16 = 1
  const int16_t* dct;          // [coefficients * bands] orthonormal DCT-II, row-major; null for log-mel
};

/// Length of the tables above, for whoever prints them.
constexpr int32_t window_table_length(const SpeechFeatures& f) { return f.window_samples / 2 + 1; }
constexpr int32_t sine_table_length(const SpeechFeatures& f) { return f.fft_size; }
constexpr int32_t reversed_table_length(const SpeechFeatures& f) { return f.fft_size / 2; }
constexpr int32_t band_edges_length(const SpeechFeatures& f) { return f.bands + 2; }
constexpr int32_t mel_rise_length(const SpeechFeatures& f) { return f.bins; }
constexpr int32_t dct_table_length(const SpeechFeatures& f) { return f.coefficients * f.bands; }

/// Samples that extract_clip reads, from the first of frame 0 to the last of the last frame. A clip may be up
/// to one stride longer.
constexpr int32_t extracted_samples(const SpeechFeatures& f) {
  return f.window_samples + (f.frames - 1) * f.stride_samples;
}

/// Working memory of extract_frame and extract_clip, 4-byte aligned. Nothing in it outlives a call, so it may
/// share memory with a model's arena.
constexpr uint32_t scratch_bytes(const SpeechFeatures& f) {
  return 4u * static_cast<uint32_t>(f.fft_size) + 4u * static_cast<uint32_t>((f.bands + 1) / 2);
}

/// Memory that a SpeechStream keeps between calls, 2-byte aligned: one window of PCM and `frames` rows of
/// features.
constexpr uint32_t stream_bytes(const SpeechFeatures& f) {
  return 2u * static_cast<uint32_t>(f.window_samples + f.frames * f.values_per_frame);
}

/// One row of features from one window of PCM.
/// pcm: [window_samples]. scratch: scratch_bytes(), 4-byte aligned. out: [values_per_frame]. Any PCM is
/// legal; digital silence gives exact zeros. No heap; cost O(fft_size log fft_size), whatever the sound.
void extract_frame(const SpeechFeatures& features, const int16_t* pcm, void* scratch, int16_t* out);

/// All rows of one clip. pcm: [extracted_samples(features)]. out: row-major [frames, values_per_frame].
void extract_clip(const SpeechFeatures& features, const int16_t* pcm, void* scratch, int16_t* out);

/// Features of an endless signal. Every row equals, bit for bit, the row that extract_clip makes of the same
/// samples, however the signal is cut into pieces. Not thread-safe; copies share the memory.
class SpeechStream {
 public:
  /// features, memory (stream_bytes) and scratch (scratch_bytes) must outlive the stream. Starts empty.
  void init(const SpeechFeatures* features, void* memory, void* scratch);

  /// Forgets all PCM and all rows. No silence is assumed before the first sample.
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
  int16_t* pcm_ = nullptr;         // window_samples; the first held_ are filled
  int16_t* row_memory_ = nullptr;  // ring of frames rows
  void* scratch_ = nullptr;
  int32_t held_ = 0;
  int32_t skip_ = 0;  // samples to drop before the next window begins (stride > window)
  int32_t next_ = 0;  // ring slot of the next row
  int32_t rows_ = 0;
};

/// Turns a feature into the int8 of a model's input: real feature scale / input scale = multiplier *
/// 2^-shift.
struct FeatureQuantiser {
  int64_t multiplier;  // 0, or 2^45 to 2^46
  int32_t shift;       // 1 to 62
  int32_t zero_point;  // -128 to 127
};

/// round(feature * feature_scale / input_scale) + zero_point, halves away from zero, saturated to int8.
/// Integers only. Exact, as proved in docs/formats/features.md: equal to rational arithmetic for every int16
/// and all positive float scales, because the 46-bit multiplier is off by less than any quotient of floats is
/// from a half.
int8_t quantise_feature(int16_t feature, const FeatureQuantiser& quantiser);

}  // namespace dsp
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_DSP_SPEECH_FEATURES_H_
