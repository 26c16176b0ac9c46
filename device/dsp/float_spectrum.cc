#include "device/dsp/float_spectrum.h"

namespace tadpole {
namespace dsp {

void float_transform(float* data, int32_t points, const float* sine) {
  const float* const cosine = sine + points / 2;
  for (int32_t length = 1; length < points; length *= 2) {
    const int32_t turn = points / length;  // table steps of e^(-pi j / length); the table has 2 points
    for (int32_t i = 0; i < length; ++i) {
      const float c = cosine[i * turn], s = sine[i * turn];
      for (int32_t at = i; at < points; at += 2 * length) {
        float* const a = data + 2 * at;
        float* const b = data + 2 * (at + length);
        const float re = b[0] * c + b[1] * s, im = b[1] * c - b[0] * s;
        b[0] = a[0] - re;
        b[1] = a[1] - im;
        a[0] += re;
        a[1] += im;
      }
    }
  }
}

float float_power(const float* spectrum, int32_t points, const float* sine, int32_t k) {
  const float* const front = spectrum + 2 * k;
  const float* const back = spectrum + 2 * (points - k);
  // Z[k] is the transform: even samples' part (Z[k] + Z*[-k]) / 2, odd samples' part (Z[k] - Z*[-k]) / 2j.
  const float even_re = 0.5f * (front[0] + back[0]), even_im = 0.5f * (front[1] - back[1]);
  const float odd_re = 0.5f * (front[1] + back[1]), odd_im = 0.5f * (back[0] - front[0]);
  const float c = sine[k + points / 2], s = sine[k];
  const float re = even_re + (odd_re * c + odd_im * s), im = even_im + (odd_im * c - odd_re * s);
  return re * re + im * im;
}

}  // namespace dsp
}  // namespace tadpole
