// Who is awake when, and for how long.
#include "device/app/cascade.h"

#include <gtest/gtest.h>

#include <vector>

namespace tadpole::app {
namespace {

constexpr HysteresisConfig kFind = {.on = 150, .off = 100, .on_count = 1, .off_count = 2};
constexpr CascadeConfig kConfig = {.find = kFind, .quiet_ms = 1000, .longest_ms = 5000, .rest_ms = 300};

std::vector<bool> decisions(const HysteresisConfig& config, const std::vector<int32_t>& scores) {
  Hysteresis hysteresis;
  hysteresis.init(&config);
  std::vector<bool> found;
  for (const int32_t score : scores) found.push_back(hysteresis.push(score));
  return found;
}

TEST(Hysteresis, does_not_flicker_between_its_thresholds) {
  const HysteresisConfig config = {.on = 10, .off = 5, .on_count = 1, .off_count = 1};
  EXPECT_EQ(decisions(config, {9, 10, 9, 5, 9, 4, 9, 9, 12}),
            (std::vector<bool>{false, true, true, true, true, false, false, false, true}));
}

TEST(Hysteresis, counts_only_scores_in_a_row) {
  const HysteresisConfig config = {.on = 10, .off = 5, .on_count = 2, .off_count = 3};
  EXPECT_EQ(decisions(config, {10, 9, 10, 10, 0, 0, 5, 0, 0, 0, 10}),
            (std::vector<bool>{false, false, false, true, true, true, true, true, true, false, false}));
}

TEST(Hysteresis, needs_thresholds_in_order_and_counts_of_one_at_least) {
  EXPECT_TRUE(valid(kFind));
  EXPECT_TRUE(valid(HysteresisConfig{5, 5, 1, 1}));
  EXPECT_FALSE(valid(HysteresisConfig{5, 6, 1, 1}));
  EXPECT_FALSE(valid(HysteresisConfig{5, 5, 0, 1}));
  EXPECT_FALSE(valid(HysteresisConfig{5, 5, 1, 0}));
}

struct Woken {
  Cascade cascade;
  explicit Woken(uint32_t start = 0, const CascadeConfig& config = kConfig) {
    cascade.init(&config, start);
    EXPECT_FALSE(cascade.hear(start + 100, false));
    EXPECT_TRUE(cascade.hear(start + 200, true));
  }
};

TEST(Cascade, sleeps_until_it_is_called) {
  Cascade cascade;
  cascade.init(&kConfig, 0);
  EXPECT_FALSE(cascade.look(50, 255)) << "a score that comes too late is not looked at";
  EXPECT_FALSE(cascade.awake());
  EXPECT_TRUE(cascade.hear(100, true));
  EXPECT_TRUE(cascade.awake());
  EXPECT_FALSE(cascade.hear(120, true)) << "nothing wakes what is awake";
  EXPECT_EQ(cascade.times_woken(), 1u);
}

TEST(Cascade, falls_asleep_when_it_has_found_nothing_for_a_while) {
  Woken woken;
  EXPECT_FALSE(woken.cascade.look(1199, 149));
  EXPECT_TRUE(woken.cascade.awake());
  EXPECT_FALSE(woken.cascade.look(1200, 149));
  EXPECT_FALSE(woken.cascade.awake());
}

TEST(Cascade, stays_awake_while_it_finds_something) {
  Woken woken;
  for (const uint32_t time_ms : {1000u, 1900u, 2800u}) EXPECT_TRUE(woken.cascade.look(time_ms, 160));
  EXPECT_TRUE(woken.cascade.look(3000, 99)) << "one low score is not enough";
  EXPECT_FALSE(woken.cascade.look(3100, 99));
  woken.cascade.wait(3999);
  EXPECT_TRUE(woken.cascade.awake());
  woken.cascade.wait(4000);
  EXPECT_FALSE(woken.cascade.awake());
}

TEST(Cascade, is_never_awake_longer_than_it_may) {
  Woken woken;
  for (uint32_t time_ms = 300; time_ms < 5200; time_ms += 100) EXPECT_TRUE(woken.cascade.look(time_ms, 255));
  EXPECT_FALSE(woken.cascade.look(5200, 255));
  EXPECT_FALSE(woken.cascade.awake());
}

TEST(Cascade, rests_before_it_can_be_woken_again_and_forgets_what_it_had_found) {
  Woken woken;
  woken.cascade.look(300, 255);
  woken.cascade.wait(1300);
  ASSERT_FALSE(woken.cascade.awake());
  EXPECT_FALSE(woken.cascade.hear(1599, true));
  EXPECT_TRUE(woken.cascade.hear(1600, true));
  EXPECT_FALSE(woken.cascade.found());
  EXPECT_EQ(woken.cascade.times_woken(), 2u);
}

TEST(Cascade, tells_its_duty_cycle) {
  Woken woken;
  woken.cascade.wait(1200);
  woken.cascade.hear(1500, false);
  EXPECT_EQ(woken.cascade.asleep_ms(), 200u + 300u);
  EXPECT_EQ(woken.cascade.awake_ms(), 1000u);
}

TEST(Cascade, does_the_same_when_the_clock_wraps_around) {
  for (const uint32_t start : {0u, 0xffffffffu - 250u, 0xffffffffu - 900u}) {
    Woken woken(start);
    EXPECT_TRUE(woken.cascade.look(start + 600, 200));
    EXPECT_FALSE(woken.cascade.look(start + 1000, 0) && woken.cascade.look(start + 1500, 0));
    woken.cascade.wait(start + 2000);
    EXPECT_FALSE(woken.cascade.awake()) << start;
    EXPECT_EQ(woken.cascade.awake_ms(), 1800u);
  }
}

TEST(Cascade, knows_settings_that_cannot_work) {
  EXPECT_TRUE(valid(kConfig));
  CascadeConfig config = kConfig;
  config.quiet_ms = 0;
  EXPECT_FALSE(valid(config));
  config = kConfig;
  config.longest_ms = 999;
  EXPECT_FALSE(valid(config)) << "shorter than the time in which it must find something";
  config.longest_ms = 0;
  EXPECT_TRUE(valid(config));
  config.rest_ms = 1u << 31;
  EXPECT_FALSE(valid(config));
}

}  // namespace
}  // namespace tadpole::app
