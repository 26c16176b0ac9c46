// One frame: headroom, Hann window, real FFT, mel bands, logarithm, DCT. Formula and scales:
// docs/formats/features.md. Shifts of negative numbers are arithmetic on every compiler that we support, and
// C++20 requires it.
#include "device/dsp/speech_features.h"

#include "device/dsp/fixed_log.h"
#include "device/dsp/real_fft.h"

namespace tadpole {
namespace dsp {
namespace {

/// How far every sample can be shifted left and stay an int16: 0 to 15.
int32_t headroom(const int16_t* pcm, int32_t samples) {
  uint32_t bits = 1;  // keeps clz defined; the lowest bit alone changes nothing below
  for (int32_t i = 0; i < samples; ++i) {
    bits |= static_cast<uint32_t>(pcm[i] ^ (pcm[i] >> 15));  // x, or -1 - x when negative
  }
  return __builtin_clz(bits) - 17;
}

/// The windowed frame as (even, odd) pairs in bit-reversed order, zeros up to fft_size. Values: pcm * window
/// * 2^(headroom + 15), at most 2^30.
void window_frame(const SpeechFeatures& f, const int16_t* pcm, int32_t room, int32_t* data) {
  const int32_t shift = room + 16, samples = f.window_samples;
  const auto windowed = [=, &f](int32_t n) {
    const int32_t mirrored = samples - n;
    const int32_t weight = f.window[n < mirrored ? n : mirrored];
    const int32_t sample = static_cast<int32_t>(static_cast<uint32_t>(static_cast<int32_t>(pcm[n])) << shift);
    return static_cast<int32_t>((static_cast<int64_t>(sample) * weight) >> 32);
  };
  const uint16_t* reversed = f.reversed;
  const uint16_t* const end = reversed + f.fft_size / 2;
  int32_t n = 0;
  for (; n + 1 < samples; n += 2) {
    int32_t* const pair = data + 2 * *reversed++;
    pair[0] = windowed(n);
    pair[1] = windowed(n + 1);
  }
  if (n < samples) {
    int32_t* const pair = data + 2 * *reversed++;
    pair[0] = windowed(n);
    pair[1] = 0;
  }
  while (reversed != end) {
    int32_t* const pair = data + 2 * *reversed++;
    pair[0] = pair[1] = 0;
  }
}

/// value * weight / 2^16 without losing low bits, of value = low + 2^32 * high < 2^58.
inline uint64_t weighted(uint32_t low, uint32_t high, uint32_t weight) {
  const uint64_t product = static_cast<uint64_t>(low) * weight;
  const uint64_t above = static_cast<uint64_t>(high) * weight + (product >> 32);
  return above << 16 | static_cast<uint32_t>(product) >> 16;
}

/// ln(1 + band energy / 1 LSB^2) of every band, kLogMelFractionBits.
void log_mel(const SpeechFeatures& f, int32_t* spectrum, int32_t room, int16_t* out) {
  real_powers(spectrum, f.fft_size / 2, f.sine, f.band_edges[0], f.band_edges[f.bands + 1]);
  const uint64_t floor_energy = static_cast<uint64_t>(f.floor_energy) << (2 * room);
  const int32_t floor_log2 = f.floor_log2 + 2 * room * 65536;
  const uint16_t* rise = f.mel_rise;
  uint64_t rising = 0;  // rising edge of the band whose falling edge comes next
  // Between two neighbouring mel edges one triangle falls as the next rises, and the two weights sum to 1.
  for (int32_t edge = 0; edge <= f.bands; ++edge) {
    uint64_t all = 0, up = 0;
    for (int32_t k = f.band_edges[edge]; k < f.band_edges[edge + 1]; ++k) {
      const uint32_t low = static_cast<uint32_t>(spectrum[2 * k]),
                     high = static_cast<uint32_t>(spectrum[2 * k + 1]);
      all += static_cast<uint64_t>(high) << 32 | low;
      up += weighted(low, high, *rise++);
    }
    if (edge > 0) {
      const int32_t above_floor = log2_q16(rising + (all - up) + floor_energy) - floor_log2;
      out[edge - 1] = static_cast<int16_t>(log2_to_natural(above_floor, kLogMelFractionBits));
    }
    rising = up;
  }
}

/// Rows of the DCT, rounded to kMfccFractionBits.
void cosine_transform(const SpeechFeatures& f, const int16_t* log_energies, int16_t* out) {
  const int32_t shift = kLogMelFractionBits + f.dct_fraction_bits - kMfccFractionBits;
  const int16_t* weight = f.dct;
  for (int32_t row = 0; row < f.coefficients; ++row) {
    int64_t sum = int64_t{1} << (shift - 1);
    for (int32_t band = 0; band < f.bands; ++band)
      sum += static_cast<int32_t>(log_energies[band]) * *weight++;
    out[row] = static_cast<int16_t>(sum >> shift);
  }
}

}  // namespace

void extract_frame(const SpeechFeatures& features, const int16_t* pcm, void* scratch, int16_t* out) {
  int32_t* const data = static_cast<int32_t*>(scratch);
  const int32_t room = headroom(pcm, features.window_samples);
  window_frame(features, pcm, room, data);
  fft_scaled(data, features.fft_size / 2, features.sine);
  if (features.coefficients == 0) {
    log_mel(features, data, room, out);
    return;
  }
  int16_t* const log_energies = static_cast<int16_t*>(static_cast<void*>(data + features.fft_size));
  log_mel(features, data, room, log_energies);
  cosine_transform(features, log_energies, out);
}

void extract_clip(const SpeechFeatures& features, const int16_t* pcm, void* scratch, int16_t* out) {
  for (int32_t frame = 0; frame < features.frames; ++frame) {
    extract_frame(features, pcm, scratch, out);
    pcm += features.stride_samples;
    out += features.values_per_frame;
  }
}

int8_t quantise_feature(int16_t feature, const FeatureQuantiser& quantiser) {
  // |feature| * multiplier <= 2^15 * 2^46. The magnitude is rounded, so that halves go away from zero.
  const int64_t magnitude = (feature < 0 ? -int64_t{feature} : int64_t{feature}) * quantiser.multiplier;
  const int64_t rounded = (magnitude + (int64_t{1} << (quantiser.shift - 1))) >> quantiser.shift;
  const int64_t value = (feature < 0 ? -rounded : rounded) + quantiser.zero_point;
  return static_cast<int8_t>(value < -128 ? -128 : value > 127 ? 127 : value);
}

}  // namespace dsp
}  // namespace tadpole
