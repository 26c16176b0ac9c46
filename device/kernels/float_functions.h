// Functions of real numbers in float without a math library: the same bits on every IEEE machine.
#ifndef TADPOLE_DEVICE_KERNELS_FLOAT_FUNCTIONS_H_
#define TADPOLE_DEVICE_KERNELS_FLOAT_FUNCTIONS_H_

namespace tadpole {
namespace kernels {

/// e^x within 2 units in the last place for x <= 0; 0 below -87.
float exp_of_negative(float x);
/// e^x within 2 units in the last place; 0 below -87, infinity above 88.73.
float exponential(float x);
/// 1 / (1 + e^-x) within 4 units in the last place; 0 below -87.
float logistic(float x);
/// tanh(x) within 4 units in the last place.
float hyperbolic_tangent(float x);
/// 1 / sqrt(x) within 4 units in the last place; infinity for 0, not a number below.
float inverse_square_root(float x);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_FLOAT_FUNCTIONS_H_
