// Running mean, threshold and suppression of a word spotter. Integers only, so host and board agree exactly.
#include "device/app/spotter.h"

#include <string.h>

namespace tadpole {
namespace app {

bool valid(const SpotterConfig& c) {
  return c.labels >= 1 && c.labels <= 255 && c.first_keyword >= 0 && c.first_keyword <= c.labels &&
         c.average_window_ms >= 1 && c.minimum_count >= 1 &&
         c.minimum_count <= static_cast<int32_t>(kSpotterResults) && c.minimum_span_ms >= 0 &&
         c.minimum_span_ms <= c.average_window_ms && c.suppression_ms >= 0 && c.threshold >= 0 &&
         c.threshold <= 255 && c.inference_stride_frames >= 1;
}

void Spotter::init(const SpotterConfig* config, uint8_t* history) {
  config_ = config;
  history_ = history;
  reset();
}

void Spotter::reset() {
  memset(sums_, 0, sizeof(sums_));
  first_ = 0;
  count_ = 0;
  announced_ = kNothing;
  announced_ms_ = 0;
}

void Spotter::forget_oldest() {
  const int32_t labels = config_->labels;
  const uint8_t* const oldest = history_ + first_ * static_cast<uint32_t>(labels);
  for (int32_t i = 0; i < labels; ++i) sums_[i] = static_cast<uint16_t>(sums_[i] - oldest[i]);
  first_ = (first_ + 1) % kSpotterResults;
  --count_;
}

int32_t Spotter::push(uint32_t time_ms, const int8_t* scores) {
  const int32_t labels = config_->labels;
  if (count_ > 0 && time_ms < times_[(first_ + count_ - 1) % kSpotterResults]) reset();
  while (count_ > 0 && (count_ == kSpotterResults ||
                        time_ms - times_[first_] > static_cast<uint32_t>(config_->average_window_ms))) {
    forget_oldest();
  }
  const uint32_t slot = (first_ + count_) % kSpotterResults;
  uint8_t* const row = history_ + slot * static_cast<uint32_t>(labels);
  for (int32_t i = 0; i < labels; ++i) {
    row[i] = static_cast<uint8_t>(scores[i] + 128);
    sums_[i] = static_cast<uint16_t>(sums_[i] + row[i]);
  }
  times_[slot] = time_ms;
  ++count_;

  int32_t best = 0;
  for (int32_t i = 1; i < labels; ++i) {
    if (sums_[i] > sums_[best]) best = i;
  }
  const bool enough = count_ >= static_cast<uint32_t>(config_->minimum_count) &&
                      time_ms - times_[first_] >= static_cast<uint32_t>(config_->minimum_span_ms);
  // Compared as sums, so that rounding of the mean cannot decide.
  const bool sure = sums_[best] > static_cast<uint32_t>(config_->threshold) * count_;
  if (!enough || !sure || best < config_->first_keyword) return kNothing;
  const bool repeated =
      best == announced_ && time_ms - announced_ms_ <= static_cast<uint32_t>(config_->suppression_ms);
  if (repeated) return kNothing;
  announced_ = best;
  announced_ms_ = time_ms;
  return best;
}

uint8_t Spotter::average(int32_t label) const {
  return count_ == 0 ? 0 : static_cast<uint8_t>((sums_[label] + count_ / 2) / count_);
}

}  // namespace app
}  // namespace tadpole
