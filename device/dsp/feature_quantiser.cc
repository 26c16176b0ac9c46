#include "device/dsp/feature_quantiser.h"

namespace tadpole {
namespace dsp {

int8_t quantise_feature(int16_t feature, const FeatureQuantiser& quantiser) {
  // |feature| * multiplier <= 2^15 * 2^46. The magnitude is rounded, so that halves go away from zero.
  const int64_t magnitude = (feature < 0 ? -int64_t{feature} : int64_t{feature}) * quantiser.multiplier;
  const int64_t rounded = (magnitude + (int64_t{1} << (quantiser.shift - 1))) >> quantiser.shift;
  const int64_t value = (feature < 0 ? -rounded : rounded) + quantiser.zero_point;
  return static_cast<int8_t>(value < -128 ? -128 : value > 127 ? 127 : value);
}

}  // namespace dsp
}  // namespace tadpole
