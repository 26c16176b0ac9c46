#include "data/sound_source.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "data/audio_file.h"
#include "data/live_sound.h"

namespace tadpole::data {

namespace {

constexpr int kPollMs = 50;
constexpr size_t kBlockBytes = 1 << 16;

class MicrophoneSource final : public SoundSource {
 public:
  explicit MicrophoneSource(std::unique_ptr<LiveSound> sound) : sound_(std::move(sound)) {}

  Result<std::vector<int16_t>> next(size_t samples, const Progress& progress) override {
    if (!started_) TADPOLE_CHECK(sound_->restart());
    started_ = true;
    return sound_->next(samples, progress);
  }

 private:
  std::unique_ptr<LiveSound> sound_;
  bool started_ = false;
};

class FileSource final : public SoundSource {
 public:
  explicit FileSource(samples::Audio audio) : audio_(std::move(audio)) {}

  Result<std::vector<int16_t>> next(size_t samples, const Progress&) override {
    const size_t count = std::min(samples, audio_.pcm.size() - at_);
    const auto from = audio_.pcm.begin() + static_cast<std::ptrdiff_t>(at_);
    at_ += count;
    return std::vector<int16_t>(from, from + static_cast<std::ptrdiff_t>(count));
  }

 private:
  samples::Audio audio_;
  size_t at_ = 0;
};

class RawSource final : public SoundSource {
 public:
  Result<std::vector<int16_t>> next(size_t samples, const Progress& progress) override {
    while (bytes_.size() < 2 * samples && !ended_) {
      if (progress.cancelled()) return Error{Code::cancelled, ""};
      TADPOLE_CHECK(read_some());
    }
    if (!looked_) TADPOLE_CHECK(look());
    std::vector<int16_t> pcm(std::min(samples, bytes_.size() / 2));
    for (size_t i = 0; i < pcm.size(); ++i)
      pcm[i] = static_cast<int16_t>(static_cast<uint16_t>(bytes_[2 * i] | bytes_[2 * i + 1] << 8));
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(2 * pcm.size()));
    return pcm;
  }

 private:
  /// Waits for a moment at most, so that Ctrl-C is heard.
  Result<void> read_some() {
    pollfd waiting = {STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, kPollMs);
    if (ready == 0 || (ready < 0 && errno == EINTR)) return {};
    uint8_t block[kBlockBytes];
    const ssize_t got = ::read(STDIN_FILENO, block, sizeof block);
    if (got < 0 && errno != EINTR && errno != EAGAIN) {
      return Error{Code::file_unreadable,
                   std::string("standard input cannot be read: ") + std::strerror(errno) + "."};
    }
    ended_ = got == 0;
    if (got > 0) bytes_.insert(bytes_.end(), block, block + got);
    return {};
  }

  /// A header would be heard as a click, and the values behind it may be of any kind.
  Result<void> look() {
    looked_ = true;
    if (bytes_.size() < 4 || std::memcmp(bytes_.data(), "RIFF", 4) != 0) return {};
    return Error{Code::audio_unsupported,
                 "standard input begins like a WAV file (\"RIFF\"); raw 16-bit values are needed. Name the "
                 "file instead (--from FILE), or record without a header: arecord -t raw -f S16_LE -r RATE."};
  }

  std::vector<uint8_t> bytes_;
  bool ended_ = false, looked_ = false;
};

}  // namespace

Result<std::unique_ptr<SoundSource>> open_sound_source(const std::string& from, int rate_hz) {
  if (from == "-") return std::unique_ptr<SoundSource>(std::make_unique<RawSource>());
  const size_t colon = from.find(':');
  const std::string kind = from.substr(0, colon);
  const std::string name = colon == std::string::npos ? "" : from.substr(colon + 1);
  if (kind == "microphone" || kind == "alsa") {
    TADPOLE_TRY(std::unique_ptr<LiveSound> sound, open_microphone(name.empty() ? "default" : name, rate_hz));
    return std::unique_ptr<SoundSource>(std::make_unique<MicrophoneSource>(std::move(sound)));
  }
  TADPOLE_TRY(AudioFile file, read_audio(kind == "file" ? name : from, rate_hz));
  return std::unique_ptr<SoundSource>(std::make_unique<FileSource>(std::move(file.audio)));
}

}  // namespace tadpole::data
