// Sound files in any common format to mono 16-bit PCM at the rate that is wanted, and back to WAV.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "samples/sample.h"

namespace tadpole::data {

/// What had to be changed to get mono 16-bit PCM at the wanted rate.
struct Conversions {
  int channels = 1;  ///< of the file; more than one were averaged
  std::string
      encoding;  ///< "16-bit PCM" needs nothing; "8-bit PCM", "24-bit PCM", "32-bit float", "Vorbis", ...
  int sample_rate_hz = 0;  ///< of the file; resampled when it is not the wanted one
  bool rate_changed = false;
  long clipped_values =
      0;  ///< values beyond full scale that were cut to it (float files, resampling overshoot)

  bool any() const { return channels > 1 || rate_changed || encoding != "16-bit PCM"; }
};

struct AudioFile {
  samples::Audio audio;
  Conversions conversions;
};

/// Longest recording that is read: one hour.
inline constexpr int kLongestSeconds = 3600;

/// Decodes WAV, FLAC or OGG (whatever libsndfile reads with a 4000 to 192000 Hz rate and up to 32 channels)
/// from memory. Channels are averaged; values are rounded half away from zero to int16, full scale +-1.0 =
/// 32768; other rates go through libsamplerate's medium sinc converter, the same bits for the same input.
/// 16-bit mono at the wanted rate passes unchanged; a wanted rate of 0 is the file's own. `name` is for
/// messages only. Fails: audio_not_audio (shows the first bytes), audio_empty, audio_truncated (the header
/// promises more than there is), audio_not_finite, file_too_large (over an hour). Memory: a few times what
/// the bytes decode to; never what a header merely claims.
Result<AudioFile> decode_audio(std::span<const uint8_t> bytes, int wanted_rate_hz, const std::string& name);

/// read_file, then decode_audio.
Result<AudioFile> read_audio(const std::string& path, int wanted_rate_hz);

/// A 16-bit mono WAV file in memory: 44 bytes of header, then the samples, little-endian.
std::vector<uint8_t> encode_wav(const samples::Audio& audio);

/// encode_wav, then write_file.
Result<void> write_wav(const std::string& path, const samples::Audio& audio);

/// Resamples by libsamplerate's medium sinc converter to exactly round(n * to / from) values in the range of
/// int16.
Result<std::vector<float>> resample(std::span<const float> signal, int from_hz, int to_hz);

}  // namespace tadpole::data
