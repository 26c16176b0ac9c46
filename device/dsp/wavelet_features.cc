// The samples carry 8 more bits than PCM. An orthonormal transform keeps the sum of squares: of at most 10240
// samples no value passes 2^23 sqrt(10240) < 2^30, and no sum 2^60.
#include "device/dsp/wavelet_features.h"

#include "device/dsp/fixed_log.h"

namespace tadpole {
namespace dsp {
namespace {

constexpr int32_t kMoreBits = 8;

inline int32_t rounded(int64_t sum) { return static_cast<int32_t>((sum + (int64_t{1} << 29)) >> 30); }

/// ln(1 + sum of squares / count), where a square has 2 kMoreBits fraction bits.
int16_t log_of_mean(uint64_t sum, int32_t count) {
  const uint64_t one = static_cast<uint64_t>(count) << (2 * kMoreBits);
  return static_cast<int16_t>(log2_to_natural(log2_q16(sum + one) - log2_q16(one), kWaveletFractionBits));
}

inline uint64_t square(int32_t value) { return static_cast<uint64_t>(static_cast<int64_t>(value) * value); }

/// One level in place: the first half of `count` values becomes the low-pass part. Returns the high-pass
/// part's sum of squares. data has room for `taps` more values: the signal goes on with its beginning.
uint64_t split_octave(const WaveletFeatures& f, int32_t* data, int32_t count) {
  for (int32_t i = 0; i < f.taps; ++i) data[count + i] = data[i];
  uint64_t sum = 0;
  for (int32_t n = 0; n < count / 2; ++n) {
    const int32_t* const from = data + 2 * n;
    int64_t low = 0, high = 0;
    for (int32_t k = 0; k < f.taps; k += 2) {
      low += static_cast<int64_t>(from[k]) * f.low[k] + static_cast<int64_t>(from[k + 1]) * f.low[k + 1];
      high += static_cast<int64_t>(from[k]) * f.low[f.taps - 1 - k] -
              static_cast<int64_t>(from[k + 1]) * f.low[f.taps - 2 - k];
    }
    data[n] = rounded(low);
    sum += square(rounded(high));
  }
  return sum;
}

}  // namespace

void extract_wavelet_row(const void* tables, const int16_t* pcm, void*, void* scratch, int16_t* out) {
  const WaveletFeatures& f = *static_cast<const WaveletFeatures*>(tables);
  int32_t* const data = static_cast<int32_t*>(scratch);
  for (int32_t n = 0; n < f.length; ++n) data[n] = n < f.window_samples ? pcm[n] * (1 << kMoreBits) : 0;
  int32_t count = f.length;
  for (int32_t level = 0; level < f.levels; ++level) {
    const uint64_t sum = split_octave(f, data, count);
    count /= 2;
    *out++ = log_of_mean(sum, count);
  }
  uint64_t sum = 0;
  for (int32_t n = 0; n < count; ++n) sum += square(data[n]);
  *out = log_of_mean(sum, count);
}

}  // namespace dsp
}  // namespace tadpole
