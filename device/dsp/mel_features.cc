// One frame: headroom, Hann window, real FFT, bands or lines, logarithm, DCT. Formula and scales:
// docs/formats/features.md. Shifts of negative numbers are arithmetic on every compiler that we support, and
// C++20 requires it.
#include "device/dsp/mel_features.h"

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

/// What samples are multiplied with the window: they as they are, shifted to the top of 32 bits.
struct PlainSamples {
  const int16_t* pcm;
  int32_t shift;
  int32_t operator()(int32_t n) const {
    return static_cast<int32_t>(static_cast<uint32_t>(static_cast<int32_t>(pcm[n])) << shift);
  }
};

/// x[n] - 0.98 x[n - 1], shifted to the top. The sample before the window counts as its first: the window is
/// 0 there.
struct EmphasisedSamples {
  const int16_t* pcm;
  int32_t shift;
  int32_t value(int32_t n) const { return pcm[n] * 32768 - pcm[n > 0 ? n - 1 : 0] * 32113; }
  int32_t operator()(int32_t n) const {
    return static_cast<int32_t>(static_cast<uint32_t>(value(n)) << shift);
  }
};

/// The windowed frame as (even, odd) pairs in bit-reversed order, zeros up to fft_size. Values: sample *
/// window / 2, at most 2^30.
template <class Samples>
void window_frame(const MelFeatures& f, const Samples& source, int32_t* data) {
  const int32_t samples = f.window_samples;
  const auto windowed = [=, &f](int32_t n) {
    const int32_t mirrored = samples - n;
    const int32_t weight = f.window[n < mirrored ? n : mirrored];
    return static_cast<int32_t>((static_cast<int64_t>(source(n)) * weight) >> 32);
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

/// Calls take(band, energy) for the energy of every band in turn. The spectrum becomes powers.
template <class Take>
void band_energies(const MelFeatures& f, int32_t* spectrum, Take take) {
  real_powers(spectrum, f.fft_size / 2, f.sine, f.band_edges[0], f.band_edges[f.bands + 1]);
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
    if (edge > 0) take(edge - 1, rising + (all - up));
    rising = up;
  }
}

/// ln(1 + energy / 1 LSB^2), kLogMelFractionBits, of energies of a frame with this headroom.
struct LogAboveFloor {
  LogAboveFloor(const MelFeatures& f, int32_t room)
      : energy(static_cast<uint64_t>(f.floor_energy) << (2 * room)), log2(f.floor_log2 + 2 * room * 65536) {}
  int16_t operator()(uint64_t value) const {
    return static_cast<int16_t>(log2_to_natural(log2_q16(value + energy) - log2, kLogMelFractionBits));
  }
  uint64_t energy;
  int32_t log2;
};

/// Rows of the DCT, rounded to kMfccFractionBits.
void cosine_transform(const MelFeatures& f, const int16_t* log_energies, int16_t* out) {
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

void extract_mel_row(const void* tables, const int16_t* pcm, void*, void* scratch, int16_t* out) {
  const MelFeatures& f = *static_cast<const MelFeatures*>(tables);
  int32_t* const data = static_cast<int32_t*>(scratch);
  const int32_t room = headroom(pcm, f.window_samples);
  window_frame(f, PlainSamples{pcm, room + 16}, data);
  fft_scaled(data, f.fft_size / 2, f.sine);
  const bool mfcc = f.coefficients != 0;
  int16_t* const log_energies = mfcc ? static_cast<int16_t*>(static_cast<void*>(data + f.fft_size)) : out;
  const LogAboveFloor log(f, room);
  band_energies(f, data, [&](int32_t band, uint64_t energy) { log_energies[band] = log(energy); });
  if (mfcc) cosine_transform(f, log_energies, out);
}

void extract_mfe_row(const void* tables, const int16_t* pcm, void*, void* scratch, int16_t* out) {
  const MelFeatures& f = *static_cast<const MelFeatures*>(tables);
  int32_t* const data = static_cast<int32_t*>(scratch);
  EmphasisedSamples samples{pcm, 0};
  uint32_t bits = 1u << 16;  // no more than 14 bits of headroom, as a sample of one unit has
  for (int32_t n = 0; n < f.window_samples; ++n) {
    const int32_t value = samples.value(n);
    bits |= static_cast<uint32_t>(value ^ (value >> 31));
  }
  samples.shift = __builtin_clz(bits) - 1;
  window_frame(f, samples, data);
  fft_scaled(data, f.fft_size / 2, f.sine);
  const int32_t zero = f.floor_log2 + 2 * samples.shift * 65536;
  band_energies(f, data, [&](int32_t band, uint64_t energy) {
    // An energy of 0 counts as one unit, which lies below every noise floor.
    const int64_t above = static_cast<int64_t>(log2_q16(energy | 1u)) - zero;
    const int64_t value = (above * f.log_gain + (int64_t{1} << 31)) >> 32;
    const int32_t one = 1 << kMfeFractionBits;
    out[band] = static_cast<int16_t>(value < 0 ? 0 : value > one ? one : value);
  });
}

void extract_spectrogram_row(const void* tables, const int16_t* pcm, void*, void* scratch, int16_t* out) {
  const MelFeatures& f = *static_cast<const MelFeatures*>(tables);
  int32_t* const data = static_cast<int32_t*>(scratch);
  const int32_t room = headroom(pcm, f.window_samples);
  window_frame(f, PlainSamples{pcm, room + 16}, data);
  fft_scaled(data, f.fft_size / 2, f.sine);
  const LogAboveFloor log(f, room);
  real_powers(data, f.fft_size / 2, f.sine, f.band_edges[0], f.band_edges[1]);
  for (int32_t k = f.band_edges[0]; k < f.band_edges[1]; ++k) {
    *out++ = log(static_cast<uint64_t>(static_cast<uint32_t>(data[2 * k + 1])) << 32 |
                 static_cast<uint32_t>(data[2 * k]));
  }
}

}  // namespace dsp
}  // namespace tadpole
