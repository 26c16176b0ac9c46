// FeatureBlock: checks the settings, owns the tables and runs device/dsp on the host.
#include "features/feature_block.h"

#include <algorithm>
#include <cmath>

#include "features/feature_tables.h"
#include "features/reference.h"

namespace tadpole::features {

struct FeatureBlock::Tables : FeatureTables {
  using FeatureTables::FeatureTables;
};

namespace {

Error bad_setting(const std::string& name, const std::string& found, const std::string& needed) {
  return {Code::features_bad_setting, "[features] " + name + " = " + found + ": needs " + needed};
}

struct Range {
  const char* name;
  int found, low, high;
  const char* unit;
  const char* why;  ///< appended in brackets; "" = nothing
};

Result<void> check_range(const Range& range) {
  if (range.found >= range.low && range.found <= range.high) return {};
  std::string needed = std::to_string(range.low) + " to " + std::to_string(range.high) + range.unit;
  if (*range.why != 0) needed += std::string(" (") + range.why + ")";
  return bad_setting(range.name, std::to_string(range.found), needed);
}

Result<void> check_ranges(const FeatureConfig& config) {
  const bool mfcc = config.block == "mfcc";
  if (!mfcc && config.block != "log_mel") {
    return bad_setting("block", "\"" + config.block + "\"", "\"mfcc\" or \"log_mel\"");
  }
  TADPOLE_CHECK(check_range({"sample_rate_hz", config.sample_rate_hz, 8000, 48000, " Hz", ""}));
  TADPOLE_CHECK(check_range({"window_ms", config.window_ms, 5, 200, " ms", ""}));
  TADPOLE_CHECK(check_range({"stride_ms", config.stride_ms, 1, 1000, " ms", ""}));
  TADPOLE_CHECK(
      check_range({"clip_ms", config.clip_ms, config.window_ms, 10000, " ms", "at least one window"}));
  TADPOLE_CHECK(check_range({"bands", config.bands, 4, dsp::kMaxBands, "", ""}));
  if (mfcc)
    TADPOLE_CHECK(check_range({"coefficients", config.coefficients, 1, config.bands, "", "at most bands"}));
  TADPOLE_CHECK(check_range(
      {"high_hz", config.high_hz, 100, config.sample_rate_hz / 2, " Hz", "half the sample rate"}));
  return check_range({"low_hz", config.low_hz, 0, config.high_hz - 100, " Hz", "100 Hz below high_hz"});
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

/// `pcm` as exactly `samples` samples: zeros in equal parts on both sides, or its middle.
template <class T>
std::vector<T> fitted(std::span<const int16_t> pcm, size_t samples) {
  std::vector<T> clip(samples, T{0});
  if (pcm.size() <= samples) {
    std::copy(pcm.begin(), pcm.end(), clip.begin() + static_cast<ptrdiff_t>((samples - pcm.size()) / 2));
  } else {
    const std::span<const int16_t> middle = pcm.subspan((pcm.size() - samples) / 2, samples);
    std::copy(middle.begin(), middle.end(), clip.begin());
  }
  return clip;
}

}  // namespace

Result<FeatureBlock> FeatureBlock::create(const FeatureConfig& config) {
  TADPOLE_CHECK(check_ranges(config));
  TADPOLE_CHECK(check_bands(config));
  FeatureBlock block;
  block.config_ = config;
  block.tables_ = std::make_shared<const Tables>(config);
  return block;
}

int FeatureBlock::clip_samples() const { return frame_sizes(config_).clip_samples; }
int FeatureBlock::frames() const { return device().frames; }
int FeatureBlock::values_per_frame() const { return device().values_per_frame; }
float FeatureBlock::scale() const { return std::ldexp(1.0f, -device().fraction_bits); }
const dsp::SpeechFeatures& FeatureBlock::device() const { return tables_->device; }

std::vector<int16_t> FeatureBlock::clip_of(std::span<const int16_t> pcm) const {
  return fitted<int16_t>(pcm, static_cast<size_t>(clip_samples()));
}

std::vector<int16_t> FeatureBlock::extract(std::span<const int16_t> pcm) const {
  const dsp::SpeechFeatures& features = device();
  std::vector<int16_t> clip;
  const size_t samples = static_cast<size_t>(clip_samples());
  if (pcm.size() != samples) {
    clip = clip_of(pcm);
    pcm = clip;
  }
  std::vector<int32_t> scratch((dsp::scratch_bytes(features) + 3) / 4);
  std::vector<int16_t> out(static_cast<size_t>(size()));
  dsp::extract_clip(features, pcm.data(), scratch.data(), out.data());
  return out;
}

std::vector<float> FeatureBlock::extract_reference(std::span<const int16_t> pcm) const {
  return reference_features(config_, fitted<double>(pcm, static_cast<size_t>(clip_samples())));
}

std::string FeatureBlock::fingerprint() const {
  const auto field = [](const char* name, int value) {
    return " " + std::string(name) + "=" + std::to_string(value);
  };
  std::string text = "speech_features" + field("version", dsp::kSpeechFeaturesVersion) +
                     " block=" + config_.block + field("sample_rate_hz", config_.sample_rate_hz) +
                     field("clip_ms", config_.clip_ms) + field("window_ms", config_.window_ms) +
                     field("stride_ms", config_.stride_ms) + field("bands", config_.bands);
  if (config_.block == "mfcc") text += field("coefficients", config_.coefficients);
  return text + field("low_hz", config_.low_hz) + field("high_hz", config_.high_hz);
}

dsp::FeatureQuantiser make_feature_quantiser(float feature_scale, float input_scale, int input_zero_point) {
  const int zero_point = std::clamp(input_zero_point, -128, 127);
  const dsp::FeatureQuantiser nothing{0, 1, zero_point};
  if (!(feature_scale > 0 && input_scale > 0) || !std::isfinite(feature_scale) ||
      !std::isfinite(input_scale)) {
    return nothing;
  }
  // A float is a 24-bit integer times a power of two: the quotient is taken in integers and rounded up, so
  // that an exact half never falls below itself.
  int feature_exponent = 0, input_exponent = 0;
  const auto above = static_cast<uint64_t>(std::ldexp(std::frexp(feature_scale, &feature_exponent), 24));
  const auto below = static_cast<uint64_t>(std::ldexp(std::frexp(input_scale, &input_exponent), 24));
  const int bits = above >= below ? 45 : 46;  // the multiplier is 2^45 to 2^46
  const uint64_t first = (above << 39) / below, rest = ((above << 39) % below) << (bits - 39);
  const uint64_t multiplier = (first << (bits - 39)) + (rest + below - 1) / below;
  const int shift = bits - (feature_exponent - input_exponent);
  if (shift > 62) return nothing;                           // below 2^-16: no int16 reaches one half
  if (shift < 1) return {int64_t{1} << 46, 1, zero_point};  // at least 2^45: all but 0 saturate
  return {static_cast<int64_t>(multiplier), shift, zero_point};
}

std::vector<int8_t> quantise_features(std::span<const int16_t> features, float feature_scale,
                                      float input_scale, int input_zero_point) {
  const dsp::FeatureQuantiser quantiser =
      make_feature_quantiser(feature_scale, input_scale, input_zero_point);
  std::vector<int8_t> quantised;
  quantised.reserve(features.size());
  for (const int16_t feature : features) quantised.push_back(dsp::quantise_feature(feature, quantiser));
  return quantised;
}

}  // namespace tadpole::features
