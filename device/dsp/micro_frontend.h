// The well-known micro frontend: noise-reduced, gain-controlled log energies of 40 or so channels, in 16 and
// 32-bit fixed point. In: 16-bit PCM. Out: int16 rows. Formula, scales and error: docs/formats/features.md.
#ifndef TADPOLE_DEVICE_DSP_MICRO_FRONTEND_H_
#define TADPOLE_DEVICE_DSP_MICRO_FRONTEND_H_

#include <stdint.h>

#include "device/dsp/speech_features.h"

namespace tadpole {
namespace dsp {

/// Raised whenever the same PCM would give other features.
constexpr int32_t kMicroFrontendVersion = 1;

/// Fraction bits of the window and of the channels' weights, of the noise estimate, of a signal over noise.
constexpr int32_t kMicroWeightBits = 12;
constexpr int32_t kMicroSmoothingBits = 14;
constexpr int32_t kMicroSnrBits = 12;
constexpr int32_t kMicroGainLength = 125;
constexpr int32_t kMaxMicroFftSize = 4096;

/// Everything that defines one micro frontend; made by features::FeatureBlock. Lengths of tables in brackets.
struct MicroFrontend {
  int32_t sample_rate_hz;
  int32_t window_samples;  // <= fft_size
  int32_t stride_samples;
  int32_t frames;                         // rows of one clip
  int32_t channels;                       // values of a row
  int32_t fft_size;                       // power of two, at least 16
  int32_t correction_bits;                // by which the channels are short of the scale of the samples
  int32_t estimate_bits;                  // further fraction bits of the noise estimate
  int32_t even_smoothing, odd_smoothing;  // of the noise estimate, by the channel's number, 2^14 = 1
  int32_t signal_kept;                    // at least this share of a channel stays, 2^14 = 1
  int32_t snr_shift;                      // from channel * gain to signal over noise
  int32_t log_bits;                       // a value is 2^log_bits times a natural logarithm

  const int16_t* window;       // [window_samples] Hann, 2^12 = 1
  const uint16_t* order;       // [fft_size / 2] which pair of samples stands where the transform begins
  const int16_t* turns;        // [fft_size] (cos, sin) of -2 pi i / (fft_size / 2), 32767 = 1
  const int16_t* halves;       // [fft_size / 2] (cos, sin) of -pi (2 (i + 1) / fft_size + 1/2), 32767 = 1
  const uint16_t* edges;       // [channels + 2] first spectrum line of each segment between two centres
  const int16_t* falling;      // [edges[channels + 1] - edges[0]] weight of a line in the lower channel
  const int16_t* gain;         // [kMicroGainLength] gain by noise: 2 values, then 3 for each octave and a gap
  const uint16_t* log_excess;  // [129] (log2(1 + i / 128) - i / 128) * 2^16
};

/// Working memory of one row: the spectrum, then the channels.
constexpr uint32_t micro_frontend_scratch_bytes(const MicroFrontend& f) {
  return 4u * static_cast<uint32_t>(f.fft_size / 2 + 1 + f.channels);
}

/// One row. state: [channels] uint32 noise estimates, zero before the first row of a signal. Any PCM is
/// legal. No heap. Source: see docs/formats/features.md.
void extract_micro_frontend_row(const void* tables, const int16_t* pcm, void* state, void* scratch,
                                int16_t* out);

/// The block as any code around it sees it.
constexpr SpeechFeatures micro_frontend_features(const MicroFrontend& f) {
  return {f.sample_rate_hz,
          f.window_samples,
          f.stride_samples,
          f.frames,
          f.channels,
          micro_frontend_scratch_bytes(f),
          4u * static_cast<uint32_t>(f.channels),
          extract_micro_frontend_row,
          &f};
}

}  // namespace dsp
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_DSP_MICRO_FRONTEND_H_
