// Variants are repeatable, differ from each other, stay in range, and do what their settings say.
#include "samples/augment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <set>

namespace tadpole::samples {
namespace {

constexpr int kRate = 16000;

AugmentOptions nothing() {
  AugmentOptions options;
  options.shift_ms = 0;
  options.gain_db = 0;
  options.speed_percent = 0;
  options.noise_probability = 0;
  return options;
}

std::vector<int16_t> tone(double hz, double amplitude = 8000, int length = kRate) {
  std::vector<int16_t> out(static_cast<size_t>(length));
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<int16_t>(
        std::lround(amplitude * std::sin(6.283185307179586 * hz * static_cast<double>(i) / kRate)));
  }
  return out;
}

int zero_crossings(std::span<const int16_t> pcm) {
  int count = 0;
  for (size_t i = 1; i < pcm.size(); ++i) count += (pcm[i - 1] < 0) != (pcm[i] < 0);
  return count;
}

TEST(Augment, with_everything_off_the_sound_is_unchanged) {
  Rng rng(1);
  const auto sound = tone(440);
  EXPECT_EQ(augment(sound, kRate, {}, nothing(), rng), sound);
}

TEST(Augment, the_same_seed_gives_the_same_bits_and_variants_differ) {
  const auto sound = tone(300), noise = tone(91, 500, 5 * kRate);
  std::set<std::vector<int16_t>> distinct;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Rng first(seed), second(seed);
    const auto variant = augment(sound, kRate, {noise}, {}, first);
    EXPECT_EQ(variant, augment(sound, kRate, {noise}, {}, second));
    EXPECT_EQ(variant.size(), sound.size());
    distinct.insert(variant);
  }
  EXPECT_EQ(distinct.size(), 20u);
}

TEST(Augment, a_shift_moves_the_sound_and_fills_with_zeros) {
  AugmentOptions options = nothing();
  options.shift_ms = 100;
  std::vector<int16_t> click(kRate, 0);
  click[8000] = 12345;
  std::set<long> places;
  Rng rng(3);
  for (int i = 0; i < 200; ++i) {
    const auto moved = augment(click, kRate, {}, options, rng);
    const auto at = std::find(moved.begin(), moved.end(), 12345);
    ASSERT_NE(at, moved.end());
    EXPECT_EQ(std::count(moved.begin(), moved.end(), 0), kRate - 1);
    places.insert(at - moved.begin());
  }
  EXPECT_GE(*places.begin(), 8000 - 1600);
  EXPECT_LE(*places.rbegin(), 8000 + 1600);
  EXPECT_LT(*places.begin(), 8000 - 1400);  // both ends of the range are reached
  EXPECT_GT(*places.rbegin(), 8000 + 1400);
}

TEST(Augment, gain_stays_within_its_decibels) {
  AugmentOptions options = nothing();
  options.gain_db = 6;
  const auto sound = tone(200, 4000);
  float lowest = 1e9f, highest = 0;
  Rng rng(4);
  for (int i = 0; i < 200; ++i) {
    const float ratio = root_mean_square(augment(sound, kRate, {}, options, rng)) / root_mean_square(sound);
    lowest = std::min(lowest, ratio);
    highest = std::max(highest, ratio);
  }
  EXPECT_GT(lowest, 0.5f);  // -6 dB is 0.501
  EXPECT_LT(lowest, 0.55f);
  EXPECT_LT(highest, 2.0f);  // +6 dB is 1.995
  EXPECT_GT(highest, 1.85f);
}

TEST(Augment, speed_moves_the_pitch_by_its_percentage) {
  AugmentOptions options = nothing();
  options.speed_percent = 10;
  options.speed_probability = 1;
  const auto sound = tone(500);
  int lowest = 1 << 30, highest = 0;
  Rng rng(5);
  for (int i = 0; i < 200; ++i) {
    const auto out = augment(sound, kRate, {}, options, rng);
    const int count =
        zero_crossings(std::span(out).subspan(2000, 12000));  // the ends are silent when played faster
    lowest = std::min(lowest, count);
    highest = std::max(highest, count);
  }
  // 500 Hz for 0.75 s crosses zero 750 times; one crossing either way at the ends.
  EXPECT_NEAR(lowest, 675, 8);
  EXPECT_NEAR(highest, 825, 8);
  EXPECT_GE(lowest, 674);
  EXPECT_LE(highest, 826);
}

TEST(Augment, interpolation_keeps_a_tone_of_the_speech_band) {
  AugmentOptions options = nothing();
  options.speed_percent = 10;
  options.speed_probability = 1;
  const auto sound = tone(1000);
  Rng rng(6);
  for (int i = 0; i < 20; ++i) {
    const auto out = augment(sound, kRate, {}, options, rng);
    const float level = root_mean_square(std::span(out).subspan(2000, 12000));
    // Cubic interpolation at a sixteenth of the rate loses less than 0.1 dB (1.2 %).
    EXPECT_NEAR(level / root_mean_square(sound), 1.0f, 0.012f);
  }
}

