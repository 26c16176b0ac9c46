// Sound as it is heard now: from this computer's microphone, or from a file that stands for one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"

namespace tadpole::data {

/// One channel of 16-bit sound. Not thread-safe.
class LiveSound {
 public:
  virtual ~LiveSound() = default;

  /// Forgets what was heard while nobody listened.
  virtual Result<void> restart() = 0;
  /// The next values, as they come. Fails: cancelled, timed_out (nothing for two seconds), file_unreadable
  /// (the device was unplugged), audio_truncated (a file is at its end).
  virtual Result<std::vector<int16_t>> next(size_t samples, const Progress& progress) = 0;
};

/// `device`: a name of ALSA, "default" or "hw:1,0". ALSA resamples where the device has another rate. Fails:
/// file_not_found (no such device, or Tadpole was built without ALSA), file_unreadable (busy, no permission).
Result<std::unique_ptr<LiveSound>> open_microphone(const std::string& device, int rate_hz);

/// Plays a sound file as a microphone, without waiting. Fails: as read_audio.
Result<std::unique_ptr<LiveSound>> open_sound_file(const std::string& path, int rate_hz);

}  // namespace tadpole::data
