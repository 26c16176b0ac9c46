#include "device/app/hysteresis.h"

namespace tadpole {
namespace app {

bool valid(const HysteresisConfig& config) {
  return config.off <= config.on && config.on_count >= 1 && config.off_count >= 1;
}

void Hysteresis::init(const HysteresisConfig* config) {
  config_ = config;
  reset();
}

void Hysteresis::reset() {
  count_ = 0;
  on_ = false;
}

bool Hysteresis::push(int32_t score) {
  const bool against = on_ ? score < config_->off : score >= config_->on;
  count_ = against ? count_ + 1 : 0;
  if (count_ >= (on_ ? config_->off_count : config_->on_count)) {
    on_ = !on_;
    count_ = 0;
  }
  return on_;
}

}  // namespace app
}  // namespace tadpole
