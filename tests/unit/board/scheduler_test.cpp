// Whose turn it is, and what the turns cost; and a gate that saves inferences.
#include "device/app/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "device/app/gated_model.h"

namespace tadpole::app {
namespace {

using testing::ElementsAre;

/// Runs for `until_us` with jobs that take exactly their cost; returns the jobs in order.
std::vector<int32_t> turns(Scheduler& scheduler, const std::vector<Job>& jobs, uint32_t start_us,
                           uint32_t until_us) {
  scheduler.init(jobs.data(), static_cast<uint32_t>(jobs.size()), start_us);
  std::vector<int32_t> order;
  for (uint32_t now_us = start_us; now_us - start_us < until_us;) {
    const int32_t job = scheduler.next(now_us);
    if (job == kNoJob) {
      now_us += scheduler.sleep_us(now_us);
      continue;
    }
    order.push_back(job);
    now_us += jobs[static_cast<size_t>(job)].cost_us;
    scheduler.done(now_us);
  }
  return order;
}

const std::vector<Job> kTwo = {{.period_us = 100, .phase_us = 0, .cost_us = 20},
                               {.period_us = 300, .phase_us = 50, .cost_us = 60}};

TEST(Scheduler, gives_each_job_its_turns) {
  Scheduler scheduler;
  EXPECT_THAT(turns(scheduler, kTwo, 0, 600), ElementsAre(0, 1, 0, 0, 0, 1, 0, 0));
  EXPECT_EQ(scheduler.runs(0), 6u);
  EXPECT_EQ(scheduler.runs(1), 2u);
  EXPECT_EQ(scheduler.missed(0) + scheduler.missed(1), 0u);
}

TEST(Scheduler, is_as_busy_as_the_sum_of_its_jobs_says) {
  Scheduler scheduler;
  turns(scheduler, kTwo, 0, 600);
  scheduler.next(600);
  EXPECT_EQ(scheduler.busy_us(), 240u);
  EXPECT_EQ(scheduler.asleep_us(), 360u);
  EXPECT_EQ(duty_per_mille(kTwo.data(), 2), 400u);
}

TEST(Scheduler, runs_first_who_has_waited_longest_and_keeps_the_beat) {
  const std::vector<Job> jobs = {{.period_us = 100, .phase_us = 10, .cost_us = 5},
                                 {.period_us = 1000, .phase_us = 0, .cost_us = 250},
                                 {.period_us = 1000, .phase_us = 5, .cost_us = 5}};
  Scheduler scheduler;
  EXPECT_THAT(turns(scheduler, jobs, 0, 300), ElementsAre(1, 2, 0));
  EXPECT_EQ(scheduler.missed(0), 2u) << "due at 10, 110 and 210; one turn makes up for all";
  EXPECT_EQ(scheduler.sleep_us(265), 45u) << "the next one at 310, not 100 after the late one";
}

TEST(Scheduler, does_the_same_when_the_clock_wraps_around) {
  Scheduler early, late;
  EXPECT_EQ(turns(early, kTwo, 0, 3000), turns(late, kTwo, 0xffffffffu - 1000, 3000));
  EXPECT_EQ(early.busy_us(), late.busy_us());
}

TEST(Scheduler, knows_jobs_that_cannot_be) {
  EXPECT_TRUE(valid(kTwo.data(), 2));
  EXPECT_FALSE(valid(kTwo.data(), 0));
  const std::vector<Job> many(kMostJobs + 1, kTwo[0]);
  EXPECT_FALSE(valid(many.data(), kMostJobs + 1));
  const Job never{.period_us = 0, .phase_us = 0, .cost_us = 1};
  EXPECT_FALSE(valid(&never, 1));
  const std::vector<Job> thirds(3, Job{3, 0, 1});
  EXPECT_EQ(duty_per_mille(thirds.data(), 3), 1001u) << "rounded up, never down";
}

TEST(Energy, is_power_times_time) {
  EXPECT_EQ(energy_uj({17000, 9}, 1'000'000, 0), 17000u);
  EXPECT_EQ(energy_uj({17000, 9}, 100'000, 900'000), 1708u) << "1700 + 8.1";
  EXPECT_EQ(energy_uj({UINT32_MAX, UINT32_MAX}, UINT32_MAX, UINT32_MAX),
            2 * (uint64_t{UINT32_MAX} * UINT32_MAX / 1'000'000) + 1)
      << "no overflow; the rests make one more";
}

// A gate around one value: strange when it is further than 10 from 0.
constexpr int32_t kOffset[] = {0}, kMultiplier[] = {256};
constexpr int8_t kShift[] = {8};
constexpr int16_t kCentre[] = {0};
constexpr AnomalyGate kGate = {
    GateKind::nearest_centre, 1, 1, kOffset, kMultiplier, kShift, kCentre, nullptr, 2560 * 2560};
int8_t memory[4];
int invocations;

GatedAnswer classify_one(int8_t value) {
  memory[0] = value;
  return classify({&kGate, [] { return reinterpret_cast<uint8_t*>(memory); },
                   [] { return reinterpret_cast<const uint8_t*>(memory + 1); }, 3,
                   [] {
                     ++invocations;
                     memory[1] = -5, memory[2] = memory[0], memory[3] = memory[0];
                   }});
}

TEST(GatedModel, does_not_run_for_what_is_strange) {
  ASSERT_TRUE(valid(kGate));
  invocations = 0;
  EXPECT_EQ(classify_one(10).label, 1) << "the first of equals";
  EXPECT_EQ(classify_one(-10).label, 0);
  EXPECT_EQ(classify_one(-10).score, -5);
  EXPECT_EQ(invocations, 3);
  const GatedAnswer strange = classify_one(11);
  EXPECT_EQ(strange.label, kUnknownLabel);
  EXPECT_TRUE(strange.gate.anomaly);
  EXPECT_EQ(invocations, 3);
}

}  // namespace
}  // namespace tadpole::app
