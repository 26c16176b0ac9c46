// Only differences of times are compared, so that a clock that wraps around does no harm.
#include "device/app/scheduler.h"

namespace tadpole {
namespace app {
namespace {

constexpr uint32_t kHalfTime = uint32_t(1) << 31;

/// How long ago `due` was; nothing when it is to come.
bool is_due(uint32_t due_us, uint32_t now_us) { return now_us - due_us < kHalfTime; }

}  // namespace

bool valid(const Job* jobs, uint32_t count) {
  if (count < 1 || count > kMostJobs) return false;
  for (uint32_t i = 0; i < count; ++i) {
    if (jobs[i].period_us < 1 || jobs[i].period_us >= kHalfTime) return false;
    if (jobs[i].phase_us >= kHalfTime || jobs[i].cost_us >= kHalfTime) return false;
  }
  return true;
}

uint32_t duty_per_mille(const Job* jobs, uint32_t count) {
  // In millionths, each rounded up, so that the sum is never too small.
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count; ++i)
    sum += (uint64_t(jobs[i].cost_us) * 1000000u + jobs[i].period_us - 1) / jobs[i].period_us;
  const uint64_t per_mille = (sum + 999) / 1000;
  return per_mille > UINT32_MAX ? UINT32_MAX : uint32_t(per_mille);
}

uint64_t energy_uj(const PowerFigures& power, uint64_t busy_us, uint64_t asleep_us) {
  // Each product is below 2^64 by itself; their quotients and rests are added, not they.
  const uint64_t busy = power.active_uw * busy_us, asleep = power.asleep_uw * asleep_us;
  const uint64_t rest = busy % 1000000u + asleep % 1000000u;
  return busy / 1000000u + asleep / 1000000u + (rest + 500000u) / 1000000u;
}

void Scheduler::init(const Job* jobs, uint32_t count, uint32_t now_us) {
  jobs_ = jobs;
  count_ = count;
  for (uint32_t i = 0; i < count; ++i) {
    due_us_[i] = now_us + jobs[i].phase_us;
    missed_[i] = runs_[i] = 0;
  }
  now_us_ = now_us;
  working_ = false;
  busy_us_ = asleep_us_ = 0;
}

void Scheduler::pass(uint32_t now_us) {
  (working_ ? busy_us_ : asleep_us_) += now_us - now_us_;
  now_us_ = now_us;
}

int32_t Scheduler::next(uint32_t now_us) {
  pass(now_us);
  int32_t chosen = kNoJob;
  uint32_t longest = 0;
  for (uint32_t i = 0; i < count_; ++i) {
    if (!is_due(due_us_[i], now_us)) continue;
    const uint32_t late = now_us - due_us_[i];
    if (chosen == kNoJob || late > longest) {
      chosen = int32_t(i);
      longest = late;
    }
  }
  if (chosen == kNoJob) return kNoJob;
  const uint32_t turns = longest / jobs_[chosen].period_us;
  missed_[chosen] += turns;
  ++runs_[chosen];
  due_us_[chosen] += (turns + 1) * jobs_[chosen].period_us;
  working_ = true;
  return chosen;
}

uint32_t Scheduler::sleep_us(uint32_t now_us) const {
  uint32_t shortest = UINT32_MAX;
  for (uint32_t i = 0; i < count_; ++i) {
    if (is_due(due_us_[i], now_us)) return 0;
    if (due_us_[i] - now_us < shortest) shortest = due_us_[i] - now_us;
  }
  return shortest;
}

void Scheduler::done(uint32_t now_us) {
  pass(now_us);
  working_ = false;
}

}  // namespace app
}  // namespace tadpole
