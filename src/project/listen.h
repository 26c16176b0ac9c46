// tadpole listen: the firmware's ears on this computer. The same features, inferences and word spotter as on
// the board hear a microphone, a file or a stream.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "project/pipeline.h"

namespace tadpole::project {

struct ListenOptions {
  std::string from = "microphone";  ///< as data::open_sound_source
  std::string model;                ///< an int8 .tflite or ONNX file; "": of the newest run
  double seconds = 0;               ///< to listen for; 0: until the sound ends or the user stops
  bool real_time = false;           ///< files and streams at the pace of a microphone
};

/// What was announced.
struct HeardEvent {
  std::string label;
  int64_t time_ms = 0;  ///< since the first sample
  double score = 0;     ///< mean over the spotter's window, as it is compared with the threshold
};

/// How things stand after an inference.
struct HearingNow {
  double seconds = 0;   ///< heard so far
  double level_db = 0;  ///< loudness since the inference before, 0 = full scale; at least -96
  std::string label;    ///< the word with the highest mean score ...
  double score = 0;     ///< ... and that score
};

/// Is told what is heard, from the thread that listens.
class HearingShow {
 public:
  virtual ~HearingShow() = default;
  virtual void event(const HeardEvent& event) = 0;
  virtual void now(const HearingNow& now) = 0;
};

struct ListenSummary {
  std::string model;
  std::map<std::string, int64_t> words;  ///< how often each was announced
  int64_t events = 0, inferences = 0;
  double seconds = 0;     ///< heard
  double computed_s = 0;  ///< spent on features, inferences and the spotter
  double busy_share() const { return seconds > 0 ? computed_s / seconds : 0; }
};

/// Listens until the sound ends, options.seconds are over or the user stops; stopping is no failure. The
/// events equal those that the board announces of the same samples. Fails: run_missing, type_unsupported (a
/// float model), input_size, config_bad_value (a task without sound), and as data::open_sound_source.
Result<ListenSummary> listen_live(const Project& project, const ListenOptions& options, HearingShow& show,
                                  Tools tools);

}  // namespace tadpole::project
