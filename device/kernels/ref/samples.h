// A function of int16 as 513 samples, 128 steps apart.
#ifndef TADPOLE_DEVICE_KERNELS_REF_SAMPLES_H_
#define TADPOLE_DEVICE_KERNELS_REF_SAMPLES_H_

#include <stdint.h>

namespace tadpole {
namespace kernels {

constexpr int32_t kSamples = 513;

/// Between two of the samples, for x in [-32768, 32767]. Source: TFLite internal/common.h, LUTLookup of
/// int16.
inline int16_t interpolate(const int16_t* samples, int32_t x) {
  const int32_t index = 256 + (x >> 7), rest = x & 0x7f;
  return static_cast<int16_t>(samples[index] + (((samples[index + 1] - samples[index]) * rest + 64) >> 7));
}

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_SAMPLES_H_
