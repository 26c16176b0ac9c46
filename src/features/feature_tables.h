// The constant tables behind dsp::MelFeatures, made once with libm. In: a FeatureConfig. Out: integers for
// the device.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "device/dsp/mel_features.h"
#include "features/feature_config.h"

namespace tadpole::features {

/// Sizes that follow from a configuration. Milliseconds become samples rounded down.
struct FrameSizes {
  int window_samples, stride_samples, clip_samples, frames, fft_size;
};
FrameSizes frame_sizes(const FeatureConfig& config);

/// Mel scale of HTK (not Slaney's): 1127 ln(1 + hz / 700). Source: The HTK Book, section 5.4.
double mel_of_hz(double hz);
double hz_of_mel(double mel);

/// The bands + 2 edges, equally spaced in mel from low_hz to high_hz. Band b rises from edge b to b + 1,
/// falls to b + 2.
std::vector<double> mel_edges(const FeatureConfig& config);

/// Symmetric Hann window without its closing zero: w[n] = 0.5 - 0.5 cos(2 pi n / samples), w[samples - n] =
/// w[n].
double hann(int n, int samples);

/// What an MFE calls 1, in decibels of full scale.
constexpr double kMfeTopDb = 12;

/// First spectrum line of a spectrogram and the one after its last: those from low_hz to high_hz, without the
/// constant and half the sample rate.
std::array<int, 2> spectrogram_lines(const FeatureConfig& config);

/// Owns what a dsp::MelFeatures points to. Not copyable: `device` points into it.
struct FeatureTables {
  explicit FeatureTables(const FeatureConfig& config);
  FeatureTables(const FeatureTables&) = delete;
  FeatureTables& operator=(const FeatureTables&) = delete;

  std::vector<int32_t> window, sine;
  std::vector<uint16_t> reversed, band_edges, mel_rise;
  std::vector<int16_t> dct;
  dsp::MelFeatures device;
};

/// Index of the first band whose weights sum to less than 1/64 over all spectrum lines, or -1. Such a band
/// hears nothing, or too little for 16-bit weights.
int first_empty_band(const FeatureConfig& config);

}  // namespace tadpole::features
