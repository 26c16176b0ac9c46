// Log-mel, MFCC, MFE and spectrogram features in fixed point: the one source for trainer, host, virtual board
// and chip. In: 16-bit PCM. Out: int16 features. No heap, no libm; all tables are made on the host and passed
// in as constants. The formula, every constant and the measured error: docs/formats/features.md.
#ifndef TADPOLE_DEVICE_DSP_MEL_FEATURES_H_
#define TADPOLE_DEVICE_DSP_MEL_FEATURES_H_

#include <stdint.h>

#include "device/dsp/speech_features.h"

namespace tadpole {
namespace dsp {

/// Raised whenever the same PCM would give other features.
constexpr int32_t kSpeechFeaturesVersion = 1;

/// Real value of a log-mel feature = int16 * 2^-10, of an MFCC = int16 * 2^-7, in natural-log units. No input
/// saturates them: a log energy stays below 29.9, a coefficient below 228, for up to kMaxBands bands and
/// kMaxFftSize points. An MFE lies between 0 and 1 = 2^12.
constexpr int32_t kLogMelFractionBits = 10;
constexpr int32_t kMfccFractionBits = 7;
constexpr int32_t kMfeFractionBits = 12;
constexpr int32_t kMinFftSize = 64;
constexpr int32_t kMaxFftSize = 16384;
constexpr int32_t kMaxBands = 80;

/// Everything that defines one extractor. Plain constants: it lives in flash on a board. Made by
/// features::FeatureBlock on the host, printed by codegen; never written by hand. Lengths of the tables are
/// in brackets.
struct MelFeatures {
  int32_t sample_rate_hz;
  int32_t window_samples;    // <= fft_size
  int32_t stride_samples;    // >= 1; may exceed the window
  int32_t frames;            // rows of one clip
  int32_t values_per_frame;  // columns: coefficients, or bands when coefficients is 0; spectrogram: bins

  int32_t fft_size;           // power of two, kMinFftSize to kMaxFftSize
  int32_t bands;              // mel bands, at most kMaxBands; spectrogram: 0
  int32_t coefficients;       // kept MFCC coefficients; 0: the log-mel energies themselves
  int32_t fraction_bits;      // a feature's real value is int16 * 2^-fraction_bits
  int32_t dct_fraction_bits;  // of the table dct
  int32_t bins;               // spectrum lines that any band uses, from band_edges[0] on
  uint32_t floor_energy;  // noise floor of 1 LSB^2 in the units of the band sums, for a frame of headroom 0
  int32_t floor_log2;  // its log2 with 16 fraction bits, as log2_q16 computes it; MFE: log2 of what gives 0
  int32_t log_gain;    // MFE: 2^32 times the feature's growth for each unit of log2 with 16 fraction bits

  const int32_t* window;       // [window_samples / 2 + 1] first half of the symmetric Hann window, 2^31 = 1
  const int32_t* sine;         // [fft_size] sin(2 pi i / fft_size), 2^30 = 1
  const uint16_t* reversed;    // [fft_size / 2] bit-reversed index
  const uint16_t* band_edges;  // [bands + 2] first spectrum line at or above each mel edge (lowest: above);
                               // spectrogram: [2] first line, and the one after the last
  const uint16_t* mel_rise;    // [bins] rising weight of each line from band_edges[0] on, 2^16 = 1;
                               // null for the spectrogram
  const int16_t* dct;          // [coefficients * bands] orthonormal DCT-II, row-major; null for log-mel
};

/// Length of the tables above, for whoever prints them.
constexpr int32_t window_table_length(const MelFeatures& f) { return f.window_samples / 2 + 1; }
constexpr int32_t sine_table_length(const MelFeatures& f) { return f.fft_size; }
constexpr int32_t reversed_table_length(const MelFeatures& f) { return f.fft_size / 2; }
constexpr int32_t band_edges_length(const MelFeatures& f) { return f.bands + 2; }
constexpr int32_t mel_rise_length(const MelFeatures& f) { return f.bins; }
constexpr int32_t dct_table_length(const MelFeatures& f) { return f.coefficients * f.bands; }

/// Working memory of one row, 4-byte aligned.
constexpr uint32_t mel_scratch_bytes(const MelFeatures& f) {
  return 4u * static_cast<uint32_t>(f.fft_size) + 4u * static_cast<uint32_t>((f.bands + 1) / 2);
}

/// One row of features from one window of PCM: log-mel energies or MFCC, by `coefficients`.
/// tables: a MelFeatures. pcm: [window_samples]. state: not used. scratch: mel_scratch_bytes(), 4-byte
/// aligned. out: [values_per_frame]. Any PCM is legal; digital silence gives exact zeros. No heap; cost
/// O(fft_size log fft_size), whatever the sound.
void extract_mel_row(const void* tables, const int16_t* pcm, void* state, void* scratch, int16_t* out);

/// The same for MFE: band energies after pre-emphasis in decibels, 0 at the noise floor and 1 at +12 dB.
void extract_mfe_row(const void* tables, const int16_t* pcm, void* state, void* scratch, int16_t* out);

/// The same for a spectrogram: the logarithm of each line above the noise floor of 1 LSB^2.
void extract_spectrogram_row(const void* tables, const int16_t* pcm, void* state, void* scratch,
                             int16_t* out);

/// A block as any code around it sees it.
constexpr SpeechFeatures mel_rows(const MelFeatures& f, decltype(SpeechFeatures::extract_row) extract_row) {
  return {f.sample_rate_hz,
          f.window_samples,
          f.stride_samples,
          f.frames,
          f.values_per_frame,
          mel_scratch_bytes(f),
          0,
          extract_row,
          &f};
}
constexpr SpeechFeatures mel_features(const MelFeatures& f) { return mel_rows(f, extract_mel_row); }
constexpr SpeechFeatures mfe_features(const MelFeatures& f) { return mel_rows(f, extract_mfe_row); }
constexpr SpeechFeatures spectrogram_features(const MelFeatures& f) {
  return mel_rows(f, extract_spectrogram_row);
}

}  // namespace dsp
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_DSP_MEL_FEATURES_H_
