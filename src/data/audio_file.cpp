// Decoding goes block by block straight to int16 at the wanted rate, so that a small file which decodes to
// hours (FLAC of silence) or a header that claims gigabytes never takes more memory than the result.
#include "data/audio_file.h"

#include <samplerate.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>

#include "data/files.h"

namespace tadpole::data {
namespace {

constexpr int kBlockFrames = 4096;
constexpr int kLowestRateHz = 4000, kHighestRateHz = 192000, kMostChannels = 32;
// WAV writers that stream do not know the length and write one of the largest numbers instead.
constexpr uint32_t kLengthUnknown = 0x7FFFF000;

// "3C 68 74 6D, "<htm"": the first bytes in hexadecimal and as text.
std::string first_bytes(std::span<const uint8_t> bytes) {
  std::string hex, text;
  for (const uint8_t byte : bytes.first(std::min<size_t>(4, bytes.size()))) {
    char digits[4];
    std::snprintf(digits, sizeof digits, "%02X ", byte);
    hex += digits;
    text += byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : '.';
  }
  if (!hex.empty()) hex.pop_back();
  return hex + ", \"" + text + "\"";
}

bool starts_with(std::span<const uint8_t> bytes, size_t at, std::string_view magic) {
  return bytes.size() >= at + magic.size() && std::memcmp(bytes.data() + at, magic.data(), magic.size()) == 0;
}

uint32_t little_endian_32(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint32_t>(bytes[at]) | static_cast<uint32_t>(bytes[at + 1]) << 8 |
         static_cast<uint32_t>(bytes[at + 2]) << 16 | static_cast<uint32_t>(bytes[at + 3]) << 24;
}

constexpr const char* kWhatToDo = " Record it again, remove it, or import with --skip-bad.";

// libsndfile shortens what a WAV header promises to what is there without a word, so the header is read here
// too.
Result<void> check_wav_length(std::span<const uint8_t> bytes, const std::string& name) {
  size_t at = 12;
  while (bytes.size() - at >= 8) {
    const uint32_t size = little_endian_32(bytes, at + 4);
    const size_t left = bytes.size() - at - 8;
    if (starts_with(bytes, at, "data")) {
      if (size <= left || size >= kLengthUnknown) return {};
      return Error{Code::audio_truncated, name + ": ends too early: its header promises " +
                                              std::to_string(size) + " bytes of samples, the file has " +
                                              std::to_string(left) + "." + kWhatToDo};
    }
    const size_t step = size_t{size} + (size & 1);  // chunks are padded to even sizes
    if (step > left) break;
    at += 8 + step;
  }
  return Error{Code::audio_truncated,
               name + ": ends too early: there are no samples after its header." + kWhatToDo};
}

// The last page of a whole Ogg file is complete and carries the end-of-stream flag (RFC 3533, section 6).
Result<void> check_ogg_end(std::span<const uint8_t> bytes, const std::string& name) {
  size_t at = 0;
  bool ended = false;
  while (bytes.size() - at >= 27 && starts_with(bytes, at, "OggS")) {
    const size_t segments = bytes[at + 26];
    if (bytes.size() - at < 27 + segments) break;
    size_t body = 0;
    for (size_t i = 0; i < segments; ++i) body += bytes[at + 27 + i];
    if (bytes.size() - at - 27 - segments < body) break;
    ended = (bytes[at + 5] & 4) != 0;
    at += 27 + segments + body;
    if (at == bytes.size()) break;
  }
  if (ended && at == bytes.size()) return {};
  return Error{Code::audio_truncated,
               name + ": ends too early: the last page of the OGG stream is missing or damaged." + kWhatToDo};
}

// libsndfile's virtual file over bytes in memory.
struct Memory {
  std::span<const uint8_t> bytes;
  sf_count_t at = 0;

