// Log-mel and MFCC features in fixed point: the one source for trainer, host, virtual board and chip.
// In: 16-bit PCM. Out: int16 features. No heap, no libm; all tables are made on the host and passed in as constants.
#ifndef TADPOLE_DEVICE_DSP_SPEECH_FEATURES_H_
#define TADPOLE_DEVICE_DSP_SPEECH_FEATURES_H_

#include <stdint.h>

namespace tadpole {
namespace dsp {

/// Everything that defines one extractor. Plain constants: it lives in flash on a board.
/// The fields below are a starting point; the owner of this room completes them (tables, shifts).
struct SpeechFeatures {
  int32_t sample_rate_hz;
  int32_t window_samples;
  int32_t stride_samples;
  int32_t frames;            // rows of one clip
  int32_t values_per_frame;  // columns
};

}  // namespace dsp
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_DSP_SPEECH_FEATURES_H_
