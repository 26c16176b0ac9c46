// Averaging of posteriors, threshold, minimum of evidence, suppression of repeats.
#include "device/app/spotter.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/rng.h"

namespace tadpole::app {
namespace {

constexpr SpotterConfig kConfig = {.labels = 4,
                                   .first_keyword = 2,
                                   .average_window_ms = 1000,
                                   .minimum_count = 3,
                                   .minimum_span_ms = 250,
                                   .suppression_ms = 1500,
                                   .threshold = 200,
                                   .inference_stride_frames = 5};

struct Ear {
  explicit Ear(const SpotterConfig& config = kConfig)
      : settings(config), history(kSpotterResults * static_cast<size_t>(config.labels)) {
    spotter.init(&settings, history.data());
  }
  /// A result in which `label` has `posterior` of 255 and the others share the rest.
  int32_t hear(uint32_t time_ms, int label, int posterior) {
    std::vector<int8_t> scores(static_cast<size_t>(settings.labels),
                               static_cast<int8_t>((255 - posterior) / (settings.labels - 1) - 128));
    scores[static_cast<size_t>(label)] = static_cast<int8_t>(posterior - 128);
    return spotter.push(time_ms, scores.data());
  }
  SpotterConfig settings;
  std::vector<uint8_t> history;
  Spotter spotter;
};

TEST(Spotter, announces_a_clear_word_once_three_results_span_250_ms) {
  Ear ear;
  EXPECT_EQ(ear.hear(0, 2, 255), kNothing);
  EXPECT_EQ(ear.hear(100, 2, 255), kNothing);
  EXPECT_EQ(ear.hear(200, 2, 255), kNothing);  // three results, but they span only 200 ms
  EXPECT_EQ(ear.hear(300, 2, 255), 2);
}

TEST(Spotter, needs_three_results_however_long_they_span) {
  Ear ear;
  EXPECT_EQ(ear.hear(0, 2, 255), kNothing);
  EXPECT_EQ(ear.hear(900, 2, 255), kNothing);
  EXPECT_EQ(ear.hear(950, 2, 255), 2);
}

TEST(Spotter, stays_silent_at_the_threshold_and_speaks_above_it) {
  Ear at, above;
  int32_t last_at = kNothing, last_above = kNothing;
  for (uint32_t time = 0; time <= 300; time += 100) {
    last_at = at.hear(time, 3, 200);
    last_above = above.hear(time, 3, 201);
  }
  EXPECT_EQ(last_at, kNothing);
  EXPECT_EQ(last_above, 3);
}

TEST(Spotter, never_announces_silence_or_unknown) {
  for (int label : {0, 1}) {
    Ear ear;
    for (uint32_t time = 0; time < 3000; time += 100) EXPECT_EQ(ear.hear(time, label, 255), kNothing);
  }
}

TEST(Spotter, announces_a_held_word_again_only_after_the_suppression) {
  Ear ear;
  std::vector<uint32_t> announced;
  for (uint32_t time = 0; time <= 4000; time += 100) {
    if (ear.hear(time, 2, 255) == 2) announced.push_back(time);
  }
  EXPECT_EQ(announced, (std::vector<uint32_t>{300, 1900, 3500}));  // more than 1,500 ms apart
}

TEST(Spotter, announces_another_word_within_the_suppression) {
  Ear ear;
  std::vector<std::pair<uint32_t, int32_t>> announced;
  for (uint32_t time = 0; time <= 1500; time += 100) {
    const int32_t word = ear.hear(time, time <= 300 ? 2 : 3, 255);
    if (word != kNothing) announced.emplace_back(time, word);
  }
  ASSERT_EQ(announced.size(), 2u);
  EXPECT_EQ(announced[0], (std::pair<uint32_t, int32_t>{300, 2}));
  EXPECT_EQ(announced[1].second, 3);
}

TEST(Spotter, average_equals_the_mean_over_the_window_of_random_scores) {
  Rng rng(7);
  Ear ear;
  std::vector<std::pair<uint32_t, std::vector<uint8_t>>> heard;
  uint32_t time = 0;
  for (int i = 0; i < 500; ++i) {
    time += 20 + rng.below(60);  // at most 51 in a window: below kSpotterResults
    std::vector<int8_t> scores(4);
    std::vector<uint8_t> posteriors;
    for (int8_t& score : scores) {
      posteriors.push_back(static_cast<uint8_t>(rng.next()));
      score = static_cast<int8_t>(posteriors.back() - 128);
    }
    heard.emplace_back(time, posteriors);
    ear.spotter.push(time, scores.data());
    for (int label = 0; label < 4; ++label) {
      uint32_t sum = 0, count = 0;
      for (const auto& [when, values] : heard) {
        if (time - when > 1000) continue;
        sum += values[static_cast<size_t>(label)];
        ++count;
      }
      EXPECT_EQ(ear.spotter.average(label), (sum + count / 2) / count);
    }
  }
}

TEST(Spotter, with_more_results_than_it_holds_averages_the_newest) {
  Ear ear;
  for (uint32_t time = 0; time < kSpotterResults; ++time) ear.hear(time, 0, 0);
  for (uint32_t time = 0; time < kSpotterResults; ++time) ear.hear(100 + time, 0, 255);
  EXPECT_EQ(ear.spotter.average(0), 255);
}

TEST(Spotter, starts_anew_when_time_goes_backwards_or_it_is_reset) {
  Ear ear;
  for (uint32_t time = 5000; time <= 5300; time += 100) ear.hear(time, 2, 255);
  EXPECT_EQ(ear.hear(0, 2, 255), kNothing);
  EXPECT_EQ(ear.hear(300, 2, 255), kNothing);
  EXPECT_EQ(ear.hear(400, 2, 255), 2);
  ear.spotter.reset();
  EXPECT_EQ(ear.spotter.average(2), 0);
}

TEST(Spotter, settings_outside_their_ranges_are_not_valid) {
  EXPECT_TRUE(valid(kConfig));
  SpotterConfig c = kConfig;
  c.labels = 0;
  EXPECT_FALSE(valid(c));
  c = kConfig, c.labels = 256;
  EXPECT_FALSE(valid(c));
  c = kConfig, c.first_keyword = 5;
  EXPECT_FALSE(valid(c));
  c = kConfig, c.threshold = 256;
  EXPECT_FALSE(valid(c));
  c = kConfig, c.minimum_span_ms = 1001;
  EXPECT_FALSE(valid(c));
  c = kConfig, c.inference_stride_frames = 0;
  EXPECT_FALSE(valid(c));
}

}  // namespace
}  // namespace tadpole::app
