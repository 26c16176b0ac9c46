// Real FFT in 32-bit fixed point, in place. Twiddles come from one sine table; no heap, no libm.
#ifndef TADPOLE_DEVICE_DSP_REAL_FFT_H_
#define TADPOLE_DEVICE_DSP_REAL_FFT_H_

#include <stdint.h>

namespace tadpole {
namespace dsp {

/// Complex DFT of `points` values, divided by `points`.
/// data: points pairs (re, im) in bit-reversed order, result in natural order. |re + j im| < 2^31 of every
/// input, or it overflows. sine: [2 * points] sin(pi i / points), 2^30 = 1. points: power of two, >= 4. Each
/// rotation and scaling drops what is below one unit, so a result is up to about log4(points) units low.
/// Source: radix-4 decimation in time, Oppenheim and Schafer, Discrete-Time Signal Processing, section 9.3.
void fft_scaled(int32_t* data, int32_t points, const int32_t* sine);

/// |X[k] / (2 points)|^2 of the 2 * points real samples x whose even ones were given as re and odd ones as im
/// to fft_scaled. 0 < k < points. |re|, |im| of spectrum values < 2^30. Source: the same book, section 9.2.3
/// (one complex transform of half the length).
uint64_t real_power(const int32_t* spectrum, int32_t points, const int32_t* sine, int32_t k);

/// Turns spectrum values first to last - 1 into real_power() of the same bits, as (low word, high word); the
/// other values are lost. 0 < first <= last <= points. Half the work of real_power() where k and points - k
/// are both among them, as their twiddles differ in a sign only.
void real_powers(int32_t* spectrum, int32_t points, const int32_t* sine, int32_t first, int32_t last);

}  // namespace dsp
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_DSP_REAL_FFT_H_
