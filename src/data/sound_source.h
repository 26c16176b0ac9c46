// Sound for a program that listens: a microphone, a file, or raw values on standard input.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"

namespace tadpole::data {

/// One channel of 16-bit sound that may come to an end. Not thread-safe.
class SoundSource {
 public:
  virtual ~SoundSource() = default;

  /// The next values, as they come; fewer than asked for, or none, only at the end. Fails: cancelled,
  /// file_unreadable, and as LiveSound::next.
  virtual Result<std::vector<int16_t>> next(size_t samples, const Progress& progress) = 0;
};

/// `from`: "microphone", "microphone:NAME" or "alsa:NAME"; "-" for 16-bit little-endian values of one channel
/// on standard input, at rate_hz; "file:PATH" or a path: any sound file of up to an hour, brought to rate_hz.
/// Fails: as open_microphone and read_audio; audio_unsupported (standard input begins like a WAV file).
Result<std::unique_ptr<SoundSource>> open_sound_source(const std::string& from, int rate_hz);

}  // namespace tadpole::data
