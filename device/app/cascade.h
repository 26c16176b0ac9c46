// A cheap detector that always runs wakes a costly one, which sleeps again when it has found nothing for a
// while. In: what either detector says, with the time. Out: which of them runs next, and how long each did.
#ifndef TADPOLE_DEVICE_APP_CASCADE_H_
#define TADPOLE_DEVICE_APP_CASCADE_H_

#include <stdint.h>

#include "device/app/hysteresis.h"

namespace tadpole {
namespace app {

/// A plain constant that lives in flash. Times in milliseconds, below 2^31.
struct CascadeConfig {
  HysteresisConfig find;  // of the costly detector's scores
  uint32_t quiet_ms;      // awake for so long without a find: asleep, at least 1
  uint32_t longest_ms;    // asleep after so long whatever it finds, at least quiet_ms; 0: no such limit
  uint32_t rest_ms;       // for so long after falling asleep nothing wakes it
};

/// True when every field is within its range.
bool valid(const CascadeConfig& config);

/// Asleep at first. Time is the caller's, must not go backwards and may wrap around 2^32. The config must be
/// valid and outlive the object. Each call costs a few instructions.
class Cascade {
 public:
  void init(const CascadeConfig* config, uint32_t time_ms);

  /// True: the costly detector is to run; false: the cheap one.
  bool awake() const { return awake_; }
  /// True: the costly detector sees what it looks for, by its hysteresis.
  bool found() const { return awake_ && find_.on(); }

  /// What the cheap detector says at `time_ms` while asleep. Returns whether this has woken the costly one.
  /// Awake, it only lets time pass.
  bool hear(uint32_t time_ms, bool detected);

  /// The costly detector's score at `time_ms` while awake; returns found(). Asleep, it only lets time pass.
  bool look(uint32_t time_ms, int32_t score);

  /// Time passes without an answer: a camera that fails must not keep the board awake.
  void wait(uint32_t time_ms);

  /// Milliseconds in either state since init; the share awake is the costly detector's duty cycle.
  uint64_t asleep_ms() const { return asleep_ms_; }
  uint64_t awake_ms() const { return awake_ms_; }
  uint32_t times_woken() const { return times_woken_; }

 private:
  void pass(uint32_t time_ms);
  void fall_asleep(uint32_t time_ms);

  const CascadeConfig* config_ = nullptr;
  Hysteresis find_;
  bool awake_ = false;
  bool rested_ = true;
  uint32_t now_ms_ = 0;
  uint32_t changed_ms_ = 0;  // when it woke or fell asleep
  uint32_t found_ms_ = 0;    // when it woke or last found something
  uint32_t times_woken_ = 0;
  uint64_t asleep_ms_ = 0, awake_ms_ = 0;
};

}  // namespace app
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_APP_CASCADE_H_
