// The mean squared error of a repetition.
#include "device/app/anomaly.h"

namespace tadpole {
namespace app {

float repetition_error(const int8_t* input, const int8_t* output, uint32_t count, const AnomalyScale& scale) {
  float sum = 0.0f;
  for (uint32_t i = 0; i < count; ++i) {
    const float wanted = scale.input_scale * static_cast<float>(input[i] - scale.input_zero_point);
    const float given = scale.output_scale * static_cast<float>(output[i] - scale.output_zero_point);
    const float difference = given - wanted;
    sum += difference * difference;
  }
  return count == 0 ? 0.0f : sum / static_cast<float>(count);
}

}  // namespace app
}  // namespace tadpole
