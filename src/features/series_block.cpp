// raw, statistics and spectral: settings, tables, and the host's run of the device's code.
#include "features/series_block.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/text.h"
#include "features/feature_tables.h"
#include "features/series_reference.h"

namespace tadpole::features {
namespace {

/// Rates that differ by less are the same: clocks of sensors drift.
constexpr double kRateTolerance = 0.05;
constexpr int kMostSteps = 65536, kMostSpectralSteps = 4096, kMostAxes = 250, kMostBands = 128;

int fft_size_of(int steps) {
  int size = 16;
  while (size < steps) size *= 2;
  return size;
}

Result<void> check_filter(const FeatureConfig& config) {
  TADPOLE_CHECK(check_choice("filter", config.filter, {"none", "gravity", "low_pass", "high_pass"}));
  if (config.filter != "low_pass" && config.filter != "high_pass") return {};
  if (!(config.rate_hz > 0)) {
    return bad_setting("rate_hz", "0",
                       "the steps a second of the data, for filter \"" + config.filter + "\"");
  }
  const double rate = static_cast<double>(config.rate_hz);
  return check_range("cutoff_hz", static_cast<double>(config.cutoff_hz), rate / 1000, rate * 0.49, " Hz",
                     "a thousandth to half of rate_hz");
}

Result<void> check_columns(const char* name, const std::vector<float>& list, int columns) {
  if (!list.empty() && list.size() != static_cast<size_t>(columns)) {
    return bad_setting(name, std::to_string(list.size()) + " numbers",
                       std::to_string(columns) + ", one for each column of the features, or none");
  }
  for (const float value : list) {
    if (!std::isfinite(value)) return bad_setting(name, "not a number", "numbers");
  }
  return {};
}

std::vector<float> inverses(const std::vector<float>& spread) {
  std::vector<float> factors;
  for (const float one : spread) factors.push_back(1.0f / one);
  return factors;
}

}  // namespace

Biquad butterworth(double cutoff_hz, double rate_hz, bool high_pass) {
  const double k = std::tan(std::numbers::pi * cutoff_hz / rate_hz), root = std::numbers::sqrt2;
  const double a0 = 1 + root * k + k * k, a1 = 2 * (k * k - 1) / a0, a2 = (1 - root * k + k * k) / a0;
  return high_pass ? Biquad{1 / a0, -2 / a0, 1 / a0, a1, a2}
                   : Biquad{k * k / a0, 2 * k * k / a0, k * k / a0, a1, a2};
}

std::vector<float> window_of(const samples::Series& series, std::span<const std::string> axes, int steps) {
  std::vector<size_t> columns;
  for (const std::string& axis : axes) {
    columns.push_back(
        static_cast<size_t>(std::find(series.axes.begin(), series.axes.end(), axis) - series.axes.begin()));
  }
  const size_t there = series.steps(), wanted = static_cast<size_t>(steps);
  const size_t first = there > wanted ? (there - wanted) / 2 : 0, count = std::min(there, wanted);
  std::vector<float> window;
  window.reserve(count * columns.size());
  for (size_t step = first; step < first + count; ++step) {
    for (const size_t column : columns) window.push_back(series.values[step * series.axes.size() + column]);
  }
  return window;
}

Result<std::shared_ptr<const Extractor>> SeriesExtractor::create(const FeatureConfig& config) {
  const bool spectral = config.block == "spectral";
  TADPOLE_CHECK(
      check_range("steps", config.steps, spectral ? 8 : 1, spectral ? kMostSpectralSteps : kMostSteps, ""));
  if (config.axes.empty() || config.axes.size() > kMostAxes) {
    return bad_setting("axes", std::to_string(config.axes.size()) + " names",
                       "1 to " + std::to_string(kMostAxes) + " names of columns of the data");
  }
  TADPOLE_CHECK(check_choice("normalise", config.normalise, {"data", "window", "none"}));
  TADPOLE_CHECK(check_filter(config));
  if (spectral) {
    const int lines = fft_size_of(config.steps) / 2 - 1;
    TADPOLE_CHECK(check_range("bands", config.bands, 1, std::min(kMostBands, lines), "",
                              "the lines of the spectrum of " + std::to_string(config.steps) + " steps"));
  }
  std::shared_ptr<SeriesExtractor> extractor(new SeriesExtractor(config));
  const int columns = dsp::series_columns(extractor->device_);
  TADPOLE_CHECK(check_columns("centre", config.centre, columns));
  TADPOLE_CHECK(check_columns("spread", config.spread, columns));
  for (const float spread : config.spread) {
    if (!(spread > 0) || !std::isfinite(1 / spread))
      return bad_setting("spread", std::to_string(spread), "numbers above 0");
  }
  return std::shared_ptr<const Extractor>(std::move(extractor));
}

SeriesExtractor::SeriesExtractor(const FeatureConfig& config) : config_(config) {
  device_.kind = config.block == "raw"          ? dsp::kRawSeries
                 : config.block == "statistics" ? dsp::kStatistics
                                                : dsp::kSpectral;
  device_.steps = config.steps;
  device_.axes = static_cast<int32_t>(config.axes.size());
  device_.filter = config.filter == "none"      ? dsp::kNoFilter
                   : config.filter == "gravity" ? dsp::kNoGravity
                                                : dsp::kBiquad;
  if (device_.filter == dsp::kBiquad) {
    const Biquad q = butterworth(static_cast<double>(config.cutoff_hz), static_cast<double>(config.rate_hz),
                                 config.filter == "high_pass");
    device_.b0 = static_cast<float>(q.b0);
    device_.b1 = static_cast<float>(q.b1);
    device_.b2 = static_cast<float>(q.b2);
    device_.a1 = static_cast<float>(q.a1);
    device_.a2 = static_cast<float>(q.a2);
    device_.rest_gain = static_cast<float>((q.b0 + q.b1 + q.b2) / (1 + q.a1 + q.a2));
  }
  device_.by_window = config.normalise == "window" ? 1 : 0;
  if (device_.kind == dsp::kSpectral) make_spectrum_tables();
  if (config.normalise == "data") {
    centre_ = config.centre;
    factor_ = inverses(config.spread);
  }
  device_.centre = centre_.empty() ? nullptr : centre_.data();
  device_.factor = factor_.empty() ? nullptr : factor_.data();
}

void SeriesExtractor::make_spectrum_tables() {
  const int size = fft_size_of(config_.steps), lines = size / 2 - 1;
  double energy = 0;
  for (int n = 0; n < config_.steps; ++n) {
    window_.push_back(static_cast<float>(hann(n, config_.steps)));
    energy += std::pow(hann(n, config_.steps), 2);
  }
  for (int i = 0; i < size; ++i) {
    sine_.push_back(static_cast<float>(std::sin(2.0 * std::numbers::pi * i / size)));
  }
  reversed_.assign(static_cast<size_t>(size / 2), 0);
  for (int i = 1; i < size / 2; ++i) {
    reversed_[static_cast<size_t>(i)] =
        static_cast<uint16_t>(reversed_[static_cast<size_t>(i / 2)] / 2 + (i % 2) * size / 4);
  }
  for (int band = 0; band <= config_.bands; ++band) {
    band_edges_.push_back(static_cast<uint16_t>(1 + band * lines / config_.bands));
  }
  device_.bands = config_.bands;
  device_.fft_size = size;
  device_.power_scale = static_cast<float>(1 / energy);
  device_.window = window_.data();
  device_.sine = sine_.data();
  device_.reversed = reversed_.data();
  device_.band_edges = band_edges_.data();
}

std::array<int, 3> SeriesExtractor::shape() const {
  if (device_.kind == dsp::kRawSeries) return {device_.steps, device_.axes, 1};
  return {1, device_.axes * dsp::values_per_axis(device_), 1};
}

float SeriesExtractor::scale() const { return std::ldexp(1.0f, -dsp::kSeriesFractionBits); }

Result<void> SeriesExtractor::accepts(const samples::Signal& signal) const {
  const samples::Series& series = std::get<samples::Series>(signal);
  for (const std::string& axis : config_.axes) {
    if (std::find(series.axes.begin(), series.axes.end(), axis) != series.axes.end()) continue;
    const std::vector<std::string_view> known(series.axes.begin(), series.axes.end());
    return bad_setting("axes", "\"" + axis + "\"", "columns that the data have: " + base::join_words(known));
  }
  const double wanted = static_cast<double>(config_.rate_hz);
  if (wanted > 0 && series.rate_hz > 0 && std::abs(series.rate_hz - wanted) > kRateTolerance * wanted) {
    return bad_setting(
        "rate_hz", number_text(wanted),
        "the rate of the data, " + number_text(series.rate_hz) + " Hz; resample them, or change the setting");
  }
  return {};
}

std::vector<uint8_t> SeriesExtractor::sensor_bytes(const samples::Signal& signal) const {
  const std::vector<float> window = window_of(std::get<samples::Series>(signal), config_.axes, config_.steps);
  std::vector<uint8_t> bytes(window.size() * sizeof(float));
  if (!bytes.empty()) std::memcpy(bytes.data(), window.data(), bytes.size());
  return bytes;
}

std::vector<int16_t> SeriesExtractor::extract(const samples::Signal& signal) const {
  const std::vector<float> window = window_of(std::get<samples::Series>(signal), config_.axes, config_.steps);
  std::vector<float> scratch(dsp::scratch_bytes(device_) / sizeof(float));
  std::vector<int16_t> out(static_cast<size_t>(device_.axes * dsp::values_per_axis(device_)));
  dsp::extract(device_, reinterpret_cast<const uint8_t*>(window.data()),
               static_cast<uint32_t>(window.size() / config_.axes.size()), scratch.data(), out.data());
  return out;
}

std::vector<float> SeriesExtractor::reference(const samples::Signal& signal) const {
  return series_reference(config_, window_of(std::get<samples::Series>(signal), config_.axes, config_.steps),
                          band_edges_, device_.fft_size);
}

DeviceConstants SeriesExtractor::device_constants() const {
  const auto table = [](const auto& values) -> DeviceTable { return std::span(values); };
  const dsp::SeriesFeatures& f = device_;
  DeviceConstants constants{"SeriesFeatures",
                            "device/dsp/series_features.h",
                            "",
                            {{"kind", f.kind},
                             {"steps", f.steps},
                             {"axes", f.axes},
                             {"filter", f.filter},
                             {"b0", f.b0},
                             {"b1", f.b1},
                             {"b2", f.b2},
                             {"a1", f.a1},
                             {"a2", f.a2},
                             {"rest_gain", f.rest_gain},
                             {"by_window", f.by_window},
                             {"bands", f.bands},
                             {"fft_size", f.fft_size},
                             {"power_scale", f.power_scale},
                             {"centre", table(centre_)},
                             {"factor", table(factor_)},
                             {"window", table(window_)},
                             {"sine", table(sine_)},
                             {"reversed", table(reversed_)},
                             {"band_edges", table(band_edges_)}}};
  constants.sample_bytes = static_cast<uint32_t>(f.axes) * 4;
  constants.clip_samples = constants.fewest_samples = static_cast<uint32_t>(f.steps);
  constants.scratch_bytes = dsp::scratch_bytes(f);
  return constants;
}

std::string SeriesExtractor::fingerprint() const {
  std::string text = "series" + fingerprint_field("version", dsp::kSeriesFeaturesVersion) +
                     " block=" + config_.block + fingerprint_field("steps", config_.steps) +
                     " filter=" + config_.filter + " normalise=" + config_.normalise;
  if (device_.filter == dsp::kBiquad) {
    text += fingerprint_field("rate_hz", static_cast<double>(config_.rate_hz)) +
            fingerprint_field("cutoff_hz", static_cast<double>(config_.cutoff_hz));
  }
  if (device_.kind == dsp::kSpectral) text += fingerprint_field("bands", config_.bands);
  for (const std::string& axis : config_.axes) text += " axis=" + axis;
  for (const float value : centre_) text += fingerprint_field("centre", static_cast<double>(value));
  for (const float value : factor_) text += fingerprint_field("factor", static_cast<double>(value));
  return text;
}

}  // namespace tadpole::features
