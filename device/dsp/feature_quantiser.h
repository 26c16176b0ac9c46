// From a feature to the int8 of a model's input, for every block.
#ifndef TADPOLE_DEVICE_DSP_FEATURE_QUANTISER_H_
#define TADPOLE_DEVICE_DSP_FEATURE_QUANTISER_H_

#include <stdint.h>

namespace tadpole {
namespace dsp {

/// Turns a feature into the int8 of a model's input: real feature scale / input scale = multiplier *
/// 2^-shift.
struct FeatureQuantiser {
  int64_t multiplier;  // 0, or 2^45 to 2^46
  int32_t shift;       // 1 to 62
  int32_t zero_point;  // -128 to 127
};

/// round(feature * feature_scale / input_scale) + zero_point, halves away from zero, saturated to int8.
/// Integers only. Exact, as proved in docs/formats/features.md: equal to rational arithmetic for every int16
/// and all positive float scales, because the 46-bit multiplier is off by less than any quotient of floats is
/// from a half.
int8_t quantise_feature(int16_t feature, const FeatureQuantiser& quantiser);

}  // namespace dsp
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_DSP_FEATURE_QUANTISER_H_
