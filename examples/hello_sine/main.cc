// Fades a light by a network instead of by a table of sines: the program that a board would run. Build it
// with the library that tadpole deploy wrote; on a computer it prints the brightness instead of setting a
// pin.
#include <stdio.h>
#include <string.h>

#include "application.h"
#include "device/app/signal_input.h"
#include "model.h"

namespace {

constexpr float kTwoPi = 6.2831853f;
constexpr int kStepsInACycle = 20;

tadpole::app::SignalInput input;

/// What the network takes for sin(x).
float sine(float x) {
  bool due = false;
  input.reset(tadpole::app::kClip);
  uint8_t sample[4];
  memcpy(sample, &x, sizeof(sample));
  input.push(sample, 1, &due);
  input.fill(reinterpret_cast<int8_t*>(model::input()));
  model::invoke();
  const int y = static_cast<int8_t>(model::output()[0]);
  return model::kOutputScale * static_cast<float>(y - model::kOutputZeroPoint);
}

/// An LED takes 0 to 255.
int brightness(float y) {
  const float level = 127.5f * (y + 1.0f);
  return level < 0.0f ? 0 : level > 255.0f ? 255 : static_cast<int>(level);
}

}  // namespace

int main() {
  if (!input.init(model::signal_parts(), model::kInputBytes, model::kOutputBytes)) return 1;
  for (int step = 0; step <= kStepsInACycle; ++step) {
    const float x = kTwoPi * static_cast<float>(step) / kStepsInACycle;
    printf("%d\n", brightness(sine(x)));
  }
  return 0;
}
