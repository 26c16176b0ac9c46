// dsp::quantise_feature against exact rational arithmetic, over all int16.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/rng.h"
#include "features/feature_block.h"

namespace tadpole::features {
namespace {

__extension__ using Wide = __int128;

std::vector<int16_t> all_int16() {
  std::vector<int16_t> values(65536);
  std::iota(values.begin(), values.end(), int16_t{-32768});
  return values;
}

/// round(feature * feature_scale / input_scale) + zero_point with integers only: floats are integers times
/// powers of two.
int exact_answer(int feature, float feature_scale, float input_scale, int zero_point) {
  int exponent_a = 0, exponent_b = 0;
  const auto a = static_cast<int64_t>(std::ldexp(std::frexp(feature_scale, &exponent_a), 24));
  const auto b = static_cast<int64_t>(std::ldexp(std::frexp(input_scale, &exponent_b), 24));
  const int power =
      std::min(std::max(exponent_a - exponent_b, -80), 80);  // beyond: 0, or saturated, all the same
  const Wide numerator = (Wide{std::abs(feature)} * a) << std::max(power, 0);
  const Wide denominator = Wide{b} << std::max(-power, 0);
  const Wide rounded = (2 * numerator + denominator) / (2 * denominator);
  const Wide value = (feature < 0 ? -rounded : rounded) + zero_point;
  return static_cast<int>(value < -128 ? Wide{-128} : value > 127 ? Wide{127} : value);
}

void expect_exact(float feature_scale, float input_scale, int zero_point) {
  const std::vector<int16_t> features = all_int16();
  const std::vector<int8_t> found = quantise_features(features, feature_scale, input_scale, zero_point);
  for (size_t i = 0; i < features.size(); ++i) {
    ASSERT_EQ(int{found[i]}, exact_answer(features[i], feature_scale, input_scale, zero_point))
        << features[i] << " * " << feature_scale << " / " << input_scale << " + " << zero_point;
  }
}

TEST(QuantiseFeature, equals_exact_arithmetic_for_every_int16_at_usual_scales) {
  expect_exact(0x1p-7f, 0.8128f, 12);
  expect_exact(0x1p-7f, 0.5847029f, 83);
  expect_exact(0x1p-10f, 0.1007752f, -128);
}

TEST(QuantiseFeature, rounds_halves_away_from_zero_before_the_zero_point) {
  expect_exact(0x1p-7f, 0x1p-3f, 0);  // every eighth feature is a half
  expect_exact(0x1p-7f, 0x1p-6f, -5);
  expect_exact(0x1p-10f, 3 * 0x1p-8f, 7);
  EXPECT_EQ(quantise_features(std::vector<int16_t>{1, -1, 3, -3}, 0.5f, 1.0f, 10),
            (std::vector<int8_t>{11, 9, 12, 8}));
}

TEST(QuantiseFeature, rounds_ties_away_from_zero_where_the_ratio_of_scales_has_no_end_in_binary) {
  for (int odd = 3; odd < 64; odd += 2) {
    expect_exact(0x1p-10f, static_cast<float>(odd) * 0x1p-9f,
                 0);  // feature * odd-th parts: every 2 * odd-th feature is a tie
    expect_exact(0x1p-7f, static_cast<float>(odd) * 0x1p-7f, -1);
  }
}

TEST(QuantiseFeature, equals_exact_arithmetic_at_seeded_and_extreme_scales) {
  Rng rng(17);
  for (int i = 0; i < 60; ++i) {
    const float input_scale = std::ldexp(rng.uniform(1.0f, 2.0f), static_cast<int>(rng.below(20)) - 14);
    expect_exact(i % 2 == 0 ? 0x1p-7f : 0x1p-10f, input_scale, static_cast<int>(rng.below(256)) - 128);
    expect_exact(rng.uniform(0.001f, 1.0f), input_scale, 0);
  }
  const float smallest = std::numeric_limits<float>::min(), largest = std::numeric_limits<float>::max();
  expect_exact(smallest, largest, -3);
  expect_exact(largest, smallest, -3);
  expect_exact(std::numeric_limits<float>::denorm_min(), smallest, 4);
}

TEST(QuantiseFeature, answers_the_zero_point_when_a_scale_is_no_scale) {
  for (const float bad :
       {0.0f, -1.0f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    EXPECT_EQ(quantise_features(std::vector<int16_t>{-32768, 0, 32767}, 0x1p-7f, bad, 9),
              (std::vector<int8_t>{9, 9, 9}));
    EXPECT_EQ(quantise_features(std::vector<int16_t>{-32768, 0, 32767}, bad, 0.5f, 9),
              (std::vector<int8_t>{9, 9, 9}));
  }
}

}  // namespace
}  // namespace tadpole::features
