// The integers that turn features into a model's int8 input.
#include <algorithm>
#include <cmath>

#include "features/feature_block.h"

namespace tadpole::features {

dsp::FeatureQuantiser make_feature_quantiser(float feature_scale, float input_scale, int input_zero_point) {
  const int zero_point = std::clamp(input_zero_point, -128, 127);
  const dsp::FeatureQuantiser nothing{0, 1, zero_point};
  if (!(feature_scale > 0 && input_scale > 0) || !std::isfinite(feature_scale) ||
      !std::isfinite(input_scale)) {
    return nothing;
  }
  // A float is a 24-bit integer times a power of two: the quotient is taken in integers and rounded up, so
  // that an exact half never falls below itself.
  int feature_exponent = 0, input_exponent = 0;
  const auto above = static_cast<uint64_t>(std::ldexp(std::frexp(feature_scale, &feature_exponent), 24));
  const auto below = static_cast<uint64_t>(std::ldexp(std::frexp(input_scale, &input_exponent), 24));
  const int bits = above >= below ? 45 : 46;  // the multiplier is 2^45 to 2^46
  const uint64_t first = (above << 39) / below, rest = ((above << 39) % below) << (bits - 39);
  const uint64_t multiplier = (first << (bits - 39)) + (rest + below - 1) / below;
  const int shift = bits - (feature_exponent - input_exponent);
  if (shift > 62) return nothing;                           // below 2^-16: no int16 reaches one half
  if (shift < 1) return {int64_t{1} << 46, 1, zero_point};  // at least 2^45: all but 0 saturate
  return {static_cast<int64_t>(multiplier), shift, zero_point};
}

std::vector<int8_t> quantise_features(std::span<const int16_t> features, float feature_scale,
                                      float input_scale, int input_zero_point) {
  const dsp::FeatureQuantiser quantiser =
      make_feature_quantiser(feature_scale, input_scale, input_zero_point);
  std::vector<int8_t> quantised;
  quantised.reserve(features.size());
  for (const int16_t feature : features) quantised.push_back(dsp::quantise_feature(feature, quantiser));
  return quantised;
}

}  // namespace tadpole::features
