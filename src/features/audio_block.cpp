// Settings, padding and the host's run of what the blocks that hear share.
#include "features/audio_block.h"

#include <algorithm>

namespace tadpole::features {

Result<void> check_frames(const FeatureConfig& config) {
  TADPOLE_CHECK(check_range("sample_rate_hz", config.sample_rate_hz, 8000, 48000, " Hz"));
  TADPOLE_CHECK(check_range("window_ms", config.window_ms, 5, 200, " ms"));
  TADPOLE_CHECK(check_range("stride_ms", config.stride_ms, 1, 1000, " ms"));
  return check_range("clip_ms", config.clip_ms, config.window_ms, 10000, " ms", "at least one window");
}

Result<void> check_band_limits(const FeatureConfig& config) {
  TADPOLE_CHECK(
      check_range("high_hz", config.high_hz, 100, config.sample_rate_hz / 2, " Hz", "half the sample rate"));
  return check_range("low_hz", config.low_hz, 0, config.high_hz - 100, " Hz", "100 Hz below high_hz");
}

template <class T>
std::vector<T> fitted_clip(std::span<const int16_t> pcm, size_t samples) {
  std::vector<T> clip(samples, T{0});
  if (pcm.size() <= samples) {
    std::copy(pcm.begin(), pcm.end(), clip.begin() + static_cast<ptrdiff_t>((samples - pcm.size()) / 2));
  } else {
    const std::span<const int16_t> middle = pcm.subspan((pcm.size() - samples) / 2, samples);
    std::copy(middle.begin(), middle.end(), clip.begin());
  }
  return clip;
}

template std::vector<int16_t> fitted_clip(std::span<const int16_t>, size_t);
template std::vector<double> fitted_clip(std::span<const int16_t>, size_t);

std::array<int, 3> AudioExtractor::shape() const { return {device().frames, device().values_per_frame, 1}; }

std::vector<int16_t> AudioExtractor::extract_clip(std::span<const int16_t> clip) const {
  const dsp::SpeechFeatures& features = device();
  std::vector<int32_t> scratch((dsp::scratch_bytes(features) + 3) / 4);
  std::vector<int16_t> out(static_cast<size_t>(features.frames * features.values_per_frame));
  dsp::extract_clip(features, clip.data(), scratch.data(), out.data());
  return out;
}

std::string AudioExtractor::fingerprint_of(const std::string& algorithm, int version) const {
  return algorithm + fingerprint_field("version", version) + " block=" + config_.block +
         fingerprint_field("sample_rate_hz", config_.sample_rate_hz) +
         fingerprint_field("clip_ms", config_.clip_ms) + fingerprint_field("window_ms", config_.window_ms) +
         fingerprint_field("stride_ms", config_.stride_ms);
}

Result<void> AudioExtractor::accepts(const samples::Signal& signal) const {
  const int rate = std::get<samples::Audio>(signal).sample_rate_hz;
  if (rate == config_.sample_rate_hz) return {};
  return Error{Code::features_bad_setting,
               "[features] sample_rate_hz = " + std::to_string(config_.sample_rate_hz) +
                   "; this recording has " + std::to_string(rate) +
                   " Hz. Resample it, or change the setting."};
}

std::vector<uint8_t> AudioExtractor::sensor_bytes(const samples::Signal& signal) const {
  const std::vector<int16_t> clip =
      fitted_clip<int16_t>(std::get<samples::Audio>(signal).pcm, clip_samples());
  std::vector<uint8_t> bytes;
  for (const int16_t sample : clip) {
    bytes.push_back(static_cast<uint8_t>(sample & 255));
    bytes.push_back(static_cast<uint8_t>((sample >> 8) & 255));
  }
  return bytes;
}

std::vector<int16_t> AudioExtractor::extract(const samples::Signal& signal) const {
  return extract_clip(fitted_clip<int16_t>(std::get<samples::Audio>(signal).pcm, clip_samples()));
}

std::vector<float> AudioExtractor::reference(const samples::Signal& signal) const {
  return reference_clip(fitted_clip<double>(std::get<samples::Audio>(signal).pcm, clip_samples()));
}

}  // namespace tadpole::features