  sf_count_t size() const { return static_cast<sf_count_t>(bytes.size()); }
  static Memory& of(void* user) { return *static_cast<Memory*>(user); }
  static sf_count_t length(void* user) { return of(user).size(); }
  static sf_count_t tell(void* user) { return of(user).at; }
  static sf_count_t seek(sf_count_t offset, int whence, void* user) {
    Memory& memory = of(user);
    const sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? memory.at : memory.size();
    sf_count_t to = 0;
    if (__builtin_add_overflow(base, offset, &to)) return -1;
    if (to < 0 || to > memory.size()) return -1;
    return memory.at = to;
  }
  static sf_count_t read(void* into, sf_count_t count, void* user) {
    Memory& memory = of(user);
    count = std::clamp<sf_count_t>(count, 0, memory.size() - memory.at);
    if (count > 0) std::memcpy(into, memory.bytes.data() + memory.at, static_cast<size_t>(count));
    memory.at += count;
    return count;
  }
  static sf_count_t write(const void*, sf_count_t, void*) { return 0; }
};

std::string encoding_name(int format) {
  switch (format & SF_FORMAT_SUBMASK) {
    case SF_FORMAT_PCM_S8:
      return "8-bit PCM";
    case SF_FORMAT_PCM_U8:
      return "8-bit PCM";
    case SF_FORMAT_PCM_16:
      return "16-bit PCM";
    case SF_FORMAT_PCM_24:
      return "24-bit PCM";
    case SF_FORMAT_PCM_32:
      return "32-bit PCM";
    case SF_FORMAT_FLOAT:
      return "32-bit float";
    case SF_FORMAT_DOUBLE:
      return "64-bit float";
    case SF_FORMAT_ULAW:
      return "mu-law";
    case SF_FORMAT_ALAW:
      return "A-law";
    case SF_FORMAT_VORBIS:
      return "Vorbis";
    case SF_FORMAT_OPUS:
      return "Opus";
    default:
      return "compressed";
  }
}

using Converter = std::unique_ptr<SRC_STATE, decltype(&src_delete)>;
using SoundFile = std::unique_ptr<SNDFILE, decltype(&sf_close)>;

// Takes mono blocks at one rate, appends values of int16's range at another through `put`.
class Resampler {
 public:
  Resampler(int from_hz, int to_hz)
      : ratio_(static_cast<double>(to_hz) / from_hz),
        converter_(from_hz == to_hz ? nullptr : src_new(SRC_SINC_MEDIUM_QUALITY, 1, &failure_), &src_delete) {
  }

  bool ok() const { return failure_ == 0; }

  template <class Put>
  bool push(std::span<const float> block, bool last, Put put) {
    if (converter_ == nullptr) {
      for (const float value : block) put(value);
      return true;
    }
    SRC_DATA step{};
    step.src_ratio = ratio_;
    step.end_of_input = last ? 1 : 0;
    float out[kBlockFrames];
    for (;;) {
      step.data_in = block.data();
      step.input_frames = static_cast<long>(block.size());
      step.data_out = out;
      step.output_frames = kBlockFrames;
      if (src_process(converter_.get(), &step) != 0) return false;
      for (long i = 0; i < step.output_frames_gen; ++i) put(out[i]);
      block = block.subspan(static_cast<size_t>(step.input_frames_used));
      if (step.output_frames_gen == 0 && (block.empty() || step.input_frames_used == 0)) return block.empty();
    }
  }

