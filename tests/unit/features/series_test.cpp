// Motion and tables: values against the judge, filters by what they let through, odd input.
#include <gmock/gmock.h>

#include <limits>
#include <numbers>

#include "base/rng.h"
#include "device/dsp/float_math.h"
#include "device/dsp/series_features.h"
#include "features/series_block.h"
#include "tests/unit/features/blocks.h"

namespace tadpole::features {
namespace {

using testing::HasSubstr;

samples::Series motion(int steps, uint64_t seed) {
  Rng rng(seed);
  samples::Series series{100, {"x", "y", "z"}, {}};
  for (int i = 0; i < steps; ++i) {
    const double t = i / 100.0;
    series.values.push_back(
        static_cast<float>(0.3 * std::sin(2 * std::numbers::pi * 3 * t) + 0.05 * rng.normal()));
    series.values.push_back(static_cast<float>(std::cos(2 * std::numbers::pi * 11 * t)));
    series.values.push_back(static_cast<float>(9.81 + 0.5 * rng.normal()));
  }
  return series;
}

FeatureConfig motion_config(const std::string& block) {
  FeatureConfig config = default_config(block);
  config.axes = {"x", "y", "z"};
  config.rate_hz = 100;
  config.steps = 200;
  config.normalise = "none";
  return config;
}

class SeriesBlocks : public testing::TestWithParam<std::string> {};

// A value is rounded to 2^-10, half of which is 0.0005; float32 sums of 200 steps lose less than that, except
// in the higher moments and in logarithms of bands that hold almost nothing.
TEST_P(SeriesBlocks, stay_within_their_stated_error_with_every_filter_and_normalisation) {
  for (const char* filter : {"none", "gravity", "low_pass", "high_pass"}) {
    for (const char* normalise : {"none", "window"}) {
      FeatureConfig config = motion_config(GetParam());
      config.filter = filter;
      config.cutoff_hz = 5;
      config.normalise = normalise;
      const FeatureBlock block = made(config);
      JudgedError error;
      for (uint64_t seed = 1; seed <= 3; ++seed) error.add(block, motion(200, seed));
      error.add(block, motion(70, 4));   // shorter
      error.add(block, motion(333, 5));  // longer
      EXPECT_LE(error.max, 0.003) << filter << " " << normalise;
      EXPECT_LE(error.rms(), 0.0004) << filter << " " << normalise;
    }
  }
}

TEST_P(SeriesBlocks, centre_and_spread_bring_each_column_to_a_common_scale) {
  FeatureConfig config = motion_config(GetParam());
  config.normalise = "data";
  const FeatureBlock plain = made(config);
  const int columns = plain.shape()[1];
  for (int i = 0; i < columns; ++i) {
    config.centre.push_back(0.25f * static_cast<float>(i));
    config.spread.push_back(0.5f + static_cast<float>(i));
  }
  const FeatureBlock block = made(config);
  JudgedError error;
  error.add(block, motion(200, 1));
  EXPECT_LE(error.max, 0.003);
  EXPECT_NE(block.fingerprint(), plain.fingerprint());
  config.centre.pop_back();
  EXPECT_THAT(refused(config), HasSubstr("[features] centre = " + std::to_string(columns - 1) + " numbers"));
}

TEST_P(SeriesBlocks, strange_numbers_give_numbers) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), huge = std::numeric_limits<float>::max(),
              infinite = std::numeric_limits<float>::infinity(), tiny = 1e-44f;
  for (const char* filter : {"none", "gravity", "low_pass", "high_pass"}) {
    FeatureConfig config = motion_config(GetParam());
    config.filter = filter;
    config.cutoff_hz = 5;
    const FeatureBlock block = made(config);
    for (const float value : {nan, huge, -huge, infinite, tiny, 0.0f, 1e20f}) {
      samples::Series series = motion(200, 1);
      for (size_t i = 0; i < series.values.size(); i += 7) series.values[i] = value;
      EXPECT_EQ(block.extract(series).size(), static_cast<size_t>(block.size()));
      series.values.assign(600, value);
      EXPECT_EQ(block.extract(series).size(), static_cast<size_t>(block.size()));
    }
    EXPECT_EQ(block.extract(samples::Series{100, {"x", "y", "z"}, {}}),
              std::vector<int16_t>(static_cast<size_t>(block.size()), 0));
  }
}

TEST_P(SeriesBlocks, take_their_axes_by_name_in_the_order_of_the_settings) {
  FeatureConfig config = motion_config(GetParam());
  config.axes = {"z", "x"};
  const FeatureBlock block = made(config);
  const samples::Series all = motion(200, 2);
  samples::Series two{100, {"x", "z"}, {}};
  for (size_t i = 0; i < all.values.size(); i += 3) {
    two.values.push_back(all.values[i]);
    two.values.push_back(all.values[i + 2]);
  }
  EXPECT_EQ(block.extract(all), block.extract(two));
}

INSTANTIATE_TEST_SUITE_P(All, SeriesBlocks, testing::Values("raw", "statistics", "spectral"));

TEST(Series, raw_is_the_numbers_in_steps_of_a_1024th) {
  FeatureConfig config = motion_config("raw");
  config.axes = {"a", "b"};
  config.steps = 3;
  const FeatureBlock block = made(config);
  EXPECT_EQ(block.shape(), (std::array<int, 3>{3, 2, 1}));
  const samples::Series series{0, {"a", "b"}, {1, -1, 0.5f, 40, -40, 0.00048828125f}};
  EXPECT_EQ(block.extract(series), (std::vector<int16_t>{1024, -1024, 512, 32767, -32768, 1}));
}

