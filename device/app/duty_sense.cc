#include "device/app/duty_sense.h"

#include "device/app/frame.h"

namespace tadpole {
namespace app {

bool DutySense::init(const Sense& inner, uint32_t wake_every_us) {
  inner_ = inner;
  if (inner.rate_hz == 0 || inner.rate_hz >= (1u << 20)) return false;
  const uint64_t window_us = uint64_t(inner.clip_samples) * 1000000u / inner.rate_hz;
  if (window_us >= wake_every_us || wake_every_us >= (1u << 31)) return false;
  job_ = {wake_every_us, 0, static_cast<uint32_t>(window_us)};
  reset(kClip);
  return true;
}

Sense DutySense::sense() {
  Sense table = inner_;
  table.self = this;
  table.reset = [](void* self, StreamMode mode) { static_cast<DutySense*>(self)->reset(mode); };
  table.push = [](void* self, const uint8_t* samples, uint32_t count, bool* due) {
    return static_cast<DutySense*>(self)->push(samples, count, due);
  };
  table.complete = [](void* self) {
    const Sense& inner = static_cast<DutySense*>(self)->inner_;
    return inner.complete(inner.self);
  };
  table.fill = [](void* self, int8_t* input) {
    const Sense& inner = static_cast<DutySense*>(self)->inner_;
    inner.fill(inner.self, input);
  };
  table.answer = [](void* self, const int8_t* output, uint8_t* payload) {
    const Sense& inner = static_cast<DutySense*>(self)->inner_;
    return inner.answer(inner.self, output, payload);
  };
  table.result = [](void* self, const int8_t* output, uint8_t* payload) {
    return static_cast<DutySense*>(self)->result(output, payload);
  };
  return table;
}

void DutySense::reset(StreamMode mode) {
  mode_ = mode;
  awake_ = false;
  taken_ = 0;
  scheduler_.init(&job_, 1, 0);
  inner_.reset(inner_.self, mode);
}

uint32_t DutySense::push(const uint8_t* samples, uint32_t count, bool* due) {
  if (mode_ == kClip) return inner_.push(inner_.self, samples, count, due);
  if (!awake_ && scheduler_.next(now_us()) == kNoJob) {
    // To the first sample that is not before the time to wake.
    const uint64_t wake_us = uint64_t(scheduler_.sleep_us(now_us())) * inner_.rate_hz;
    const uint64_t passing = (wake_us + 999999u) / 1000000u;
    const uint32_t gone = passing < count ? static_cast<uint32_t>(passing) : count;
    taken_ += gone;
    *due = false;
    return gone;
  }
  if (!awake_) inner_.reset(inner_.self, kStream);
  awake_ = true;
  const uint32_t taken = inner_.push(inner_.self, samples, count, due);
  taken_ += taken;
  if (*due) {
    scheduler_.done(now_us());
    awake_ = false;
  }
  return taken;
}

uint32_t DutySense::result(const int8_t* output, uint8_t* payload) {
  const uint32_t bytes = inner_.result(inner_.self, output, payload);
  put_u32(payload, static_cast<uint32_t>(taken_ * 1000u / inner_.rate_hz));
  return bytes;
}

}  // namespace app
}  // namespace tadpole
