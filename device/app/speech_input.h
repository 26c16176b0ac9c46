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

/// What a session needs of a sense. Implementations live as long as the session.
class SoundInput {
 public:
  virtual uint32_t sample_rate_hz() const = 0;
  /// Samples that one input of the model needs.
  virtual uint32_t clip_samples() const = 0;
  /// Forgets all sound and all results.
  virtual void reset(StreamMode mode) = 0;
  /// Takes little-endian 16-bit samples up to the one that makes an inference due. Returns how many were
  /// taken.
  virtual uint32_t push(const uint8_t* pcm, uint32_t samples, bool* due) = 0;
  /// A whole clip was heard.
  virtual bool complete() const = 0;
  /// Writes the model's input: what was heard last.
  virtual void fill(int8_t* input) = 0;
  /// Takes the model's output and writes the payload of a RESULT; returns its length.
  virtual uint32_t result(const int8_t* output, uint8_t* payload) = 0;

 protected:
  ~SoundInput() = default;
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
class SpeechInput final : public SoundInput {
 public:
  /// False when the parts do not fit a model of these sizes (frames * values_per_frame inputs, one output for
  /// each label, valid spotter): then the object must not be used.
  bool init(const SpeechParts& parts, uint32_t input_bytes, uint32_t output_bytes);

  uint32_t sample_rate_hz() const override;
  uint32_t clip_samples() const override;
  void reset(StreamMode mode) override;
  uint32_t push(const uint8_t* pcm, uint32_t samples, bool* due) override;
  bool complete() const override;
  void fill(int8_t* input) override;
  uint32_t result(const int8_t* output, uint8_t* payload) override;

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
