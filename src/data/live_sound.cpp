#include "data/live_sound.h"

#include <algorithm>
#include <cerrno>

#include "data/audio_file.h"
#ifdef TADPOLE_ALSA
#include <alsa/asoundlib.h>
#endif

namespace tadpole::data {

namespace {

class SoundFile final : public LiveSound {
 public:
  SoundFile(std::string path, samples::Audio audio) : path_(std::move(path)), audio_(std::move(audio)) {}

  Result<void> restart() override { return {}; }
  Result<std::vector<int16_t>> next(size_t samples, const Progress&) override {
    if (samples > audio_.pcm.size() - at_) {
      return Error{Code::audio_truncated, path_ + " has " + std::to_string(audio_.pcm.size() - at_) +
                                              " values left; the next recording needs " +
                                              std::to_string(samples) +
                                              ". Record fewer (--count) or shorter (--seconds) ones."};
    }
    const auto from = audio_.pcm.begin() + static_cast<std::ptrdiff_t>(at_);
    at_ += samples;
    return std::vector<int16_t>(from, from + static_cast<std::ptrdiff_t>(samples));
  }

 private:
  std::string path_;
  samples::Audio audio_;
  size_t at_ = 0;
};

#ifdef TADPOLE_ALSA

constexpr int kPollMs = 50, kPatienceMs = 2000;
constexpr unsigned kLatencyUs = 200'000;

/// ALSA would print.
void say_nothing(const char*, int, const char*, int, const char*, ...) {}

Error describe(const std::string& device, int code, const std::string& what) {
  const std::string reason = snd_strerror(code);
  if (code == -ENOENT || code == -ENODEV || code == -ENXIO) {
    return {Code::file_not_found, "there is no microphone '" + device + "' (" + reason +
                                      "). Plug one in; arecord -L lists those there are, and --from "
                                      "microphone:NAME chooses one."};
  }
  if (code == -EBUSY) {
    return {Code::file_unreadable,
            "the microphone '" + device + "' is in use by another program. Close it and try again."};
  }
  if (code == -EACCES || code == -EPERM) {
    return {Code::file_unreadable, "you may not use the microphone '" + device +
                                       "'. Add yourself to its group: sudo adduser $USER audio, then log in "
                                       "again."};
  }
  return {Code::file_unreadable, "the microphone '" + device + "' " + what + ": " + reason + "."};
}

class Microphone final : public LiveSound {
 public:
  Microphone(std::string device, snd_pcm_t* pcm) : device_(std::move(device)), pcm_(pcm) {}
  ~Microphone() override { snd_pcm_close(pcm_); }
  Microphone(const Microphone&) = delete;
  Microphone& operator=(const Microphone&) = delete;

  Result<void> restart() override {
    snd_pcm_drop(pcm_);
    int failed = snd_pcm_prepare(pcm_);
    if (failed >= 0) failed = snd_pcm_start(pcm_);
    if (failed < 0) return describe(device_, failed, "does not start");
    return {};
  }

  Result<std::vector<int16_t>> next(size_t samples, const Progress& progress) override {
    std::vector<int16_t> heard(samples);
    int silent_ms = 0;
    for (size_t at = 0; at < samples;) {
      if (progress.cancelled()) return Error{Code::cancelled, ""};
      const snd_pcm_sframes_t got = snd_pcm_readi(pcm_, heard.data() + at, samples - at);
      if (got > 0) {
        at += static_cast<size_t>(got);
        silent_ms = 0;
      } else if (got == 0 || got == -EAGAIN) {
        if (silent_ms >= kPatienceMs) {
          return Error{Code::timed_out, "the microphone '" + device_ +
                                            "' gave no sound for 2 s. Is it switched off, or suspended?"};
        }
        snd_pcm_wait(pcm_, kPollMs);
        silent_ms += kPollMs;
      } else if (got == -EPIPE) {
        // Too late to fetch: a hole in a recording would be learnt as if it were sound.
        return Error{Code::timed_out, "this computer was too busy to fetch the sound of '" + device_ +
                                          "' in time. Close other programs and record again."};
      } else {
        return describe(device_, static_cast<int>(got), "stopped");
      }
    }
    return heard;
  }

 private:
  std::string device_;
  snd_pcm_t* pcm_;
};

#endif

}  // namespace

#ifdef TADPOLE_ALSA

Result<std::unique_ptr<LiveSound>> open_microphone(const std::string& device, int rate_hz) {
  snd_lib_error_set_handler(say_nothing);
  snd_pcm_t* pcm = nullptr;
  int failed = snd_pcm_open(&pcm, device.c_str(), SND_PCM_STREAM_CAPTURE, SND_PCM_NONBLOCK);
  if (failed < 0) return describe(device, failed, "cannot be opened");
  auto microphone = std::make_unique<Microphone>(device, pcm);
  failed = snd_pcm_set_params(pcm, SND_PCM_FORMAT_S16, SND_PCM_ACCESS_RW_INTERLEAVED, 1,
                              static_cast<unsigned>(rate_hz), 1, kLatencyUs);
  if (failed < 0)
    return describe(device, failed, "cannot give one channel at " + std::to_string(rate_hz) + " Hz");
  return std::unique_ptr<LiveSound>(std::move(microphone));
}

#else

Result<std::unique_ptr<LiveSound>> open_microphone(const std::string&, int) {
  return Error{Code::file_not_found,
               "this Tadpole was built without ALSA and cannot hear a microphone. Install libasound2-dev and "
               "build again (./dev build), or record with another program and import: tadpole data import."};
}

#endif

Result<std::unique_ptr<LiveSound>> open_sound_file(const std::string& path, int rate_hz) {
  TADPOLE_TRY(AudioFile file, read_audio(path, rate_hz));
  return std::unique_ptr<LiveSound>(std::make_unique<SoundFile>(path, std::move(file.audio)));
}

}  // namespace tadpole::data
