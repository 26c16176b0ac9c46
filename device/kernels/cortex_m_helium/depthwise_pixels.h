// Neighbouring pixels of a depthwise convolution, blocks of 16 channels at a time.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_DEPTHWISE_PIXELS_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_DEPTHWISE_PIXELS_H_

#include "device/kernels/cortex_m_helium/vector.h"

namespace tadpole {
namespace kernels {
namespace helium {

/// Where the constants of channel `lane` of 16 stand: the order in which products of bytes come out of
/// VMULLB, VMULLT, VMOVLB and VMOVLT.
constexpr int32_t depthwise_place(int32_t lane) { return lane % 4 * 4 + lane / 4; }

/// Read by assembly, in this order.
struct DepthwisePixels {
  const int8_t** taps;       ///< under the first pixel; moved on to the last. Room for a multiple of four.
  int32_t pairs, odd;        ///< taps / 2, taps % 2
  const int8_t* weights;     ///< of each block: 16 of each tap, none of them -128
  const int32_t* constants;  ///< of each block: 16 biases, multipliers, shifts <= 0
  Outputs to;
  int8_t* out;
  int32_t channels;     ///< of a pixel; up to 15 more bytes are read under each tap
  int32_t pixels;       ///< >= 1
  int32_t step;         ///< bytes between the taps of two pixels
  int32_t tap_vectors;  ///< taps / 4, rounded up
};

void depthwise_pixels(const DepthwisePixels& job);

}  // namespace helium
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_DEPTHWISE_PIXELS_H_
