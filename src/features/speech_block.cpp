// mfcc and log_mel: checks the settings, owns the tables and runs device/dsp on the host.
#include "features/speech_block.h"

#include <algorithm>
#include <cmath>

#include "features/reference.h"

namespace tadpole::features {
namespace {

Result<void> check_ranges(const FeatureConfig& config) {
  const bool mfcc = config.block == "mfcc";
  TADPOLE_CHECK(check_range("sample_rate_hz", config.sample_rate_hz, 8000, 48000, " Hz"));
  TADPOLE_CHECK(check_range("window_ms", config.window_ms, 5, 200, " ms"));
  TADPOLE_CHECK(check_range("stride_ms", config.stride_ms, 1, 1000, " ms"));
  TADPOLE_CHECK(
      check_range("clip_ms", config.clip_ms, config.window_ms, 10000, " ms", "at least one window"));
  TADPOLE_CHECK(check_range("bands", config.bands, 4, dsp::kMaxBands, ""));
  if (mfcc)
    TADPOLE_CHECK(check_range("coefficients", config.coefficients, 1, config.bands, "", "at most bands"));
  TADPOLE_CHECK(
      check_range("high_hz", config.high_hz, 100, config.sample_rate_hz / 2, " Hz", "half the sample rate"));
  return check_range("low_hz", config.low_hz, 0, config.high_hz - 100, " Hz", "100 Hz below high_hz");
}

/// Narrow bands may fall between the lines of the spectrum; says how many bands would do.
Result<void> check_bands(const FeatureConfig& config) {
  const int empty = first_empty_band(config);
  if (empty < 0) return {};
  FeatureConfig fewer = config;
  while (fewer.bands >= 4 && first_empty_band(fewer) >= 0) --fewer.bands;
  const std::vector<double> edges = mel_edges(config);
  const double spacing = static_cast<double>(config.sample_rate_hz) / frame_sizes(config).fft_size;
  const auto hz = [&](int edge) { return std::to_string(std::lround(hz_of_mel(edges[edge]))); };
  const std::string cause = ": band " + std::to_string(empty + 1) + " (" + hz(empty) + " to " +
                            hz(empty + 2) + " Hz) falls between the lines of the spectrum, " +
                            std::to_string(std::lround(spacing)) + " Hz apart";
  if (fewer.bands < 4) {
    return bad_setting("window_ms", std::to_string(config.window_ms),
                       "more, or a wider low_hz to high_hz" + cause);
  }
  return bad_setting("bands", std::to_string(config.bands),
                     "at most " + std::to_string(fewer.bands) + ", or a longer window_ms" + cause);
}

DeviceTable table(const auto& values) { return std::span(values); }

}  // namespace

/// `pcm` as exactly `samples` samples: zeros in equal parts on both sides, or its middle.
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

Result<void> AudioExtractor::accepts(const samples::Signal& signal) const {
  const int rate = std::get<samples::Audio>(signal).sample_rate_hz;
  if (rate == config_.sample_rate_hz) return {};
  return Error{Code::features_bad_setting,
               "[features] sample_rate_hz = " + std::to_string(config_.sample_rate_hz) +
                   "; this recording has " + std::to_string(rate) +
                   " Hz. Resample it, or change the setting."};
}

std::vector<int16_t> AudioExtractor::extract(const samples::Signal& signal) const {
  return extract_clip(fitted_clip<int16_t>(std::get<samples::Audio>(signal).pcm, clip_samples()));
}

std::vector<float> AudioExtractor::reference(const samples::Signal& signal) const {
  return reference_clip(fitted_clip<double>(std::get<samples::Audio>(signal).pcm, clip_samples()));
}

Result<std::shared_ptr<const AudioExtractor>> SpeechExtractor::create(const FeatureConfig& config) {
  TADPOLE_CHECK(check_ranges(config));
  TADPOLE_CHECK(check_bands(config));
  return std::shared_ptr<const AudioExtractor>(new SpeechExtractor(config));
}

std::array<int, 3> SpeechExtractor::shape() const {
  return {tables_.device.frames, tables_.device.values_per_frame, 1};
}

float SpeechExtractor::scale() const { return std::ldexp(1.0f, -tables_.device.fraction_bits); }

std::vector<int16_t> SpeechExtractor::extract_clip(std::span<const int16_t> clip) const {
  const dsp::SpeechFeatures& features = tables_.device;
  std::vector<int32_t> scratch((dsp::scratch_bytes(features) + 3) / 4);
  std::vector<int16_t> out(static_cast<size_t>(features.frames * features.values_per_frame));
  dsp::extract_clip(features, clip.data(), scratch.data(), out.data());
  return out;
}

std::vector<float> SpeechExtractor::reference_clip(const std::vector<double>& clip) const {
  return reference_features(config_, clip);
}

DeviceConstants SpeechExtractor::device_constants() const {
  const dsp::SpeechFeatures& f = tables_.device;
  return {"SpeechFeatures",
          "device/dsp/speech_features.h",
          {{"sample_rate_hz", f.sample_rate_hz},
           {"window_samples", f.window_samples},
           {"stride_samples", f.stride_samples},
           {"frames", f.frames},
           {"values_per_frame", f.values_per_frame},
           {"fft_size", f.fft_size},
           {"bands", f.bands},
           {"coefficients", f.coefficients},
           {"fraction_bits", f.fraction_bits},
           {"dct_fraction_bits", f.dct_fraction_bits},
           {"bins", f.bins},
           {"floor_energy", int64_t{f.floor_energy}},
           {"floor_log2", f.floor_log2},
           {"window", table(tables_.window)},
           {"sine", table(tables_.sine)},
           {"reversed", table(tables_.reversed)},
           {"band_edges", table(tables_.band_edges)},
           {"mel_rise", table(tables_.mel_rise)},
           {"dct", table(tables_.dct)}}};
}

std::string SpeechExtractor::fingerprint() const {
  std::string text =
      "speech_features" + fingerprint_field("version", dsp::kSpeechFeaturesVersion) +
      " block=" + config_.block + fingerprint_field("sample_rate_hz", config_.sample_rate_hz) +
      fingerprint_field("clip_ms", config_.clip_ms) + fingerprint_field("window_ms", config_.window_ms) +
      fingerprint_field("stride_ms", config_.stride_ms) + fingerprint_field("bands", config_.bands);
  if (config_.block == "mfcc") text += fingerprint_field("coefficients", config_.coefficients);
  return text + fingerprint_field("low_hz", config_.low_hz) + fingerprint_field("high_hz", config_.high_hz);
}

}  // namespace tadpole::features
