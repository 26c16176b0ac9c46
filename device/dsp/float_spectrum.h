// Real FFT in float32, in place, with a table of sines. The order of all operations is fixed.
#ifndef TADPOLE_DEVICE_DSP_FLOAT_SPECTRUM_H_
#define TADPOLE_DEVICE_DSP_FLOAT_SPECTRUM_H_

#include <stdint.h>

namespace tadpole {
namespace dsp {

/// Complex DFT of `points` values. data: points pairs (re, im) in bit-reversed order, result in natural
/// order. sine: [2 * points] sin(pi i / points). points: power of two, >= 4. Source: radix-2 decimation in
/// time, Oppenheim and Schafer, Discrete-Time Signal Processing, section 9.3.
void float_transform(float* data, int32_t points, const float* sine);

/// |X[k]|^2 of the 2 * points real samples whose even ones were given as re and odd ones as im. 0 < k <
/// points. Source: the same book, section 9.2.3.
float float_power(const float* spectrum, int32_t points, const float* sine, int32_t k);

}  // namespace dsp
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_DSP_FLOAT_SPECTRUM_H_
