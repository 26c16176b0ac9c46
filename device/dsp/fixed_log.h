// Logarithm of 64-bit integers in fixed point, by a table of 65 entries. No libm.
#ifndef TADPOLE_DEVICE_DSP_FIXED_LOG_H_
#define TADPOLE_DEVICE_DSP_FIXED_LOG_H_

#include <stdint.h>

namespace tadpole {
namespace dsp {

/// log2(value) * 2^16, value >= 1. Never falls as value grows; log2_q16(value << n) is log2_q16(value) + n *
/// 65536 exactly. Error: -5.1e-5 to +1.0e-5 (linear interpolation in 64 pieces, result rounded to 2^-16).
int32_t log2_q16(uint64_t value);

/// Natural logarithm with `fraction_bits` (at most 12) of a non-negative log2 with 16, rounded to nearest.
int32_t log2_to_natural(int32_t log2, int32_t fraction_bits);

}  // namespace dsp
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_DSP_FIXED_LOG_H_