TEST(Series, statistics_of_a_square_wave_are_known) {
  FeatureConfig config = motion_config("statistics");
  config.axes = {"x"};
  config.steps = 8;
  const FeatureBlock block = made(config);
  const std::vector<int16_t> found = block.extract(samples::Series{100, {"x"}, {1, 1, 3, 3, 1, 1, 3, 3}});
  const auto value = [&](int i) { return static_cast<double>(found[static_cast<size_t>(i)]) / 1024; };
  EXPECT_EQ(value(dsp::kMean), 2);
  EXPECT_NEAR(value(dsp::kRootMeanSquare), std::sqrt(5.0), 0.0005);
  EXPECT_EQ(value(dsp::kDeviation), 1);
  EXPECT_EQ(value(dsp::kSkewness), 0);
  EXPECT_EQ(value(dsp::kKurtosis), -2);
  EXPECT_EQ(value(dsp::kMinimum), 1);
  EXPECT_EQ(value(dsp::kMaximum), 3);
  EXPECT_NEAR(value(dsp::kChange), 6.0 / 7, 0.0005);
  EXPECT_NEAR(value(dsp::kCrossings), 3.0 / 7, 0.0005);
}

TEST(Series, spectral_power_of_a_tone_lies_in_its_band) {
  FeatureConfig config = motion_config("spectral");
  config.axes = {"y"};
  config.steps = 256;
  config.bands = 16;  // 3.1 Hz each
  const FeatureBlock block = made(config);
  const std::vector<int16_t> found = block.extract(motion(256, 1));
  EXPECT_EQ(std::max_element(found.begin() + 1, found.end()) - (found.begin() + 1), 3);  // 11 Hz
}

TEST(Series, filters_pass_what_they_are_named_for) {
  samples::Series slow{100, {"x"}, {}}, fast = slow;
  for (int i = 0; i < 400; ++i) {
    slow.values.push_back(static_cast<float>(std::sin(2 * std::numbers::pi * 1 * i / 100.0)));
    fast.values.push_back(static_cast<float>(std::sin(2 * std::numbers::pi * 25 * i / 100.0)));
  }
  const auto deviation = [&](const char* filter, const samples::Series& series) {
    FeatureConfig config = motion_config("statistics");
    config.axes = {"x"};
    config.steps = 400;
    config.filter = filter;
    config.cutoff_hz = 5;
    return made(config).extract(series)[dsp::kDeviation] / 1024.0;
  };
  // A second-order section at a fifth and five times its cut-off: (1/5)^2 = 0.04 of the amplitude, less for
  // the bilinear transform.
  EXPECT_NEAR(deviation("low_pass", slow), std::sqrt(0.5), 0.01);
  EXPECT_LT(deviation("low_pass", fast), 0.035);
  EXPECT_NEAR(deviation("high_pass", fast), std::sqrt(0.5), 0.01);
  EXPECT_LT(deviation("high_pass", slow), 0.06);
}

TEST(Series, gravity_is_taken_away_without_a_transient) {
  FeatureConfig config = motion_config("raw");
  config.axes = {"z"};
  config.filter = "high_pass";
  config.cutoff_hz = 1;
  config.steps = 50;
  const samples::Series rest{100, {"z"}, std::vector<float>(50, 9.81f)};
  for (const int16_t value : made(config).extract(rest)) EXPECT_EQ(value, 0);
  config.filter = "gravity";
  for (const int16_t value : made(config).extract(rest)) EXPECT_EQ(value, 0);
}

TEST(Series, refuses_by_name_what_does_not_fit) {
  FeatureConfig config = motion_config("spectral");
  config.axes.clear();
  EXPECT_THAT(refused(config), HasSubstr("[features] axes = 0 names: needs 1 to 250"));
  config = motion_config("statistics");
  config.filter = "low_pass";
  config.cutoff_hz = 60;
  EXPECT_THAT(refused(config), HasSubstr("[features] cutoff_hz = 60: needs 0.1"));
  config.rate_hz = 0;
  EXPECT_THAT(refused(config), HasSubstr("[features] rate_hz = 0"));
  config = motion_config("spectral");
  config.bands = 128;
  EXPECT_THAT(refused(config), HasSubstr("[features] bands = 128: needs 1 to 127"));
  const FeatureBlock block = made(motion_config("raw"));
  const auto axis = block.accepts(samples::Series{100, {"x", "y"}, {}});
  ASSERT_FALSE(axis.ok());
  EXPECT_THAT(axis.error().detail, HasSubstr("axes = \"z\": needs columns that the data have: x and y"));
  const auto rate = block.accepts(samples::Series{50, {"x", "y", "z"}, {}});
  ASSERT_FALSE(rate.ok());
  EXPECT_THAT(rate.error().detail, HasSubstr("rate_hz = 100: needs the rate of the data, 50 Hz"));
}

TEST(FloatMath, square_root_and_logarithm_keep_their_stated_error) {
  Rng rng(1);
  for (int i = 0; i < 200000; ++i) {
    const auto bits = static_cast<uint32_t>(0x00800000 + rng.below(0x7f000000));  // normal, above 0
    const float value = dsp::float_of_bits(bits);
    ASSERT_NEAR(static_cast<double>(dsp::square_root(value)) / std::sqrt(static_cast<double>(value)), 1,
                0x1p-22)
        << value;
    const double log = std::log(static_cast<double>(value));
    ASSERT_NEAR(static_cast<double>(dsp::natural_log(value)), log, 2e-7 * std::fabs(log) + 1e-7) << value;
  }
  EXPECT_EQ(dsp::square_root(0), 0);
  EXPECT_EQ(dsp::square_root(-1), 0);
  EXPECT_EQ(dsp::natural_log(1), 0);
}

}  // namespace
}  // namespace tadpole::features
