// A day in the life of device/app: a gate before a classifier, hysteresis, a cascade and a scheduler, all fed
// with the same bytes. Compiled for this computer and for the board; both must write the same answers.
#ifndef TADPOLE_TESTS_BOARD_APP_STEPS_H_
#define TADPOLE_TESTS_BOARD_APP_STEPS_H_

#include <stdint.h>
#include <string.h>

#include "device/app/cascade.h"
#include "device/app/gated_model.h"
#include "device/app/hysteresis.h"
#include "device/app/scheduler.h"

namespace app_steps {

enum { kInputBytes = 512, kAnswerBytes = 24, kOutputBytes = kInputBytes / 4 * kAnswerBytes };

/// A "model" of four features and two scores.
inline uint8_t* model_memory() {
  static uint8_t memory[8];
  return memory;
}
inline const uint8_t* model_output() { return model_memory() + 4; }
inline void model_invoke() {
  uint8_t* const m = model_memory();
  m[4] = static_cast<uint8_t>(m[0] + m[1]);
  m[5] = static_cast<uint8_t>(m[2] - m[3]);
}

/// One answer of kAnswerBytes for each four bytes of input.
inline void run(const uint8_t* in, uint8_t* out) {
  using namespace tadpole::app;
  static const int32_t offset[4] = {0, 300, -512, 77}, multiplier[4] = {900, 1100, 20000, 1};
  static const int8_t shift[4] = {9, 10, 15, 1};
  static const int16_t centres[8] = {100, -200, 3000, 40, -5000, 700, 0, 0};
  static const AnomalyGate gate = {
      GateKind::nearest_centre, 4, 2, offset, multiplier, shift, centres, nullptr, 700000000u};
  static const GatedModel model = {&gate, model_memory, model_output, 2, model_invoke};
  static const CascadeConfig config = {{150, 90, 1, 2}, 400, 1500, 200};
  static const Job jobs[3] = {{1000, 0, 120}, {2500, 300, 700}, {10000, 50, 900}};
  Cascade cascade;
  Scheduler scheduler;
  uint32_t now_ms = 0xffffff00u, now_us = 0xfffff000u;  // both wrap around
  cascade.init(&config, now_ms);
  scheduler.init(jobs, 3, now_us);
  for (int at = 0; at < kInputBytes; at += 4, out += kAnswerBytes) {
    memcpy(model_memory(), in + at, 4);
    const GatedAnswer answer = classify(model);
    now_ms += 20u + in[at] % 64u;
    if (cascade.awake()) {
      cascade.look(now_ms, in[at + 1]);
    } else {
      cascade.hear(now_ms, in[at + 1] > 200);
    }
    now_us += scheduler.sleep_us(now_us);
    const int32_t job = scheduler.next(now_us);
    now_us += job == kNoJob ? 0 : jobs[job].cost_us + 8u * in[at + 2];
    scheduler.done(now_us);
    const uint32_t words[6] = {
        static_cast<uint32_t>(answer.gate.squared),
        static_cast<uint32_t>(answer.label) << 16 | static_cast<uint32_t>(answer.score & 255),
        static_cast<uint32_t>(cascade.awake_ms()),
        cascade.times_woken() << 2 | (cascade.awake() ? 2u : 0u) | (cascade.found() ? 1u : 0u),
        static_cast<uint32_t>(energy_uj({17000, 9}, scheduler.busy_us(), scheduler.asleep_us())),
        scheduler.missed(0) << 8 | static_cast<uint32_t>(job & 255)};
    memcpy(out, words, sizeof words);
  }
}

}  // namespace app_steps

#endif  // TADPOLE_TESTS_BOARD_APP_STEPS_H_
