// Several jobs, such as models, take turns on one processor that sleeps in between: which runs next, how long
// to sleep until then, how busy the processor is and what that costs.
#ifndef TADPOLE_DEVICE_APP_SCHEDULER_H_
#define TADPOLE_DEVICE_APP_SCHEDULER_H_

#include <stdint.h>

namespace tadpole {
namespace app {

/// Something that is done again and again. Times in microseconds, below 2^31.
struct Job {
  uint32_t period_us;  // at least 1
  uint32_t phase_us;   // of the first time, after the start
  uint32_t cost_us;    // how long it takes, as estimated; 0 when unknown
};

constexpr uint32_t kMostJobs = 16;
constexpr int32_t kNoJob = -1;

/// What the processor draws in microwatts, as its data sheet says.
struct PowerFigures {
  uint32_t active_uw, asleep_uw;
};

/// True when every field is within its range and there are 1 to kMostJobs jobs.
bool valid(const Job* jobs, uint32_t count);

/// Share of the processor's time that the jobs need, in thousandths, rounded up: the sum of cost / period.
/// Above 1000 they cannot all be done.
uint32_t duty_per_mille(const Job* jobs, uint32_t count);

/// Energy in microjoules, rounded to nearest. An estimate: the figures are a data sheet's typical ones, and
/// sensors, radio and regulators come on top. Times below 2^32 microseconds each.
uint64_t energy_uj(const PowerFigures& power, uint64_t busy_us, uint64_t asleep_us);

/// The due job whose time came first runs first, and to its end; of several the first in the list. A job
/// keeps its beat: after a delay it is due again at the next multiple of its period, and the turns that it
/// has missed are counted. Time is the caller's, must not go backwards and may wrap around 2^32. jobs must be
/// valid and outlive the object. Cost of each call: O(jobs).
class Scheduler {
 public:
  void init(const Job* jobs, uint32_t count, uint32_t now_us);

  /// The job to run now, which is then taken as begun; kNoJob when none is due.
  int32_t next(uint32_t now_us);
  /// Time until a job is due, to sleep for; 0 when one is.
  uint32_t sleep_us(uint32_t now_us) const;
  /// The job that next() gave has ended.
  void done(uint32_t now_us);

  uint32_t missed(uint32_t job) const { return missed_[job]; }
  uint32_t runs(uint32_t job) const { return runs_[job]; }
  /// Time spent in jobs, and time between them, up to the latest call.
  uint64_t busy_us() const { return busy_us_; }
  uint64_t asleep_us() const { return asleep_us_; }

 private:
  void pass(uint32_t now_us);

  const Job* jobs_ = nullptr;
  uint32_t count_ = 0;
  uint32_t due_us_[kMostJobs];
  uint32_t missed_[kMostJobs];
  uint32_t runs_[kMostJobs];
  uint32_t now_us_ = 0;
  bool working_ = false;
  uint64_t busy_us_ = 0, asleep_us_ = 0;
};

}  // namespace app
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_APP_SCHEDULER_H_
