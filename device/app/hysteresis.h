// A decision that does not flicker: it takes a high score to turn on and a low one to turn off again.
#ifndef TADPOLE_DEVICE_APP_HYSTERESIS_H_
#define TADPOLE_DEVICE_APP_HYSTERESIS_H_

#include <stdint.h>

namespace tadpole {
namespace app {

/// Scores of any unit. Between off and on the decision stays what it was.
struct HysteresisConfig {
  int32_t on;         // on from this score upwards
  int32_t off;        // off below this score; at most `on`
  int32_t on_count;   // so many such scores in a row are needed, at least 1
  int32_t off_count;  // the same for turning off
};

/// True when every field is within its range.
bool valid(const HysteresisConfig& config);

/// Off at first. The config must be valid and outlive the object.
class Hysteresis {
 public:
  void init(const HysteresisConfig* config);
  void reset();

  /// Takes the next score and returns the decision.
  bool push(int32_t score);
  bool on() const { return on_; }

 private:
  const HysteresisConfig* config_ = nullptr;
  int32_t count_ = 0;  // scores in a row that speak against the decision
  bool on_ = false;
};

}  // namespace app
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_APP_HYSTERESIS_H_
