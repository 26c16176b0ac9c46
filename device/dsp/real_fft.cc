// Radix-4 butterflies whose twiddles have 2^30 = 1: the upper half of a 32 x 32 bit product is then the
// rotated value divided by 4, which is the scaling that the stage needs anyway.
#include "device/dsp/real_fft.h"

namespace tadpole {
namespace dsp {
namespace {

struct Complex {
  int32_t re, im;
};

inline int32_t high_word(int64_t value) { return static_cast<int32_t>(value >> 32); }

/// value * e^(-j angle) / 4. Two long multiply-accumulates a part on a Cortex-M4: hence the negated factor,
/// not a subtraction of products.
inline Complex rotate_quarter(Complex value, int32_t cosine, int32_t sine) {
  const int64_t re = static_cast<int64_t>(value.re) * cosine + static_cast<int64_t>(value.im) * sine;
  const int64_t im = static_cast<int64_t>(value.im) * cosine + static_cast<int64_t>(-value.re) * sine;
  return {high_word(re), high_word(im)};
}

inline Complex load(const int32_t* at) { return {at[0], at[1]}; }
inline Complex quarter(Complex value) { return {value.re >> 2, value.im >> 2}; }

inline void store(int32_t* at, int32_t re, int32_t im) {
  at[0] = re;
  at[1] = im;
}

/// The four-point DFT of a, b, c, d (already quartered), to at, at + step, at + 2 step, at + 3 step.
inline void four_points(int32_t* at, int32_t step, Complex a, Complex b, Complex c, Complex d) {
  const Complex ac = {a.re + c.re, a.im + c.im};
  const Complex a_c = {a.re - c.re, a.im - c.im};
  const Complex bd = {b.re + d.re, b.im + d.im};
  const Complex b_d = {b.re - d.re, b.im - d.im};
  store(at, ac.re + bd.re, ac.im + bd.im);
  store(at + step, a_c.re + b_d.im, a_c.im - b_d.re);
  store(at + 2 * step, ac.re - bd.re, ac.im - bd.im);
  store(at + 3 * step, a_c.re - b_d.im, a_c.im + b_d.re);
}

/// Joins groups of four transforms of `length` points. Bit-reversed order holds them in the order 0, 2, 1, 3.
void radix4_stage(int32_t* data, int32_t points, int32_t length, const int32_t* sine) {
  const int32_t step = 2 * length;  // int32 words from one of the four transforms to the next
  const int32_t* const end = data + 2 * points;
  for (int32_t* at = data; at != end; at += 4 * step) {
    four_points(at, step, quarter(load(at)), quarter(load(at + 2 * step)), quarter(load(at + step)),
                quarter(load(at + 3 * step)));
  }
  const int32_t turn =
      points / (2 * length);  // table steps of e^(-2 pi j / (4 length)); the table has 2 points
  const int32_t* const cosine = sine + points / 2;
  for (int32_t i = 1; i < length; ++i) {
    const int32_t b = i * turn, c = 2 * b, d = 3 * b;
    const int32_t cos_b = cosine[b], cos_c = cosine[c], cos_d = cosine[d];
    const int32_t sin_b = sine[b], sin_c = sine[c], sin_d = sine[d];
    for (int32_t* at = data + 2 * i; at < end; at += 4 * step) {
      four_points(at, step, quarter(load(at)), rotate_quarter(load(at + 2 * step), cos_b, sin_b),
                  rotate_quarter(load(at + step), cos_c, sin_c),
                  rotate_quarter(load(at + 3 * step), cos_d, sin_d));
    }
  }
}

void radix2_first_stage(int32_t* data, int32_t points) {
  for (int32_t* at = data; at != data + 2 * points; at += 4) {
    const Complex a = {at[0] >> 1, at[1] >> 1}, b = {at[2] >> 1, at[3] >> 1};
    store(at, a.re + b.re, a.im + b.im);
    store(at + 2, a.re - b.re, a.im - b.im);
  }
}

inline uint64_t squared(int64_t re, int64_t im) { return static_cast<uint64_t>(re * re + im * im); }

inline void store_64(int32_t* at, uint64_t value) {
  store(at, static_cast<int32_t>(static_cast<uint32_t>(value)), static_cast<int32_t>(value >> 32));
}

}  // namespace

void fft_scaled(int32_t* data, int32_t points, const int32_t* sine) {
  int32_t length = 1;
  // 0x55555555 has the bits of the powers of four; the others need one stage of two.
  if ((static_cast<uint32_t>(points) & 0x55555555u) == 0) {
    radix2_first_stage(data, points);
    length = 2;
  }
  for (; length < points; length *= 4) radix4_stage(data, points, length, sine);
}

uint64_t real_power(const int32_t* spectrum, int32_t points, const int32_t* sine, int32_t k) {
  const Complex front = load(spectrum + 2 * k), back = load(spectrum + 2 * (points - k));
  // With Z the transform: even samples' part E = (Z[k] + Z*[-k]) / 2, odd samples' part O = (Z[k] - Z*[-k]) /
  // 2j.
  const Complex even = quarter({front.re + back.re, front.im - back.im});
  const Complex odd = {front.im + back.im, back.re - front.re};
  const Complex turned = rotate_quarter(odd, sine[k + points / 2], sine[k]);
  return squared(even.re + turned.re, even.im + turned.im);
}

void real_powers(int32_t* spectrum, int32_t points, const int32_t* sine, int32_t first, int32_t last) {
  const int32_t paired = points - last + 1, middle = points / 2;
  for (int32_t k = first; k < last && k < paired; ++k)  // points - k is not wanted
    store_64(spectrum + 2 * k, real_power(spectrum, points, sine, k));
  if (first <= middle && middle < last && middle >= paired)
    store_64(spectrum + points, real_power(spectrum, points, sine, middle));
  int32_t* low = spectrum + 2 * paired;
  int32_t* high = spectrum + 2 * (points - paired);
  const int32_t* at = sine + paired;
  const int32_t* const end = sine + middle;
  for (; at < end; ++at, low += 2, high -= 2) {
    const Complex front = load(low), back = load(high);
    const int32_t even_re = (front.re + back.re) >> 2, difference = front.im - back.im;
    const Complex odd = {front.im + back.im, back.re - front.re};
    const int32_t cosine = at[middle];
    const int64_t re = static_cast<int64_t>(odd.re) * cosine + static_cast<int64_t>(odd.im) * *at;
    const int32_t im = high_word(static_cast<int64_t>(odd.im) * cosine + static_cast<int64_t>(-odd.re) * *at);
    store_64(low, squared(even_re + high_word(re), (difference >> 2) + im));
    // Of points - k the cosine and odd.im have the other sign: so has re, and im is the same.
    store_64(high, squared(even_re + high_word(-re), (-difference >> 2) + im));
  }
}

}  // namespace dsp
}  // namespace tadpole