TEST(Augment, noise_is_mixed_at_the_ratio_that_was_asked_for) {
  AugmentOptions options = nothing();
  options.noise_probability = 1;
  options.noise_snr_low_db = options.noise_snr_high_db = 10;
  const auto sound = tone(440, 6000), noise = tone(97, 900, 3 * kRate);
  Rng rng(7);
  const auto out = augment(sound, kRate, {noise}, options, rng);
  std::vector<int16_t> added(out.size());
  for (size_t i = 0; i < out.size(); ++i) added[i] = static_cast<int16_t>(out[i] - sound[i]);
  const float ratio = root_mean_square(sound) / root_mean_square(added);
  EXPECT_NEAR(20 * std::log10(ratio), 10.0f, 0.05f);  // rounding to int16 adds under 0.01 dB at this level
}

TEST(Augment, loud_sound_is_cut_to_full_scale_not_wrapped) {
  AugmentOptions options = nothing();
  options.gain_db = 6;
  std::vector<int16_t> loud(kRate, 32767);
  Rng rng(8);
  for (int i = 0; i < 50; ++i) {
    for (const int16_t value : augment(loud, kRate, {}, options, rng)) ASSERT_GT(value, 16000);
  }
}

TEST(Augment, ten_variants_of_600_clips_take_seconds_not_minutes) {
  const auto sound = tone(440), noise = tone(97, 900, 60 * kRate);
  Rng rng(9);
  const auto start = std::chrono::steady_clock::now();
  size_t sum = 0;
  for (int i = 0; i < 600; ++i) sum += static_cast<size_t>(augment(sound, kRate, {noise}, {}, rng)[100] & 1);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  RecordProperty("milliseconds_600", static_cast<int>(seconds * 1000));
  EXPECT_LE(sum, 600u);
  EXPECT_LT(seconds, 10);  // about 0.1 s in a release build; sanitizers and busy machines are far slower
}

TEST(NoiseClip, is_cut_scaled_and_repeated_when_short) {
  const std::vector<int16_t> noise = {100, 200, 300};
  Rng rng(1);
  EXPECT_THAT(noise_clip({noise}, 5, 0.5f, rng), testing::ElementsAre(50, 100, 150, 50, 100));
  EXPECT_THAT(noise_clip({}, 3, 1, rng), testing::ElementsAre(0, 0, 0));
  EXPECT_THAT(noise_clip({std::span<const int16_t>()}, 2, 1, rng), testing::ElementsAre(0, 0));
}

TEST(NoiseClip, chooses_recordings_by_their_length) {
  const std::vector<int16_t> longer(9000, 1), shorter(1000, 2);
  Rng rng(2);
  int from_longer = 0;
  for (int i = 0; i < 1000; ++i) from_longer += noise_clip({longer, shorter}, 10, 1, rng)[0] == 1;
  EXPECT_NEAR(from_longer, 900, 40);  // four standard deviations of a binomial of 1000 at 0.9
}

TEST(SyntheticNoise, has_the_level_that_was_asked_for) {
  Rng rng(3);
  EXPECT_NEAR(root_mean_square(synthetic_noise(kRate, 50, rng)), 50, 0.5);
}

TEST(Decibels, agree_with_the_power_function) {
  for (float db = -120; db <= 120; db += 0.37f) {
    const double wanted = std::pow(10.0, static_cast<double>(db) / 20);
    EXPECT_NEAR(static_cast<double>(amplitude_of_decibels(db)) / wanted, 1.0, 1e-6) << db;
  }
}

TEST(Masks, replace_whole_rows_and_columns_by_column_means_and_nothing_else) {
  constexpr int kFrames = 20, kValues = 6;
  Rng rng(4);
  int changed_clips = 0;
  for (int round = 0; round < 100; ++round) {
    std::vector<float> before(kFrames * kValues);
    for (float& value : before) value = rng.uniform(-1, 1);
    std::vector<float> after = before;
    MaskOptions options;
    options.time_masks = 1;
    options.frequency_masks = 0;
    options.time_frames_max = 5;
    mask_features(std::span(after), kFrames, kValues, rng, options);
    int rows = 0;
    for (int frame = 0; frame < kFrames; ++frame) {
      int changed = 0;
      for (int value = 0; value < kValues; ++value) {
        const size_t at = static_cast<size_t>(frame * kValues + value);
        if (after[at] == before[at]) continue;
        ++changed;
        double mean = 0;
        for (int i = 0; i < kFrames; ++i)
          mean += static_cast<double>(before[static_cast<size_t>(i * kValues + value)]) / kFrames;
        EXPECT_NEAR(static_cast<double>(after[at]), mean, 1e-6);  // float rounding of a sum of 20
      }
      EXPECT_TRUE(changed == 0 || changed == kValues);
      rows += changed > 0;
    }
    EXPECT_LE(rows, 5);
    changed_clips += rows > 0;
  }
  EXPECT_GT(changed_clips, 50);
}

TEST(Masks, work_on_int16_and_never_leave_the_clip) {
  Rng rng(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<int16_t> features(3 * 2, 100);  // masks longer than the clip
    mask_features(std::span(features), 3, 2, rng,
                  {.time_masks = 3, .time_frames_max = 50, .frequency_masks = 2, .frequency_max = 9});
    for (const int16_t value : features) ASSERT_EQ(value, 100);
  }
}

}  // namespace
}  // namespace tadpole::samples