 private:
  int failure_ = 0;
  double ratio_;
  Converter converter_;
};

// Rounds half away from zero; counts what lies beyond full scale.
int16_t to_pcm(float value, long& clipped) {
  const float rounded = std::round(value);
  if (rounded > 32767.0f || rounded < -32768.0f) ++clipped;
  return static_cast<int16_t>(std::clamp(rounded, -32768.0f, 32767.0f));
}

long resampled_length(long frames, int from_hz, int to_hz) {
  return (static_cast<long>(frames) * to_hz + from_hz / 2) / from_hz;
}

// Checks that need no decoding.
Result<void> check_container(std::span<const uint8_t> bytes, const std::string& name) {
  if (bytes.empty()) return Error{Code::audio_empty, name + ": the file is empty (0 bytes)." + kWhatToDo};
  if (starts_with(bytes, 0, "RIFF") && starts_with(bytes, 8, "WAVE")) return check_wav_length(bytes, name);
  if (starts_with(bytes, 0, "RIFF") && bytes.size() < 12) {
    return Error{Code::audio_truncated,
                 name + ": ends within its header (" + std::to_string(bytes.size()) + " bytes)." + kWhatToDo};
  }
  if (starts_with(bytes, 0, "OggS")) return check_ogg_end(bytes, name);
  if (starts_with(bytes, 0, "fLaC")) return {};
  const bool named_wav = name.ends_with(".wav") || name.ends_with(".WAV");
  return Error{Code::audio_not_audio, name + ": not a " + (named_wav ? "WAV" : "WAV, FLAC or OGG") +
                                          " file (starts with " + first_bytes(bytes) +
                                          "). Remove it, or import with --skip-bad."};
}

Error unsupported(const std::string& name, const std::string& what) {
  return {Code::audio_unsupported,
          name + ": " + what + " Convert it to 16-bit WAV, remove it, or import with --skip-bad."};
}

}  // namespace

Result<AudioFile> decode_audio(std::span<const uint8_t> bytes, int wanted_rate_hz, const std::string& name) {
  TADPOLE_CHECK(check_container(bytes, name));
  Memory memory{bytes};
  SF_VIRTUAL_IO io{&Memory::length, &Memory::seek, &Memory::read, &Memory::write, &Memory::tell};
  SF_INFO info{};
  const SoundFile file(sf_open_virtual(&io, SFM_READ, &info, &memory), &sf_close);
  if (file == nullptr) {
    return Error{Code::audio_not_audio,
                 name + ": the sound file is damaged (" + sf_strerror(nullptr) + ")." + kWhatToDo};
  }
  if (info.samplerate < kLowestRateHz || info.samplerate > kHighestRateHz) {
    return unsupported(
        name, "has a sample rate of " + std::to_string(info.samplerate) + " Hz; 4000 to 192000 Hz are read.");
  }
  if (info.channels < 1 || info.channels > kMostChannels) {
    return unsupported(name, "has " + std::to_string(info.channels) + " channels; 1 to 32 are read.");
  }
  if (info.frames <= 0) return Error{Code::audio_empty, name + ": holds no sound (0 seconds)." + kWhatToDo};

  if (wanted_rate_hz == 0) wanted_rate_hz = info.samplerate;
  AudioFile result;
  result.audio.sample_rate_hz = wanted_rate_hz;
  result.conversions = {info.channels, encoding_name(info.format), info.samplerate,
                        info.samplerate != wanted_rate_hz, 0};
  Resampler resampler(info.samplerate, wanted_rate_hz);
  if (!resampler.ok())
    return unsupported(name, "cannot be resampled from " + std::to_string(info.samplerate) + " Hz.");
  std::vector<int16_t>& pcm = result.audio.pcm;
  // At once in its place: a vector that grows leaves holes between thousands of recordings.
  const auto longest = static_cast<long>(kLongestSeconds) * info.samplerate;
  pcm.reserve(static_cast<size_t>(
      resampled_length(std::min(static_cast<long>(info.frames), longest), info.samplerate, wanted_rate_hz)));
  const auto put = [&](float value) { pcm.push_back(to_pcm(value, result.conversions.clipped_values)); };

  std::vector<float> block(static_cast<size_t>(kBlockFrames) * static_cast<size_t>(info.channels));
  std::vector<float> mono(kBlockFrames);
  long frames = 0;
  for (bool last = false; !last;) {
    const long got = static_cast<long>(sf_readf_float(file.get(), block.data(), kBlockFrames));
    last = got < kBlockFrames;
    for (long i = 0; i < got; ++i) {
      float sum = 0;
      for (int channel = 0; channel < info.channels; ++channel)
        sum += block[static_cast<size_t>(i * info.channels + channel)];
      // A sum of finite values may overflow as well; either way there is nothing to hear.
      if (!std::isfinite(sum)) {
        return Error{Code::audio_not_finite, name + ": value " + std::to_string(frames + i) +
                                                 " is not a finite number. Export it again as 16-bit PCM, "
                                                 "remove it, or import with --skip-bad."};
      }
      // Far beyond full scale all is clipped alike; the bound keeps the resampler's sums finite.
      constexpr float kBound = 1e7f;
      mono[static_cast<size_t>(i)] =
          std::clamp(sum / static_cast<float>(info.channels) * 32768.0f, -kBound, kBound);
    }
    frames += got;
    if (frames > static_cast<long>(kLongestSeconds) * info.samplerate) {
      return Error{Code::file_too_large, name + ": is longer than an hour. Cut it into shorter recordings."};
    }
    if (!resampler.push(std::span(mono).first(static_cast<size_t>(got)), last, put)) {
      return unsupported(name, "cannot be resampled from " + std::to_string(info.samplerate) + " Hz.");
    }
  }
  if (frames == 0)
    return Error{Code::audio_empty, name + ": holds no sound that can be decoded." + kWhatToDo};
  // FLAC and friends: the decoder stops where the data stop. The length of a Vorbis stream is only an
  // estimate of libsndfile's.
  if (frames < info.frames && !starts_with(bytes, 0, "OggS")) {
    return Error{Code::audio_truncated, name + ": ends too early: its header promises " +
                                            std::to_string(info.frames) + " values, the file has " +
                                            std::to_string(frames) + "." + kWhatToDo};
  }
  pcm.resize(static_cast<size_t>(std::max(1L, resampled_length(frames, info.samplerate, wanted_rate_hz))));
  pcm.shrink_to_fit();
  return result;
}

Result<AudioFile> read_audio(const std::string& path, int wanted_rate_hz) {
  TADPOLE_TRY(const std::vector<uint8_t> bytes, read_file(path));
  return decode_audio(bytes, wanted_rate_hz, path);
}

std::vector<uint8_t> encode_wav(const samples::Audio& audio) {
  std::vector<uint8_t> bytes;
  bytes.reserve(44 + 2 * audio.pcm.size());
  const auto tag = [&](std::string_view text) { bytes.insert(bytes.end(), text.begin(), text.end()); };
  const auto number = [&](uint32_t value, int size) {
    for (int i = 0; i < size; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
  };
  const auto data_bytes = static_cast<uint32_t>(2 * audio.pcm.size());
  const auto rate = static_cast<uint32_t>(audio.sample_rate_hz);
  tag("RIFF");
  number(36 + data_bytes, 4);
  tag("WAVEfmt ");
  number(16, 4);  // size of this chunk
  number(1, 2);   // PCM
  number(1, 2);   // channels
  number(rate, 4);
  number(2 * rate, 4);  // bytes a second
  number(2, 2);         // bytes a frame
  number(16, 2);        // bits a value
  tag("data");
  number(data_bytes, 4);
  for (const int16_t value : audio.pcm) number(static_cast<uint16_t>(value), 2);
  return bytes;
}

Result<void> write_wav(const std::string& path, const samples::Audio& audio) {
  return write_file(path, encode_wav(audio));
}

Result<std::vector<float>> resample(std::span<const float> signal, int from_hz, int to_hz) {
  if (from_hz < kLowestRateHz || from_hz > kHighestRateHz || to_hz < kLowestRateHz ||
      to_hz > kHighestRateHz) {
    return Error{Code::audio_unsupported, "cannot resample from " + std::to_string(from_hz) + " to " +
                                              std::to_string(to_hz) + " Hz; 4000 to 192000 Hz are possible."};
  }
  std::vector<float> out;
  Resampler resampler(from_hz, to_hz);
  if (!resampler.ok() || !resampler.push(signal, true, [&](float value) { out.push_back(value); })) {
    return Error{Code::internal, "libsamplerate refused to convert " + std::to_string(from_hz) + " to " +
                                     std::to_string(to_hz) + " Hz"};
  }
  out.resize(static_cast<size_t>(resampled_length(static_cast<long>(signal.size()), from_hz, to_hz)));
  return out;
}

}  // namespace tadpole::data
