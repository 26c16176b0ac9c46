// One window every so often of an endless stream.
#include "device/app/duty_sense.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/rng.h"
#include "device/app/signal_input.h"
#include "features/feature_block.h"

namespace tadpole::app {
namespace {

/// Windows of 4 samples at 10 Hz, a feature each.
struct Watcher {
  Watcher() {
    SignalParts p{};
    p.kind = kSeries;
    p.rate_hz = 10;
    p.sample_bytes = 4;
    p.clip_samples = p.fewest_samples = p.feature_count = p.part_features = 4;
    p.stride_samples = 1;
    p.extract = [](const uint8_t* from, uint32_t, uint32_t, int16_t* features) {
      for (int i = 0; i < 4; ++i) {
        float value = 0;
        std::memcpy(&value, from + 4 * i, 4);
        features[i] = static_cast<int16_t>(value);
      }
    };
    p.quantiser = &quantiser;
    p.samples = samples;
    p.features = features;
    EXPECT_TRUE(input.init(p, 4, 2));
  }
  dsp::FeatureQuantiser quantiser = features::make_feature_quantiser(1, 1, 0);
  alignas(4) uint8_t samples[16];
  int16_t features[4];
  SignalInput input;
};

TEST(DutySense, takes_one_window_a_period_whatever_the_pieces) {
  Rng rng(3);
  for (int round = 0; round < 20; ++round) {
    Watcher watcher;
    DutySense duty;
    ASSERT_TRUE(duty.init(watcher.input.sense(), 1'250'000));  // 12.5 samples
    const Sense sense = duty.sense();
    sense.reset(sense.self, kStream);
    std::vector<int> first_of_windows, times;
    for (int at = 0; at < 60;) {
      float piece[8];
      const uint32_t count = 1 + rng.below(8);
      for (uint32_t i = 0; i < count; ++i) piece[i] = static_cast<float>(at + static_cast<int>(i));
      bool due = false;
      const uint32_t taken = sense.push(sense.self, reinterpret_cast<const uint8_t*>(piece), count, &due);
      ASSERT_GE(taken, 1u);
      ASSERT_LE(taken, count);
      at += static_cast<int>(taken);
      if (!due) continue;
      int8_t input[4];
      sense.fill(sense.self, input);
      for (int i = 0; i < 4; ++i) EXPECT_EQ(input[i], input[0] + i) << "one window without a hole";
      first_of_windows.push_back(input[0]);
      const int8_t output[2] = {1, 2};
      uint8_t payload[8];
      EXPECT_EQ(sense.result(sense.self, output, payload), 8u);
      times.push_back(payload[0] + 256 * payload[1]);
    }
    EXPECT_EQ(first_of_windows, (std::vector<int>{0, 13, 25, 38, 50}));
    EXPECT_EQ(times, (std::vector<int>{400, 1700, 2900, 4200, 5400})) << "of the stream, sleep included";
    EXPECT_EQ(duty.scheduler().runs(0), 5u);
    EXPECT_EQ(duty.scheduler().missed(0), 0u);
    EXPECT_EQ(duty.scheduler().busy_us(), 5u * 400'000u);
  }
}

TEST(DutySense, leaves_clips_alone) {
  Watcher watcher;
  DutySense duty;
  ASSERT_TRUE(duty.init(watcher.input.sense(), 1'000'000));
  const Sense sense = duty.sense();
  sense.reset(sense.self, kClip);
  const float samples[4] = {1, 2, 3, 4};
  bool due = false;
  EXPECT_EQ(sense.push(sense.self, reinterpret_cast<const uint8_t*>(samples), 4, &due), 4u);
  EXPECT_FALSE(due);
  EXPECT_TRUE(sense.complete(sense.self));
}

TEST(DutySense, refuses_a_period_that_a_window_fills) {
  Watcher watcher;
  DutySense duty;
  EXPECT_FALSE(duty.init(watcher.input.sense(), 400'000));
  EXPECT_FALSE(duty.init(watcher.input.sense(), 1u << 31));
  EXPECT_TRUE(duty.init(watcher.input.sense(), 400'001));
}

}  // namespace
}  // namespace tadpole::app
