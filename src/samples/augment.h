// Variants of recordings for training: moved, louder or softer, faster or slower, in noise; and masks over
// features. In memory, portable, integer and plain float arithmetic only: the same seed gives the same bits
// on every machine.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/rng.h"

namespace tadpole::samples {

/// How far variants may stray from their recording.
struct AugmentOptions {
  int variants = 40;  ///< per training recording; 0 = none
  uint64_t seed = 1;
  int shift_ms = 150;        ///< moved by up to this, either way; the gap is filled with zeros
  float gain_db = 6;         ///< made louder or softer by up to this; values beyond full scale are cut
  float speed_percent = 15;  ///< played faster or slower by up to this, which moves the pitch too
  float speed_probability = 1;
  float noise_probability = 0.8f;                      ///< that background noise is mixed in
  float noise_snr_low_db = 5, noise_snr_high_db = 35;  ///< speech energy over noise energy, uniform between
  float silence_volume_max = 1;                        ///< silence is noise at a volume uniform in [0, this]
  float pitch_percent = 0;  ///< higher or lower by up to this at the same speed; 0 = none
  float pitch_probability = 0.5f;
  float room_probability = 0;     ///< that it sounds in a synthetic room
  float room_decay_ms_max = 300;  ///< its reverberation time is uniform up to this
  float mix_probability = 0;      ///< that another recording of the training side is heard softly behind it
  float mix_snr_low_db = 10, mix_snr_high_db = 30;  ///< uniform between

  bool operator==(const AugmentOptions&) const = default;
  /// A text that changes whenever the variants would: settings and the version of the algorithm.
  std::string fingerprint() const;
};

/// Noise recordings to cut from. The spans must stay alive; empty ones are ignored.
using NoiseBank = std::vector<std::span<const int16_t>>;

/// One variant of `pcm`, of the same length. Draws from `rng` only. `others`: recordings for
/// mix_probability. O(n).
std::vector<int16_t> augment(std::span<const int16_t> pcm, int sample_rate_hz, const NoiseBank& noise,
                             const AugmentOptions& options, Rng& rng, const NoiseBank& others = {});

/// `length` values of noise from a random place of a random recording, times `volume`; a recording shorter
/// than that is repeated. Zeros when the bank is empty. Longer recordings are chosen in proportion to their
/// length.
std::vector<int16_t> noise_clip(const NoiseBank& noise, int length, float volume, Rng& rng);

/// Seeded room noise of `length` values: low-passed noise with a root mean square of `rms` (of int16).
std::vector<int16_t> synthetic_noise(int length, float rms, Rng& rng);

/// 10^(decibels / 20) within 1e-6 relative for -120..120, by additions and multiplications only.
float amplitude_of_decibels(float decibels);

/// Root mean square of a signal, in steps of int16.
float root_mean_square(std::span<const int16_t> pcm);

/// Stretches of features to hide from the network during training.
struct MaskOptions {
  int time_masks = 2, time_frames_max = 8;     ///< each hides 0..max neighbouring frames
  int frequency_masks = 2, frequency_max = 2;  ///< each hides 0..max neighbouring values of every frame
};

/// Replaces masked features, row-major [frames, values], by the mean of their column over the clip, which is
/// the value that says least. T: float or int16_t. No heap. Source: SpecAugment (Park et al. 2019), which
/// uses zeros.
template <class T>
void mask_features(std::span<T> features, int frames, int values, Rng& rng, const MaskOptions& options) {
  const auto column_mean = [&](int value) {
    double sum = 0;
    for (int frame = 0; frame < frames; ++frame)
      sum += static_cast<double>(features[static_cast<size_t>(frame * values + value)]);
    return static_cast<T>(sum / frames);
  };
  const auto stretch = [&](int most, int size, int& start) {
    const int length = static_cast<int>(rng.below(static_cast<uint32_t>(std::min(most, size)) + 1));
    start = static_cast<int>(rng.below(static_cast<uint32_t>(size - length) + 1));
    return length;
  };
  for (int mask = 0; mask < options.time_masks; ++mask) {
    int start = 0;
    const int length = stretch(options.time_frames_max, frames, start);
    if (length == 0) continue;
    for (int value = 0; value < values; ++value) {
      const T mean = column_mean(value);
      for (int frame = start; frame < start + length; ++frame)
        features[static_cast<size_t>(frame * values + value)] = mean;
    }
  }
  for (int mask = 0; mask < options.frequency_masks; ++mask) {
    int start = 0;
    const int length = stretch(options.frequency_max, values, start);
    for (int value = start; value < start + length; ++value) {
      const T mean = column_mean(value);
      for (int frame = 0; frame < frames; ++frame)
        features[static_cast<size_t>(frame * values + value)] = mean;
    }
  }
}

}  // namespace tadpole::samples
