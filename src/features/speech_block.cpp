// mfcc, log_mel, mfe and spectrogram: checks the settings and owns the tables.
#include "features/speech_block.h"

#include <cmath>

#include "features/reference.h"

namespace tadpole::features {
namespace {

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

Result<void> check_lines(const FeatureConfig& config) {
  const auto [first, end] = spectrogram_lines(config);
  if (first < end) return {};
  return bad_setting("window_ms", std::to_string(config.window_ms),
                     "more, or a wider low_hz to high_hz: no line of the spectrum lies between them");
}

std::string view_of(const std::string& block) {
  return block == "mfe" ? "mfe_features" : block == "spectrogram" ? "spectrogram_features" : "mel_features";
}

}  // namespace

Result<std::shared_ptr<const Extractor>> SpeechExtractor::create(const FeatureConfig& config) {
  TADPOLE_CHECK(check_frames(config));
  const bool lines = config.block == "spectrogram";
  if (!lines) TADPOLE_CHECK(check_range("bands", config.bands, 4, dsp::kMaxBands, ""));
  if (config.block == "mfcc")
    TADPOLE_CHECK(check_range("coefficients", config.coefficients, 1, config.bands, "", "at most bands"));
  TADPOLE_CHECK(check_band_limits(config));
  if (config.block == "mfe")
    TADPOLE_CHECK(check_range("noise_floor_db", config.noise_floor_db, -100, -10, " dB"));
  TADPOLE_CHECK(lines ? check_lines(config) : check_bands(config));
  return std::shared_ptr<const Extractor>(new SpeechExtractor(config));
}

SpeechExtractor::SpeechExtractor(const FeatureConfig& config)
    : AudioExtractor(config),
      tables_(config),
      device_(config.block == "mfe"           ? dsp::mfe_features(tables_.device)
              : config.block == "spectrogram" ? dsp::spectrogram_features(tables_.device)
                                              : dsp::mel_features(tables_.device)) {}

float SpeechExtractor::scale() const { return std::ldexp(1.0f, -tables_.device.fraction_bits); }

std::vector<float> SpeechExtractor::reference_clip(const std::vector<double>& clip) const {
  return reference_features(config_, clip);
}

DeviceConstants SpeechExtractor::device_constants() const {
  const auto table = [](const auto& values) -> DeviceTable { return std::span(values); };
  const dsp::MelFeatures& f = tables_.device;
  return {"MelFeatures",
          "device/dsp/mel_features.h",
          view_of(config_.block),
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
           {"log_gain", f.log_gain},
           {"window", table(tables_.window)},
           {"sine", table(tables_.sine)},
           {"reversed", table(tables_.reversed)},
           {"band_edges", table(tables_.band_edges)},
           {"mel_rise", table(tables_.mel_rise)},
           {"dct", table(tables_.dct)}}};
}

std::string SpeechExtractor::fingerprint() const {
  std::string text = fingerprint_of("speech_features", dsp::kSpeechFeaturesVersion);
  if (config_.block != "spectrogram") text += fingerprint_field("bands", config_.bands);
  if (config_.block == "mfcc") text += fingerprint_field("coefficients", config_.coefficients);
  if (config_.block == "mfe") text += fingerprint_field("noise_floor_db", config_.noise_floor_db);
  return text + fingerprint_field("low_hz", config_.low_hz) + fingerprint_field("high_hz", config_.high_hz);
}

}  // namespace tadpole::features
