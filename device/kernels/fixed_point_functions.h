// Functions of real numbers in 32-bit fixed point. A number "in Fn" has n integer bits: real = raw / 2^(31 -
// n). Source of the methods and their constants: gemmlowp's fixed point, which the TFLite int8 specification
// follows to the bit (exp by a Taylor polynomial around -1/8 and a product of stored powers; quotients and
// roots by Newton-Raphson steps).
#ifndef TADPOLE_DEVICE_KERNELS_FIXED_POINT_FUNCTIONS_H_
#define TADPOLE_DEVICE_KERNELS_FIXED_POINT_FUNCTIONS_H_

#include <stdint.h>

namespace tadpole {
namespace kernels {

/// e^a in F0 for a <= 0 with `integer_bits` integer bits, 0 to 5.
int32_t exp_of_negative_fixed(int32_t a, int32_t integer_bits);
/// 1 / (1 + x) in F0 for x in [0, 1) in F0.
int32_t reciprocal_of_one_plus(int32_t x);
/// 1 / (1 + e^-a) in F0 for a in F4.
int32_t logistic_fixed(int32_t a);
/// tanh(a) in F0 for a in F4.
int32_t tanh_fixed(int32_t a);

/// 1 / sqrt(x) = multiplier * 2^(shift - 31), for x in [1, 2^29).
struct InverseSquareRoot {
  int32_t multiplier, shift;
};
InverseSquareRoot inverse_square_root_fixed(int32_t x);

/// Zero bits above the highest one; 32 for 0.
int32_t leading_zeros(uint32_t x);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_FIXED_POINT_FUNCTIONS_H_
