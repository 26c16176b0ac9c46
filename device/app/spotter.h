// From posteriors to detections: a running mean over time, a threshold, a minimum of evidence and a pause
// after each detection. In: the int8 output of a classifier, once per inference. Out: averaged scores, a word
// or none. Source of the method and its defaults: the streaming post-processing of the classic
// keyword-spotting firmware (TensorFlow micro_speech, RecognizeCommands).
#ifndef TADPOLE_DEVICE_APP_SPOTTER_H_
#define TADPOLE_DEVICE_APP_SPOTTER_H_

#include <stdint.h>

namespace tadpole {
namespace app {

/// A plain constant that codegen writes; it lives in flash.
struct SpotterConfig {
  int32_t labels;                   // 1 to 255
  int32_t first_keyword;            // labels below it (silence, unknown) are averaged but never announced
  int32_t average_window_ms;        // 1000
  int32_t minimum_count;            // 3: results that the mean must be made of
  int32_t minimum_span_ms;          // 250: time that they must span
  int32_t suppression_ms;           // 1500: a word is not announced again earlier than this
  int32_t threshold;                // 200 of 255: the mean must be above it
  int32_t inference_stride_frames;  // an inference after every so many feature frames, at least 1
};

/// True when every field is within the range above and the window has room in kSpotterResults.
bool valid(const SpotterConfig& config);

/// Results that the mean can hold. When more fall into the window the oldest are left out.
constexpr uint32_t kSpotterResults = 64;

constexpr int32_t kNothing = -1;

/// Averages and decides. One word is announced once; another word may follow at once, the same word only
/// after suppression_ms. Time is the caller's: it must not go backwards, else the history starts anew.
class Spotter {
 public:
  /// config and history (kSpotterResults * config->labels bytes) must outlive the spotter.
  void init(const SpotterConfig* config, uint8_t* history);

  /// Forgets all results and detections.
  void reset();

  /// Takes the model's output at `time_ms` (int8 [labels], scale 1/256, zero point -128) and returns the
  /// label that is announced now, or kNothing. Cost O(labels).
  int32_t push(uint32_t time_ms, const int8_t* scores);

  /// Mean posterior of each label over the window, 255 = certain, rounded to nearest. Label in [0, labels).
  uint8_t average(int32_t label) const;

 private:
  void forget_oldest();

  const SpotterConfig* config_ = nullptr;
  uint8_t* history_ = nullptr;
  uint32_t times_[kSpotterResults];
  uint16_t sums_[255];  // 64 results of at most 255 fit
  uint32_t first_ = 0;
  uint32_t count_ = 0;
  int32_t announced_ = kNothing;
  uint32_t announced_ms_ = 0;
};

}  // namespace app
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_APP_SPOTTER_H_
