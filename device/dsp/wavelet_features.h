// How much of a sound lies in each octave, by orthonormal wavelets in fixed point. In: 16-bit PCM. Out: int16
// rows. Formula, scales and error: docs/formats/features.md.
#ifndef TADPOLE_DEVICE_DSP_WAVELET_FEATURES_H_
#define TADPOLE_DEVICE_DSP_WAVELET_FEATURES_H_

#include <stdint.h>

#include "device/dsp/speech_features.h"

namespace tadpole {
namespace dsp {

/// Raised whenever the same PCM would give other features.
constexpr int32_t kWaveletVersion = 1;

constexpr int32_t kWaveletFractionBits = 10;  // of a feature
constexpr int32_t kMaxWaveletLevels = 10;
constexpr int32_t kMaxWaveletTaps = 8;

/// Everything that defines one extractor; made by features::FeatureBlock.
struct WaveletFeatures {
  int32_t sample_rate_hz;
  int32_t window_samples;
  int32_t stride_samples;
  int32_t frames;  // rows of one clip
  int32_t levels;  // octaves; a row has one value more, for what lies below them
  int32_t length;  // window_samples filled up with zeros to a multiple of 2^levels
  int32_t taps;    // even, at most kMaxWaveletTaps; length / 2^(levels - 1) >= taps

  const int32_t* low;  // [taps] low-pass filter, 2^30 = 1; the high-pass is its mirror with alternating signs
};

constexpr uint32_t wavelet_scratch_bytes(const WaveletFeatures& f) {
  return 4u * static_cast<uint32_t>(f.length + f.taps);
}

/// One row: ln(1 + mean square of the octave's coefficients / 1 LSB^2), the highest octave first.
/// tables: a WaveletFeatures. state: not used. scratch: wavelet_scratch_bytes(), 4-byte aligned. No heap;
/// cost O(length * taps). Source: S. Mallat, A Theory for Multiresolution Signal Decomposition, IEEE PAMI 11,
/// 1989.
void extract_wavelet_row(const void* tables, const int16_t* pcm, void* state, void* scratch, int16_t* out);

/// The block as any code around it sees it.
constexpr SpeechFeatures wavelet_features(const WaveletFeatures& f) {
  return {f.sample_rate_hz,
          f.window_samples,
          f.stride_samples,
          f.frames,
          f.levels + 1,
          wavelet_scratch_bytes(f),
          0,
          extract_wavelet_row,
          &f};
}

}  // namespace dsp
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_DSP_WAVELET_FEATURES_H_
