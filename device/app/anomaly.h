// How strange an input is to a network that was taught to repeat normal ones. Board and host compile this
// same source, so that they raise the same alarms.
#ifndef TADPOLE_DEVICE_APP_ANOMALY_H_
#define TADPOLE_DEVICE_APP_ANOMALY_H_

#include <stdint.h>

namespace tadpole {
namespace app {

/// What int8 values stand for: real = scale * (value - zero point).
struct AnomalyScale {
  float input_scale, output_scale;
  int32_t input_zero_point, output_zero_point;
};

/// Mean squared difference between input and output, both [count], as real numbers. float32 sums in the order
/// of the values, without fused operations: the same bits on every IEEE machine. 0 when count is 0. No heap.
float repetition_error(const int8_t* input, const int8_t* output, uint32_t count, const AnomalyScale& scale);

}  // namespace app
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_APP_ANOMALY_H_
