// wavelet: settings, the filters, and the formula in floating point.
#include "features/wavelet_block.h"

#include <cmath>

namespace tadpole::features {
namespace {

/// The window filled up to a multiple of 2^levels.
int padded_length(const FeatureConfig& config) {
  const int unit = 1 << config.levels;
  return (frame_sizes(config).window_samples + unit - 1) / unit * unit;
}

}  // namespace

std::vector<double> wavelet_filter(std::string_view name) {
  if (name == "haar") return {std::sqrt(0.5), std::sqrt(0.5)};
  if (name == "db2") {
    const double root = std::sqrt(3.0), unit = 4 * std::sqrt(2.0);
    return {(1 + root) / unit, (3 + root) / unit, (3 - root) / unit, (1 - root) / unit};
  }
  if (name == "db4") {
    return {0.23037781330885523,  0.71484657055254153,  0.63088076792959036,  -0.027983769416983850,
            -0.18703481171888114, 0.030841381835986965, 0.032883011666982945, -0.010597401784997278};
  }
  return {};
}

Result<std::shared_ptr<const Extractor>> WaveletExtractor::create(const FeatureConfig& config) {
  TADPOLE_CHECK(check_frames(config));
  TADPOLE_CHECK(check_range("levels", config.levels, 1, dsp::kMaxWaveletLevels, ""));
  TADPOLE_CHECK(check_choice("wavelet", config.wavelet, {"haar", "db2", "db4"}));
  const int taps = static_cast<int>(wavelet_filter(config.wavelet).size());
  int most = config.levels;
  while ((padded_length(config) >> (most - 1)) < taps) --most;
  if (most < config.levels) {
    return bad_setting("levels", std::to_string(config.levels),
                       "at most " + std::to_string(most) + ", or a longer window_ms: " + config.wavelet +
                           " needs " + std::to_string(taps) + " values at the last level");
  }
  return std::shared_ptr<const Extractor>(new WaveletExtractor(config));
}

WaveletExtractor::WaveletExtractor(const FeatureConfig& config) : AudioExtractor(config) {
  for (const double weight : wavelet_filter(config.wavelet)) {
    low_.push_back(static_cast<int32_t>(std::llround(weight * 1073741824.0)));
  }
  const FrameSizes sizes = frame_sizes(config);
  tables_ = {config.sample_rate_hz,
             sizes.window_samples,
             sizes.stride_samples,
             sizes.frames,
             config.levels,
             padded_length(config),
             static_cast<int32_t>(low_.size()),
             low_.data()};
  device_ = dsp::wavelet_features(tables_);
}

float WaveletExtractor::scale() const { return std::ldexp(1.0f, -dsp::kWaveletFractionBits); }

std::vector<float> WaveletExtractor::reference_clip(const std::vector<double>& clip) const {
  const std::vector<double> low = wavelet_filter(config_.wavelet);
  const auto log_of_mean = [](const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value * value;
    return static_cast<float>(std::log(1 + sum / static_cast<double>(values.size())));
  };
  std::vector<float> features;
  for (int frame = 0; frame < tables_.frames; ++frame) {
    std::vector<double> smooth(static_cast<size_t>(tables_.length), 0.0);
    for (int n = 0; n < tables_.window_samples; ++n) {
      smooth[static_cast<size_t>(n)] = clip[static_cast<size_t>(frame * tables_.stride_samples + n)];
    }
    for (int level = 0; level < tables_.levels; ++level) {
      std::vector<double> next, detail;
      for (size_t n = 0; n < smooth.size(); n += 2) {
        double sum = 0, difference = 0;
        for (size_t k = 0; k < low.size(); ++k) {
          const double value = smooth[(n + k) % smooth.size()];
          sum += low[k] * value;
          difference += (k % 2 == 0 ? 1.0 : -1.0) * low[low.size() - 1 - k] * value;
        }
        next.push_back(sum);
        detail.push_back(difference);
      }
      features.push_back(log_of_mean(detail));
      smooth = next;
    }
    features.push_back(log_of_mean(smooth));
  }
  return features;
}

DeviceConstants WaveletExtractor::device_constants() const {
  const dsp::WaveletFeatures& f = tables_;
  return {"WaveletFeatures",
          "device/dsp/wavelet_features.h",
          "wavelet_features",
          {{"sample_rate_hz", f.sample_rate_hz},
           {"window_samples", f.window_samples},
           {"stride_samples", f.stride_samples},
           {"frames", f.frames},
           {"levels", f.levels},
           {"length", f.length},
           {"taps", f.taps},
           {"low", DeviceTable(std::span<const int32_t>(low_))}}};
}

std::string WaveletExtractor::fingerprint() const {
  return fingerprint_of("wavelet", dsp::kWaveletVersion) + " wavelet=" + config_.wavelet +
         fingerprint_field("levels", config_.levels);
}

}  // namespace tadpole::features
