// Only differences of times are compared, so that a clock that wraps around does no harm.
#include "device/app/cascade.h"

namespace tadpole {
namespace app {
namespace {

constexpr uint32_t kLongestTime = uint32_t(1) << 31;

}  // namespace

bool valid(const CascadeConfig& c) {
  return valid(c.find) && c.quiet_ms >= 1 && c.quiet_ms < kLongestTime &&
         (c.longest_ms == 0 || (c.longest_ms >= c.quiet_ms && c.longest_ms < kLongestTime)) &&
         c.rest_ms < kLongestTime;
}

void Cascade::init(const CascadeConfig* config, uint32_t time_ms) {
  config_ = config;
  find_.init(&config->find);
  awake_ = false;
  rested_ = true;
  now_ms_ = changed_ms_ = found_ms_ = time_ms;
  times_woken_ = 0;
  asleep_ms_ = awake_ms_ = 0;
}

void Cascade::fall_asleep(uint32_t time_ms) {
  awake_ = false;
  rested_ = config_->rest_ms == 0;
  changed_ms_ = time_ms;
  find_.reset();
}

void Cascade::pass(uint32_t time_ms) {
  (awake_ ? awake_ms_ : asleep_ms_) += time_ms - now_ms_;
  now_ms_ = time_ms;
  // Kept as a flag: after 2^32 ms of sleep a difference alone would look like a rest again.
  if (!awake_ && time_ms - changed_ms_ >= config_->rest_ms) rested_ = true;
}

bool Cascade::hear(uint32_t time_ms, bool detected) {
  pass(time_ms);
  if (awake_ || !detected || !rested_) return false;
  awake_ = true;
  changed_ms_ = found_ms_ = time_ms;
  ++times_woken_;
  return true;
}

bool Cascade::look(uint32_t time_ms, int32_t score) {
  if (awake_ && find_.push(score)) found_ms_ = time_ms;
  wait(time_ms);
  return found();
}

void Cascade::wait(uint32_t time_ms) {
  pass(time_ms);
  if (!awake_) return;
  const bool quiet = time_ms - found_ms_ >= config_->quiet_ms;
  const bool too_long = config_->longest_ms != 0 && time_ms - changed_ms_ >= config_->longest_ms;
  if (quiet || too_long) fall_asleep(time_ms);
}

}  // namespace app
}  // namespace tadpole
