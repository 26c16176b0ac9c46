// How layers with float activations and int8 weights ("dynamic range", "hybrid") quantise what they read: a
// batch or a row at a time, by its own range. Sources: TFLite reference PortableSymmetricQuantizeFloats and
// PortableAsymmetricQuantizeFloats.
#ifndef TADPOLE_DEVICE_KERNELS_REF_HYBRID_INPUT_H_
#define TADPOLE_DEVICE_KERNELS_REF_HYBRID_INPUT_H_

#include <stddef.h>
#include <stdint.h>

namespace tadpole {
namespace kernels {

/// How values were quantised: real = scale * (stored - zero).
struct HybridScale {
  float scale;
  int32_t zero;
};

/// `count` values, each `stride` after the one before, to out. symmetric: zero point 0 and [-127, 127];
/// otherwise a zero point and [-128, 127]. Values that are not numbers count as 0.
HybridScale quantise_hybrid(bool symmetric, const float* in, ptrdiff_t stride, ptrdiff_t count, int8_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_HYBRID_INPUT_H_
