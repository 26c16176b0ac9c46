// What recurrent layers share: walking along sequences, sums of products.
#ifndef TADPOLE_DEVICE_KERNELS_REF_RECURRENT_H_
#define TADPOLE_DEVICE_KERNELS_REF_RECURRENT_H_

#include "device/kernels/ref/lstm.h"

namespace tadpole {
namespace kernels {

/// Calls step(batch, row) for each element of the sequences, in the order of time.
template <class Step>
inline void for_each_step(const SequenceParams& sequence, Step step) {
  for (int32_t batch = 0; batch < sequence.batches; ++batch) {
    for (int32_t time = 0; time < sequence.steps; ++time) {
      step(batch, ptrdiff_t(batch) * sequence.batch_stride + ptrdiff_t(time) * sequence.time_stride);
    }
  }
}

template <class Sum, class T>
Sum dot(const T* a, const T* b, int32_t count) {
  Sum sum = 0;
  for (int32_t i = 0; i < count; ++i) sum += static_cast<Sum>(a[i]) * b[i];
  return sum;
}

/// Held to [-clip, clip]; a clip of 0 holds nothing.
inline float clipped(float value, float clip) {
  if (!(clip > 0)) return value;
  return value > clip ? clip : value < -clip ? -clip : value;
}

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_RECURRENT_H_
