// One row of the micro frontend. Each rounding is the one that trained models expect
// (docs/formats/features.md): products are rounded to 15 bits, divisions by 4 and 2 are products with 8191
// and 16383.
#include "device/dsp/micro_frontend.h"

namespace tadpole {
namespace dsp {
namespace {

/// Complex number of two 16-bit parts, as it lies in one word: re in the lower half.
struct Complex {
  int32_t re, im;
};

inline Complex load(const uint32_t* at) {
  const uint32_t word = *at;
  return {static_cast<int16_t>(word & 0xffffu), static_cast<int32_t>(word) >> 16};
}

inline void store(uint32_t* at, int32_t re, int32_t im) {
  *at = (static_cast<uint32_t>(re) & 0xffffu) | (static_cast<uint32_t>(im) << 16);
}

inline int32_t rounded(int32_t product) { return static_cast<int16_t>((product + (1 << 14)) >> 15); }
inline Complex scaled(Complex value, int32_t factor) {
  return {rounded(value.re * factor), rounded(value.im * factor)};
}

inline Complex turned(Complex value, const int16_t* turn) {
  return {rounded(value.re * turn[0] - value.im * turn[1]), rounded(value.re * turn[1] + value.im * turn[0])};
}

/// Bits up to and with the highest one that is set.
inline int32_t bits_of(uint32_t value) { return value == 0 ? 0 : 32 - __builtin_clz(value); }

/// Windowed samples as complex pairs in the order of the transform; returns by how many bits they can grow,
/// and lets them.
int32_t window_frame(const MicroFrontend& f, const int16_t* pcm, uint32_t* data) {
  const int32_t samples = f.window_samples;
  int32_t largest = 0;
  const auto windowed = [&](int32_t n) {
    const int32_t value = (pcm[n] * f.window[n]) >> kMicroWeightBits;
    const int32_t size = value < 0 ? -value : value;
    if (size > largest) largest = size;
    return value;
  };
  const int32_t points = f.fft_size / 2;
  for (int32_t i = 0; i < points; ++i) {
    const int32_t n = 2 * f.order[i];
    store(data + i, n < samples ? windowed(n) : 0, n + 1 < samples ? windowed(n + 1) : 0);
  }
  const int32_t shift =
      bits_of(static_cast<uint32_t>(largest)) < 15 ? 15 - bits_of(static_cast<uint32_t>(largest)) : 0;
  // Both halves at once: what leaves the lower half upwards is masked away.
  const uint32_t mask = ((0xffffu << shift) & 0xffffu) | (0xffff0000u << shift);
  for (int32_t i = 0; i < points; ++i) data[i] = (data[i] << shift) & mask;
  return shift;
}

/// Joins pairs of single points.
void radix2_first_stage(uint32_t* data, int32_t points, const int16_t* turns) {
  for (uint32_t* at = data; at != data + points; at += 2) {
    const Complex a = scaled(load(at), 16383), b = turned(scaled(load(at + 1), 16383), turns);
    store(at + 1, a.re - b.re, a.im - b.im);
    store(at, a.re + b.re, a.im + b.im);
  }
}

/// Joins groups of four transforms of `length` points, which lie one after another.
void radix4_stage(uint32_t* data, int32_t points, int32_t length, const int16_t* turns) {
  const int32_t step = 2 * (points / (4 * length));  // int16 values from one angle to the next
  for (int32_t i = 0; i < length; ++i) {
    const int16_t* const turn_b = turns + i * step;
    const int16_t* const turn_c = turns + 2 * i * step;
    const int16_t* const turn_d = turns + 3 * i * step;
    for (uint32_t* at = data + i; at < data + points; at += 4 * length) {
      const Complex a = scaled(load(at), 8191);
      const Complex b = turned(scaled(load(at + length), 8191), turn_b);
      const Complex c = turned(scaled(load(at + 2 * length), 8191), turn_c);
      const Complex d = turned(scaled(load(at + 3 * length), 8191), turn_d);
      const Complex a_c = {a.re - c.re, a.im - c.im}, ac = {a.re + c.re, a.im + c.im};
      const Complex b_d = {b.re - d.re, b.im - d.im}, bd = {b.re + d.re, b.im + d.im};
      store(at, ac.re + bd.re, ac.im + bd.im);
      store(at + length, a_c.re + b_d.im, a_c.im - b_d.re);
      store(at + 2 * length, ac.re - bd.re, ac.im - bd.im);
      store(at + 3 * length, a_c.re - b_d.im, a_c.im + b_d.re);
    }
  }
}

void transform(uint32_t* data, int32_t points, const int16_t* turns) {
  int32_t length = 1;
  if ((static_cast<uint32_t>(points) & 0x55555555u) == 0) {  // not a power of four
    radix2_first_stage(data, points, turns);
    length = 2;
  }
  for (; length < points; length *= 4) radix4_stage(data, points, length, turns);
}

inline uint32_t power(int32_t re, int32_t im) {
  const int32_t r = static_cast<int16_t>(re), i = static_cast<int16_t>(im);
  return static_cast<uint32_t>(r * r) + static_cast<uint32_t>(i * i);
}

/// Power of the lines 1 to points, in place: the transform of the even samples as real and the odd ones as
/// imaginary parts is taken apart line by line from both ends. Line 0 is not made.
void real_powers(uint32_t* data, int32_t points, const int16_t* halves) {
  const Complex first = scaled(load(data), 16383);
  data[points] = power(first.re - first.im, 0);
  for (int32_t k = 1; k <= points / 2; ++k) {
    const Complex front = scaled(load(data + k), 16383);
    Complex back = load(data + points - k);
    back.im = static_cast<int16_t>(-back.im);
    back = scaled(back, 16383);
    const Complex even = {static_cast<int16_t>(front.re + back.re), static_cast<int16_t>(front.im + back.im)};
    const Complex odd = {static_cast<int16_t>(front.re - back.re), static_cast<int16_t>(front.im - back.im)};
    const Complex part = turned(odd, halves + 2 * (k - 1));
    data[k] = power((even.re + part.re) >> 1, (even.im + part.im) >> 1);
    data[points - k] = power((even.re - part.re) >> 1, (part.im - even.im) >> 1);
  }
}

/// Square root rounded to nearest, at most 2^16 - 1 below 2^32 and 2^32 - 1 from there on.
uint32_t square_root(uint64_t value) {
  uint64_t rest = value, root = 0;
  if (value == 0) return 0;
  const uint32_t upper = static_cast<uint32_t>(value >> 32);
  const int32_t top = upper != 0 ? 31 + bits_of(upper) : bits_of(static_cast<uint32_t>(value)) - 1;
  for (uint64_t bit = uint64_t{1} << (top & ~1); bit != 0; bit >>= 2) {
    const bool fits = rest >= root + bit;
    if (fits) rest -= root + bit;
    root = (root >> 1) + (fits ? bit : 0);
  }
  const uint64_t most = upper != 0 ? 0xffffffffu : 0xffffu;
  if (rest > root && root != most) ++root;
  return static_cast<uint32_t>(root);
}

/// Channels as amplitudes in the scale of the samples.
void channel_amplitudes(const MicroFrontend& f, const uint32_t* lines, int32_t shift, uint32_t* channels) {
  const int16_t* falling = f.falling;
  uint64_t rising = 0;  // of the channel that ends in the next segment
  for (int32_t segment = 0; segment <= f.channels; ++segment) {
    uint64_t all = 0, lower = 0;
    for (int32_t k = f.edges[segment]; k < f.edges[segment + 1]; ++k) {
      all += lines[k];
      lower += static_cast<uint64_t>(lines[k]) * static_cast<uint32_t>(*falling++);
    }
    if (segment > 0) channels[segment - 1] = square_root(rising + lower) >> shift;
    rising = all * ((1u << kMicroWeightBits) - 1u) - lower;
  }
}

/// Moves the estimate of the noise towards the channel and takes it away.
uint32_t without_noise(const MicroFrontend& f, uint32_t channel, int32_t smoothing, uint32_t* estimate) {
  const uint32_t fine = channel << f.estimate_bits;
  const uint64_t mixed =
      static_cast<uint64_t>(fine) * static_cast<uint32_t>(smoothing) +
      static_cast<uint64_t>(*estimate) * static_cast<uint32_t>((1 << kMicroSmoothingBits) - smoothing);
  *estimate = static_cast<uint32_t>(mixed >> kMicroSmoothingBits);
  const uint32_t noise = *estimate < fine ? *estimate : fine;
  const uint32_t kept = static_cast<uint32_t>(
      (static_cast<uint64_t>(channel) * static_cast<uint32_t>(f.signal_kept)) >> kMicroSmoothingBits);
  const uint32_t above = (fine - noise) >> f.estimate_bits;
  return above > kept ? above : kept;
}

/// The gain for this much noise: a parabola through three points in each octave.
int32_t gain_of(const int16_t* gain, uint32_t noise) {
  if (noise <= 2) return gain[noise];
  const int32_t octave = bits_of(noise);
  const int16_t* const piece = gain + 4 * octave - 6;
  const int32_t within =
      static_cast<int32_t>((octave < 11 ? noise << (11 - octave) : noise >> (octave - 11)) & 0x3ffu);
  int32_t result = (piece[2] * within) >> 5;
  result += piece[1] * 32;
  // The product is taken modulo 2^32, as the published arithmetic does.
  result = static_cast<int32_t>(static_cast<uint32_t>(result) * static_cast<uint32_t>(within) + (1u << 14));
  return (result >> 15) + piece[0];
}

/// Signal over noise with its small values squared: x^2 / 4 below 2, x - 1 above; 6 fraction bits.
uint32_t compressed(uint32_t snr) {
  return snr < (2u << kMicroSnrBits) ? (snr * snr) >> (2 + 2 * kMicroSnrBits - 6)
                                     : (snr >> (kMicroSnrBits - 6)) - 64;
}

/// Natural logarithm of value > 1, with log_bits.
int32_t logarithm(const MicroFrontend& f, uint32_t value) {
  const int32_t whole = bits_of(value) - 1;
  const uint32_t mantissa = value - (1u << whole);
  const uint32_t fraction = whole < 16 ? mantissa << (16 - whole) : mantissa >> (whole - 16);
  const uint32_t piece = fraction >> 9;
  const int32_t from = f.log_excess[piece], to = f.log_excess[piece + 1];
  // Rounded down after 16 bits, not 9: within a piece the excess stays or falls by one, as in the trained
  // data.
  const int32_t excess = from + (((to - from) * static_cast<int32_t>(fraction & 0x1ffu)) >> 16);
  const uint32_t log2 = (static_cast<uint32_t>(whole) << 16) + fraction + static_cast<uint32_t>(excess);
  const uint32_t natural = static_cast<uint32_t>((uint64_t{45426} * log2 + 0x8000u) >> 16);  // ln 2 * 2^16
  return static_cast<int32_t>(((natural << f.log_bits) + 0x8000u) >> 16);
}

}  // namespace

void extract_micro_frontend_row(const void* tables, const int16_t* pcm, void* state, void* scratch,
                                int16_t* out) {
  const MicroFrontend& f = *static_cast<const MicroFrontend*>(tables);
  uint32_t* const data = static_cast<uint32_t*>(scratch);
  uint32_t* const channels = data + f.fft_size / 2 + 1;
  uint32_t* const estimates = static_cast<uint32_t*>(state);
  const int32_t shift = window_frame(f, pcm, data);
  transform(data, f.fft_size / 2, f.turns);
  real_powers(data, f.fft_size / 2, f.halves);
  channel_amplitudes(f, data, shift, channels);
  for (int32_t i = 0; i < f.channels; ++i) {
    const int32_t smoothing = (i & 1) == 0 ? f.even_smoothing : f.odd_smoothing;
    const uint32_t clean = without_noise(f, channels[i], smoothing, estimates + i);
    const uint64_t amplified =
        static_cast<uint64_t>(clean) * static_cast<uint32_t>(gain_of(f.gain, estimates[i]));
    const uint32_t value = compressed(static_cast<uint32_t>(amplified >> f.snr_shift)) << f.correction_bits;
    out[i] = static_cast<int16_t>(value > 1 ? logarithm(f, value) : 0);
  }
}

}  // namespace dsp
}  // namespace tadpole
