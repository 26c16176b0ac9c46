// mfe, spectrogram and wavelet against their judges, and the promises that their formulas make.
#include <gmock/gmock.h>

#include "features/wavelet_block.h"
#include "tests/unit/features/blocks.h"
#include "tests/unit/features/sounds.h"

namespace tadpole::features {
namespace {

using testing::HasSubstr;

std::vector<Pcm> sounds() {
  std::vector<Pcm> clips = {noise(16000, 3, 1), noise(16000, 300, 2), noise(16000, 32767, 3),
                            tone(16000, 3000, 440, 16000), square(16000, 50)};
  for (Pcm& clip : recordings(150)) clips.push_back(std::move(clip));
  return clips;
}

JudgedError error_of(const FeatureConfig& config) {
  const FeatureBlock block = made(config);
  JudgedError error;
  for (const Pcm& pcm : sounds()) error.add(block, samples::Audio{16000, pcm});
  testing::Test::RecordProperty("max_error", std::to_string(error.max));
  testing::Test::RecordProperty("rms_error", std::to_string(error.rms()));
  return error;
}

// Rounding alone makes 2^-13 = 0.00012 and 2^-12 / sqrt(12) = 0.00007; the window's upper word, the
// transform and the 16-bit weights are heard where a band is 90 dB below the loudest.
TEST(Mfe, stays_within_its_stated_error) {
  const JudgedError error = error_of(default_config("mfe"));
  EXPECT_LE(error.max, 0.002);
  EXPECT_LE(error.rms(), 0.0002);
}

TEST(Mfe, is_0_below_its_noise_floor_and_1_at_twelve_decibels) {
  const FeatureBlock block = made(default_config("mfe"));
  EXPECT_EQ(block.shape(), (std::array<int, 3>{99, 40, 1}));
  for (const int16_t value : block.extract(Pcm(16000, 0))) ASSERT_EQ(value, 0);
  int16_t most = 0;
  for (const int16_t value : block.extract(noise(16000, 32767, 4))) most = std::max(most, value);
  EXPECT_LE(most, 4096);
  EXPECT_GT(most, 2500);
}

TEST(Mfe, ten_times_the_amplitude_adds_twenty_decibels) {
  const FeatureBlock block = made(default_config("mfe"));
  const Pcm quiet = noise(16000, 3000, 5);
  Pcm loud;
  for (const int16_t sample : quiet) loud.push_back(static_cast<int16_t>(10 * sample));
  const std::vector<int16_t> low = block.extract(quiet), high = block.extract(loud);
  for (size_t i = 0; i < low.size(); ++i) {
    if (low[i] == 0) continue;
    // 20 of the 64 decibels between floor and top, in steps of 2^-12; two roundings.
    ASSERT_NEAR(high[i] - low[i], 4096 * 20 / 64, 2) << i;
  }
}

// Single lines beside a loud tone hold only what the transform rounds.
TEST(Spectrogram, stays_within_its_stated_error) {
  const JudgedError error = error_of(default_config("spectrogram"));
  EXPECT_LE(error.max, 0.05);
  EXPECT_LE(error.rms(), 0.002);
}

TEST(Spectrogram, a_tone_is_loudest_in_its_own_line) {
  FeatureConfig config = default_config("spectrogram");
  config.low_hz = 1000;
  config.high_hz = 2000;
  const FeatureBlock block = made(config);
  // Lines are 31.25 Hz apart: 32 to 64.
  EXPECT_EQ(block.shape(), (std::array<int, 3>{49, 33, 1}));
  const std::vector<int16_t> values = block.extract(tone(16000, 5000, 1500, 16000));
  for (int frame = 0; frame < 49; ++frame) {
    const auto row = values.begin() + frame * 33;
    EXPECT_EQ(std::max_element(row, row + 33) - row, 48 - 32);
  }
}

TEST(Spectrogram, refuses_a_range_without_lines) {
  FeatureConfig config = default_config("spectrogram");
  config.window_ms = 5;
  config.low_hz = 130;
  config.high_hz = 240;
  EXPECT_THAT(refused(config), HasSubstr("no line of the spectrum lies between them"));
}

class Wavelet : public testing::TestWithParam<const char*> {};

// A value is rounded to 2^-10. Each level rounds its coefficients to 2^-8 of one LSB, which ln(1 + x^2) hears
// by as much near one LSB where a level has few of them.
TEST_P(Wavelet, stays_within_its_stated_error) {
  FeatureConfig config = default_config("wavelet");
  config.wavelet = GetParam();
  const JudgedError error = error_of(config);
  EXPECT_LE(error.max, 0.005);
  EXPECT_LE(error.rms(), 0.0004);
}

TEST_P(Wavelet, filter_is_orthonormal) {
  const std::vector<double> low = wavelet_filter(GetParam());
  for (size_t shift = 0; shift < low.size(); shift += 2) {
    double product = 0;
    for (size_t k = 0; k + shift < low.size(); ++k) product += low[k] * low[k + shift];
    EXPECT_NEAR(product, shift == 0 ? 1.0 : 0.0, 1e-12) << shift;
  }
}

TEST_P(Wavelet, a_tone_is_loudest_in_its_octave) {
  FeatureConfig config = default_config("wavelet");
  config.wavelet = GetParam();
  const FeatureBlock block = made(config);
  EXPECT_EQ(block.values_per_frame(), 8);
  // Octaves at 16 kHz: 4 to 8 kHz, 2 to 4, 1 to 2, ...
  const std::vector<std::pair<double, int>> cases = {{6000, 0}, {3000, 1}, {1500, 2}, {750, 3}};
  for (const auto& [hz, octave] : cases) {
    const std::vector<int16_t> values = block.extract(tone(16000, 8000, hz, 16000));
    const auto row = values.begin() + 20 * 8;
    EXPECT_EQ(std::max_element(row, row + 8) - row, octave) << hz;
  }
}

TEST_P(Wavelet, the_loudest_sounds_saturate_nothing) {
  FeatureConfig config = default_config("wavelet");
  config.wavelet = GetParam();
  config.window_ms = 200;
  config.levels = 9;
  const FeatureBlock block = made(config);
  JudgedError error;
  for (const Pcm& pcm : {Pcm(16000, -32768), Pcm(16000, 32767), square(16000, 1), square(16000, 100)}) {
    error.add(block, samples::Audio{16000, pcm});
  }
  EXPECT_LE(error.max, 0.0012);
}

INSTANTIATE_TEST_SUITE_P(Filters, Wavelet, testing::Values("haar", "db2", "db4"));

TEST(WaveletSettings, refuse_more_levels_than_the_window_has_room_for) {
  FeatureConfig config = default_config("wavelet");
  config.wavelet = "db4";
  config.window_ms = 5;
  config.levels = 10;
  EXPECT_THAT(refused(config), HasSubstr("[features] levels = 10: needs at most 8"));
  config.wavelet = "db3";
  EXPECT_THAT(refused(config), HasSubstr("\"db3\": needs one of haar, db2 and db4"));
}

}  // namespace
}  // namespace tadpole::features
