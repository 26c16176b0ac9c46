// The logistic function for 16-bit activations, sampled: TFLite's int16 LOGISTIC and TANH and its integer
// LSTM interpolate in it.
#ifndef TADPOLE_DEVICE_KERNELS_SIGMOID_TABLE_H_
#define TADPOLE_DEVICE_KERNELS_SIGMOID_TABLE_H_

#include <stdint.h>

namespace tadpole {
namespace kernels {

/// round(f(i) - e(i) / 2) for f(i) = 65536 / (1 + e^(-i / 24)) and e(i) = (f(i) + f(i + 1)) / 2 - f(i + 0.5),
/// the error of interpolating half-way; the last is 65535.
extern const uint16_t kSigmoidTable[256];

/// 1 / (1 + e^-x) in steps of 2^-15 for x = raw / (3 * 4096), |raw| < 2^31.
/// Source: TFLite reference kernels, int16 LOGISTIC.
int16_t logistic_of_table(int32_t raw);
/// tanh(x) in steps of 2^-15 for x = raw / (3 * 4096). Source: TFLite reference kernels, int16 TANH.
int16_t tanh_of_table(int32_t raw);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_SIGMOID_TABLE_H_
