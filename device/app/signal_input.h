// From a sensor's samples to a model's input and from its output to an answer, for everything but sound:
// pictures, windows of a series, rows of a table, drawn lines. Apart from the session, so that firmware of
// another model links none of it.
#ifndef TADPOLE_DEVICE_APP_SIGNAL_INPUT_H_
#define TADPOLE_DEVICE_APP_SIGNAL_INPUT_H_

#include <stdint.h>

#include "device/app/anomaly.h"
#include "device/app/gated_model.h"
#include "device/app/sense.h"
#include "device/dsp/feature_quantiser.h"

namespace tadpole {
namespace app {

/// What a model's output means.
enum SignalAnswer : uint8_t {
  kOutputs = 0,  // scores of classes or numbers: the output as it is
  kAnomaly = 1,  // a repetition of the input: how badly it was repeated, and whether that is an alarm
};

/// Constants and memory of a SignalInput; all outlive it.
struct SignalParts {
  SenseKind kind;
  uint32_t rate_hz;
  uint32_t sample_bytes;
  uint32_t clip_samples;    // in one window
  uint32_t fewest_samples;  // from which an answer can be had; clip_samples but for strokes
  uint32_t stride_samples;  // stream: from one window to the next, at least 1
  uint32_t feature_count;
  uint32_t part_features;  // made at once, so that the others need no room; divides feature_count
  /// The `part`-th part_features features of `count` samples: dsp's own function with its constants and
  /// scratch.
  void (*extract)(const uint8_t* samples, uint32_t count, uint32_t part, int16_t* features);
  const dsp::FeatureQuantiser* quantiser;
  SignalAnswer answer;
  AnomalyScale scale;  // with kAnomaly
  float threshold;     // with kAnomaly: a higher score is an alarm
  /// Null, or what a gate said of the latest input: with kOutputs a refused one is answered with -128 for
  /// every score.
  const GatedAnswer* gated;
  uint8_t* samples;   // clip_samples * sample_bytes, 4-byte aligned
  int16_t* features;  // part_features
  int8_t* input;      // feature_count with kAnomaly, else null
};

/// Keeps the samples of one window and turns them into features when an answer is wanted.
class SignalInput {
 public:
  /// False when the parts do not fit a model of these sizes: then the object must not be used.
  bool init(const SignalParts& parts, uint32_t input_bytes, uint32_t output_bytes);

  /// The table for a session; valid while this object lives.
  Sense sense();

  void reset(StreamMode mode);
  uint32_t push(const uint8_t* samples, uint32_t count, bool* due);
  bool complete() const { return mode_ == kClip && held_ >= parts_.fewest_samples; }
  void fill(int8_t* input);
  /// kOutputs: the output bytes. kAnomaly: the score as float32, little-endian.
  uint32_t answer(const int8_t* output, uint8_t* payload) const;
  /// Milliseconds since reset u32, alarm u8 (0 an alarm or a refusal, 255 none or not asked for), 0 u8, then
  /// as answer().
  uint32_t result(const int8_t* output, uint8_t* payload) const;

 private:
  float score(const int8_t* output) const;
  bool refused() const { return parts_.gated != nullptr && parts_.gated->label == kUnknownLabel; }

  SignalParts parts_;
  StreamMode mode_ = kClip;
  uint32_t held_ = 0;   // samples in memory, from the oldest on
  uint32_t since_ = 0;  // samples since the last inference of a stream
  uint64_t taken_ = 0;  // samples since reset
  uint32_t output_bytes_ = 0;
};

}  // namespace app
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_APP_SIGNAL_INPUT_H_
