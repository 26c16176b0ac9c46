// From sound to a model's input and from its output to words: the part of a session that hears. Apart from
// the session, so that firmware of a model without sound links none of it.
#ifndef TADPOLE_DEVICE_APP_SPEECH_INPUT_H_
#define TADPOLE_DEVICE_APP_SPEECH_INPUT_H_

#include <stdint.h>

#include "device/app/sense.h"
#include "device/app/spotter.h"
#include "device/dsp/speech_features.h"

namespace tadpole {
namespace app {

/// Constants and memory of a SpeechInput; all outlive it.
struct SpeechParts {
  const dsp::SpeechFeatures* features;
  const dsp::FeatureQuantiser* quantiser;
  void* stream_memory;  // dsp::stream_bytes(), 2-byte aligned
  void* scratch;        // dsp::scratch_bytes(), 4-byte aligned
  const SpotterConfig* spotter;
  uint8_t* spotter_history;  // kSpotterResults * labels
};

/// Speech features, their quantisation, and the word spotter.
class SpeechInput {
 public:
  /// False when the parts do not fit a model of these sizes (frames * values_per_frame inputs, one output for
  /// each label, valid spotter): then the object must not be used.
  bool init(const SpeechParts& parts, uint32_t input_bytes, uint32_t output_bytes);

  /// The table for a session; valid while this object lives.
  Sense sense();

  void reset(StreamMode mode);
  uint32_t push(const uint8_t* pcm, uint32_t samples, bool* due);
  bool complete() const;
  void fill(int8_t* input);
  uint32_t answer(const int8_t* output, uint8_t* payload) const;
  uint32_t result(const int8_t* output, uint8_t* payload);

 private:
  SpeechParts parts_;
  dsp::SpeechStream stream_;
  Spotter spotter_;
  uint64_t samples_heard_ = 0;
  int32_t rows_since_inference_ = 0;
  StreamMode mode_ = kClip;
};

}  // namespace app
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_APP_SPEECH_INPUT_H_
