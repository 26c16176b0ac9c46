// From sound to a model's input and from its output to words: the part of a session that hears. Apart from
// the session, so that firmware of a model without sound links none of it.
#ifndef TADPOLE_DEVICE_APP_SPEECH_INPUT_H_
#define TADPOLE_DEVICE_APP_SPEECH_INPUT_H_

#include <stdint.h>

#include "device/app/spotter.h"
#include "device/dsp/speech_features.h"

namespace tadpole {
namespace app {

enum StreamMode : uint8_t {
  kClip = 0,    // hears one clip; SCORES answers for it
  kStream = 1,  // hears for ever; a RESULT after each inference
};

/// What a session needs of a sense: functions on `self`. A table rather than virtual functions: boards link
/// no C++ library, and hosts compile this with and without run-time type information.
struct SoundInput {
  void* self;
  uint32_t sample_rate_hz;
  uint32_t clip_samples;  // samples that one input of the model needs
  /// Forgets all sound and all results.
  void (*reset)(void* self, StreamMode mode);
  /// Takes little-endian 16-bit samples up to the one that makes an inference due. Returns how many were
  /// taken.
  uint32_t (*push)(void* self, const uint8_t* pcm, uint32_t samples, bool* due);
  /// A whole clip was heard.
  bool (*complete)(void* self);
  /// Writes the model's input: what was heard last.
  void (*fill)(void* self, int8_t* input);
  /// Takes the model's output and writes the payload of a RESULT; returns its length.
  uint32_t (*result)(void* self, const int8_t* output, uint8_t* payload);
};

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
  SoundInput sound();

  void reset(StreamMode mode);
  uint32_t push(const uint8_t* pcm, uint32_t samples, bool* due);
  bool complete() const;
  void fill(int8_t* input);
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

// Marks around each feature frame for whoever counts instructions. They do nothing.
extern "C" {
void tadpole_feature_begin();
void tadpole_feature_end();
}

#endif  // TADPOLE_DEVICE_APP_SPEECH_INPUT_H_
