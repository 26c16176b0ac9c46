// A sense that sleeps: of an endless stream it takes one window every so often, when the scheduler wakes it,
// and lets the samples in between pass. Time is the stream's own: its samples at their rate.
#ifndef TADPOLE_DEVICE_APP_DUTY_SENSE_H_
#define TADPOLE_DEVICE_APP_DUTY_SENSE_H_

#include <stdint.h>

#include "device/app/scheduler.h"
#include "device/app/sense.h"

namespace tadpole {
namespace app {

/// Clips go to the sense behind it as they are. A RESULT's time counts from the reset of the stream, what was
/// slept through included.
class DutySense {
 public:
  /// inner: of samples with a rate below 2^20 a second. wake_every_us: from one window's first sample to the
  /// next one's, longer than a window and below 2^31. False when that is not so.
  bool init(const Sense& inner, uint32_t wake_every_us);

  /// The table for a session; valid while this object lives.
  Sense sense();

  void reset(StreamMode mode);
  uint32_t push(const uint8_t* samples, uint32_t count, bool* due);
  uint32_t result(const int8_t* output, uint8_t* payload);

  /// Of the stream: windows that were taken, and time with and without the sensor.
  const Scheduler& scheduler() const { return scheduler_; }

 private:
  uint32_t now_us() const { return static_cast<uint32_t>(taken_ * 1000000u / inner_.rate_hz); }

  Sense inner_;
  Job job_;
  Scheduler scheduler_;
  StreamMode mode_ = kClip;
  bool awake_ = false;
  uint64_t taken_ = 0;  // samples since reset
};

}  // namespace app
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_APP_DUTY_SENSE_H_
