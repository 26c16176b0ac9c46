// Long recordings, read block by block and cut: by labels, or into words by their energy.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "samples/sample.h"

namespace tadpole::data {

/// A sound file of any length as mono 16-bit values at its own rate.
class SoundStream {
 public:
  /// WAV, FLAC, OGG or MP3, whatever libsndfile reads. Fails: file_not_found, audio_not_audio,
  /// audio_unsupported, audio_empty.
  static Result<SoundStream> open(const std::string& path);
  ~SoundStream();
  SoundStream(SoundStream&&) noexcept;
  SoundStream& operator=(SoundStream&&) = delete;

  int rate_hz() const;
  long length() const;  ///< values, as the file's header says
  /// Goes to a value. Fails: audio_truncated.
  Result<void> seek(long value);
  /// Up to `count` values from here; fewer at the end. Fails: audio_not_finite.
  Result<std::vector<int16_t>> read(size_t count);
  /// The stretch [from, to) in values. Fails: audio_truncated when the file ends before.
  Result<samples::Audio> cut(long from, long to);

 private:
  struct State;
  explicit SoundStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A stretch of a recording in seconds.
struct Stretch {
  double from_s = 0, to_s = 0;
  std::string label;
};

/// Lines "start<tab>end<tab>label" in seconds, as Audacity exports a label track; lines that begin with a
/// backslash (frequencies) are skipped. Fails: csv_malformed with the line (not three fields, no numbers, an
/// end that is not after the start, no label). Source: Audacity manual, "Importing and Exporting Labels".
Result<std::vector<Stretch>> parse_label_track(std::string_view text, const std::string& name);

struct WordOptions {
  int frame_ms = 10;
  int gap_ms = 250;      ///< shorter pauses are within a word
  int shortest_ms = 80;  ///< shorter bursts are clicks
  int margin_ms = 150;   ///< kept before and after a word, as far as the pauses reach
};

/// Words in a recording by the energy of its frames: louder than 12 dB above the quiet fifth of the recording
/// and than 5 % of its loud frames. Labels are empty. Memory: 4 bytes a frame.
Result<std::vector<Stretch>> find_words(SoundStream& sound, const WordOptions& options);

}  // namespace tadpole::data
