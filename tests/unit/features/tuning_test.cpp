// Choices of settings are measured on data, and features can be looked at.
#include "features/tuning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "features/feature_picture.h"
#include "tests/unit/features/blocks.h"
#include "tests/unit/features/sounds.h"

namespace tadpole::features {
namespace {

using testing::HasSubstr;

/// Noise with a tone that only the upper half of the spectrum tells apart.
samples::Dataset tones(double first_hz, double second_hz) {
  samples::Dataset data;
  data.classes = {"low", "high"};
  for (int i = 0; i < 24; ++i) {
    Pcm pcm = noise(16000, 300, static_cast<uint64_t>(i + 1));
    const Pcm tune = tone(16000, 400, i % 2 == 0 ? first_hz : second_hz, 16000);
    for (size_t n = 0; n < pcm.size(); ++n) pcm[n] = static_cast<int16_t>(pcm[n] + tune[n]);
    samples::Sample sample;
    sample.signal = std::make_shared<samples::Signal>(samples::Audio{16000, pcm});
    data.samples.push_back(sample);
    data.target.push_back(i % 2);
    data.side.push_back(i < 12 ? samples::Side::train : samples::Side::validation);
  }
  return data;
}

TEST(Tuning, sees_that_the_upper_half_of_the_spectrum_is_needed) {
  FeatureConfig low;
  low.high_hz = 4000;
  FeatureConfig high = low;
  high.high_hz = 7600;
  Workers workers(2);
  const std::vector<FeatureConfig> configs = {low, high};
  const std::vector<Candidate> found = measure(configs, tones(5000, 6500), 12, workers);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].change, "as it is");
  EXPECT_EQ(found[1].change, "high_hz = 7600");
  EXPECT_GT(found[1].fisher, 5 * found[0].fisher);
  EXPECT_EQ(found[1].accuracy, 1);
  EXPECT_LT(found[0].accuracy, 1);
  EXPECT_EQ(best_of(found), 1);
}

TEST(Tuning, proposes_the_cheapest_of_equals) {
  Workers workers(2);
  const std::vector<Candidate> found =
      measure(neighbours(default_config("log_mel")), tones(500, 3000), 12, workers);
  ASSERT_GT(found.size(), 8u);
  const int best = best_of(found);
  for (const Candidate& one : found) {
    EXPECT_GT(one.ram_bytes, 0) << one.change;
    EXPECT_GT(one.flash_bytes, 0) << one.change;
    const int64_t least = found[static_cast<size_t>(best)].instructions;
    EXPECT_TRUE(one.accuracy < 1 || one.instructions >= least) << one.change;
  }
}

TEST(Tuning, is_the_same_for_any_number_of_threads) {
  const samples::Dataset data = tones(500, 800);
  const std::vector<FeatureConfig> configs = {default_config("mfcc")};
  Workers one(1), two(2);
  const std::vector<Candidate> a = measure(configs, data, 12, one), b = measure(configs, data, 12, two);
  EXPECT_EQ(a[0].fisher, b[0].fisher);
  EXPECT_EQ(a[0].accuracy, b[0].accuracy);
}

TEST(Tuning, estimates_what_was_counted_on_the_virtual_board_within_a_quarter) {
  // tests/board/blocks_test.cpp, instructions_a_row, default settings, 50 rows a second (mfe: 100).
  const std::vector<std::pair<const char*, double>> counted = {
      {"mfcc", 43152}, {"log_mel", 40908}, {"mfe", 43504}, {"micro_frontend", 61167}, {"wavelet", 49052}};
  Workers workers(1);
  for (const auto& [block, row] : counted) {
    const FeatureConfig config = default_config(block);
    const std::vector<Candidate> found = measure(std::span(&config, 1), tones(500, 800), 2, workers);
    const double a_second = row * 1000 / config.stride_ms;
    EXPECT_NEAR(static_cast<double>(found[0].instructions) / a_second, 1, 0.25) << block;
  }
}

TEST(FeaturePicture, has_time_to_the_right_and_low_frequencies_below) {
  const FeatureBlock block = made(default_config("log_mel"));
  Pcm pcm(16000, 0);
  const Pcm hiss = tone(8000, 8000, 300, 16000);
  std::copy(hiss.begin(), hiss.end(), pcm.begin() + 8000);
  const std::string text = feature_text(block, block.extract(pcm), 49, 40);
  ASSERT_EQ(text.size(), 40u * 50);
  EXPECT_EQ(text.substr(0, 20), std::string(20, ' '));  // high and early: nothing
  const std::string low_line = text.substr(36 * 50, 49);
  EXPECT_EQ(low_line.substr(0, 20), std::string(20, ' '));
  EXPECT_EQ(low_line.substr(30, 10).find(' '), std::string::npos);
}

TEST(FeaturePicture, svg_escapes_its_title_and_has_a_cell_for_each_value) {
  const FeatureBlock block = made(default_config("mfcc"));
  const std::string svg = feature_svg(block, block.extract(noise(16000, 500, 1)), "a<b>&c");
  EXPECT_THAT(svg, HasSubstr("<title>a&lt;b>&amp;c</title>"));
  size_t cells = 0;
  for (size_t at = 0; (at = svg.find("<rect x", at)) != std::string::npos; ++at) ++cells;
  EXPECT_EQ(cells, 490u);
}

}  // namespace
}  // namespace tadpole::features
