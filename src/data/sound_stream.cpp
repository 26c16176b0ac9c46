#include "data/sound_stream.h"

#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "data/text_lines.h"

namespace tadpole::data {
namespace {
constexpr size_t kBlock = 16384;
}

struct SoundStream::State {
  std::string path;
  SNDFILE* file = nullptr;
  SF_INFO info{};
  std::vector<float> block;
  ~State() {
    if (file != nullptr) sf_close(file);
  }
};

SoundStream::SoundStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
SoundStream::~SoundStream() = default;
SoundStream::SoundStream(SoundStream&&) noexcept = default;

Result<SoundStream> SoundStream::open(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    return Error{Code::file_not_found, path + ": no such file. Check the path for spelling."};
  auto state = std::make_unique<State>();
  state->path = path;
  state->file = sf_open(path.c_str(), SFM_READ, &state->info);
  if (state->file == nullptr) {
    return Error{Code::audio_not_audio, path + ": not a sound file that can be read (" +
                                            sf_strerror(nullptr) +
                                            "). Remove it, or import with --skip-bad."};
  }
  const SF_INFO& info = state->info;
  if (info.samplerate < 1000 || info.samplerate > 192000 || info.channels < 1 || info.channels > 32) {
    return Error{
        Code::audio_unsupported,
        path + ": has " + std::to_string(info.channels) + " channels at " + std::to_string(info.samplerate) +
            " Hz; 1 to 32 channels at 1000 to 192000 Hz are read. Remove it, or import with --skip-bad."};
  }
  if (info.frames <= 0)
    return Error{Code::audio_empty, path + ": holds no sound. Remove it, or import with --skip-bad."};
  return SoundStream(std::move(state));
}

int SoundStream::rate_hz() const { return state_->info.samplerate; }
long SoundStream::length() const { return static_cast<long>(state_->info.frames); }

Result<void> SoundStream::seek(long value) {
  if (sf_seek(state_->file, value, SEEK_SET) >= 0) return {};
  return Error{Code::audio_truncated, state_->path + ": ends before value " + std::to_string(value) +
                                          ". Copy it again, or import with --skip-bad."};
}

Result<std::vector<int16_t>> SoundStream::read(size_t count) {
  const auto channels = static_cast<size_t>(state_->info.channels);
  std::vector<int16_t> mono;
  mono.reserve(std::min<size_t>(count, kBlock));
  state_->block.resize(kBlock * channels);
  while (mono.size() < count) {
    const size_t wanted = std::min(kBlock, count - mono.size());
    const auto got = static_cast<size_t>(std::max<sf_count_t>(
        0, sf_readf_float(state_->file, state_->block.data(), static_cast<sf_count_t>(wanted))));
    for (size_t i = 0; i < got; ++i) {
      float sum = 0;
      for (size_t channel = 0; channel < channels; ++channel) sum += state_->block[i * channels + channel];
      if (!std::isfinite(sum)) {
        return Error{Code::audio_not_finite, state_->path +
                                                 ": holds a value that is not a finite number. "
                                                 "Export it again as 16-bit PCM."};
      }
      const float scaled = std::round(sum / static_cast<float>(channels) * 32768.0f);
      mono.push_back(static_cast<int16_t>(std::clamp(scaled, -32768.0f, 32767.0f)));
    }
    if (got < wanted) break;
  }
  return mono;
}

Result<samples::Audio> SoundStream::cut(long from, long to) {
  TADPOLE_CHECK(seek(from));
  TADPOLE_TRY(std::vector<int16_t> pcm, read(static_cast<size_t>(to - from)));
  if (pcm.size() < static_cast<size_t>(to - from)) {
    return Error{Code::audio_truncated,
                 state_->path + ": ends at value " + std::to_string(from + static_cast<long>(pcm.size())) +
                     "; " + std::to_string(to) + " are needed. Copy it again, or import with --skip-bad."};
  }
  return samples::Audio{rate_hz(), std::move(pcm)};
}

Result<std::vector<Stretch>> parse_label_track(std::string_view text, const std::string& name) {
  std::vector<Stretch> stretches;
  std::vector<std::string> fields;
  const auto stream = plain_stream({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  LineReader lines(*stream, name);
  for (;;) {
    TADPOLE_TRY(const auto line, lines.next());
    if (!line) return stretches;
    if (trimmed(*line).empty() || line->starts_with("\\")) continue;
    std::string wrong = split_fields(*line, '\t', fields);
    const auto time_of = [&](size_t field) {  // not a number where there is none
      return field < fields.size() ? to_number(fields[field]).value_or(std::nan("")) : std::nan("");
    };
    const double from = time_of(0), to = time_of(1);
    if (wrong.empty() && (std::isnan(from) || std::isnan(to)))
      wrong = "needs start, end and label with tabs between them";
    if (wrong.empty() && (from < 0 || to <= from)) wrong = "the end has to be after the start, in seconds";
    if (wrong.empty() && (fields.size() < 3 || fields[2].empty())) wrong = "has no label";
    if (!wrong.empty())
      return Error{Code::csv_malformed, lines.place() + wrong + ". For example: 1.25<tab>1.90<tab>yes"};
    stretches.push_back({from, to, fields[2]});
  }
}

Result<std::vector<Stretch>> find_words(SoundStream& sound, const WordOptions& options) {
  const auto frame = static_cast<size_t>(sound.rate_hz() * options.frame_ms / 1000);
  std::vector<float> level;
  for (;;) {
    TADPOLE_TRY(const std::vector<int16_t> pcm, sound.read(frame * 100));
    for (size_t at = 0; at + frame <= pcm.size(); at += frame) {
      double energy = 0;
      for (size_t i = at; i < at + frame; ++i) energy += static_cast<double>(pcm[i]) * pcm[i];
      level.push_back(static_cast<float>(std::sqrt(energy / static_cast<double>(frame))));
    }
    if (pcm.size() < frame * 100) break;
  }
  if (level.empty()) return std::vector<Stretch>{};
  std::vector<float> sorted = level;
  std::sort(sorted.begin(), sorted.end());
  const float quiet = sorted[sorted.size() / 5], loud = sorted[sorted.size() - 1 - sorted.size() / 50];
  // 4 = 12 dB; 10 of 32768: a recording of digital silence has no quiet fifth to speak of.
  const float threshold = std::max({4 * quiet, 0.05f * loud, 10.0f});
  const auto frames = [&](int ms) { return static_cast<size_t>(std::max(1, ms / options.frame_ms)); };
  std::vector<std::pair<size_t, size_t>> runs;
  for (size_t i = 0; i < level.size(); ++i) {
    if (level[i] <= threshold) continue;
    if (!runs.empty() && i - runs.back().second < frames(options.gap_ms)) {
      runs.back().second = i + 1;
    } else {
      runs.emplace_back(i, i + 1);
    }
  }
  std::erase_if(runs, [&](const auto& run) { return run.second - run.first < frames(options.shortest_ms); });
  std::vector<Stretch> words;
  const double second = options.frame_ms / 1000.0;
  for (size_t i = 0; i < runs.size(); ++i) {
    const size_t margin = frames(options.margin_ms);
    const size_t before = i == 0 ? 0 : (runs[i - 1].second + runs[i].first) / 2;
    const size_t after = i + 1 == runs.size() ? level.size() : (runs[i].second + runs[i + 1].first) / 2;
    const size_t from = std::max(before, runs[i].first - std::min(runs[i].first, margin));
    const size_t to = std::min(after, runs[i].second + margin);
    words.push_back({static_cast<double>(from) * second, static_cast<double>(to) * second, ""});
  }
  return words;
}

}  // namespace tadpole::data
