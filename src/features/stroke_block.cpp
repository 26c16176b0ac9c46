// stroke: settings, and the formula in floating point.
#include "features/stroke_block.h"

#include <cmath>
#include <cstring>

namespace tadpole::features {
namespace {

/// What a board keeps of one stroke; a longer one is thinned out.
constexpr int kMostPoints = 320;

}  // namespace

Result<std::shared_ptr<const Extractor>> StrokeExtractor::create(const FeatureConfig& config) {
  TADPOLE_CHECK(check_range("width", config.width, 4, dsp::kMaxStrokeSide, " pixels"));
  TADPOLE_CHECK(check_range("height", config.height, 4, dsp::kMaxStrokeSide, " pixels"));
  TADPOLE_CHECK(check_range("stroke_range", config.stroke_range, 1e-6, 1e6, ""));
  return std::shared_ptr<const Extractor>(new StrokeExtractor(config));
}

StrokeExtractor::StrokeExtractor(const FeatureConfig& config) : config_(config) {
  device_ = {config.width, config.height, static_cast<float>(config.width) / (2 * config.stroke_range),
             static_cast<float>(config.height) / (2 * config.stroke_range), kMostPoints};
}

Result<void> StrokeExtractor::accepts(const samples::Signal& signal) const {
  if (!std::get<samples::Stroke>(signal).points.empty()) return {};
  return Error{Code::features_bad_setting, "this stroke has no points; needs at least one. Leave it out."};
}

std::vector<uint8_t> StrokeExtractor::sensor_bytes(const samples::Signal& signal) const {
  const auto& points = std::get<samples::Stroke>(signal).points;
  const size_t count = std::min(points.size(), size_t{kMostPoints});
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < count; ++i) {
    // Evenly, with the first and the last point.
    const size_t at = points.size() <= count ? i : i * (points.size() - 1) / (count - 1);
    uint8_t pair[8];
    std::memcpy(pair, points[at].data(), sizeof(pair));
    bytes.insert(bytes.end(), pair, pair + sizeof(pair));
  }
  return bytes;
}

std::vector<int16_t> StrokeExtractor::extract(const samples::Signal& signal) const {
  const std::vector<uint8_t> bytes = sensor_bytes(signal);
  std::vector<float> points(bytes.size() / sizeof(float));  // aligned
  std::memcpy(points.data(), bytes.data(), bytes.size());
  std::vector<int16_t> out(static_cast<size_t>(device_.width * device_.height * dsp::kStrokeChannels));
  dsp::extract(device_, reinterpret_cast<const uint8_t*>(points.data()),
               static_cast<uint32_t>(points.size() / 2), nullptr, out.data());
  return out;
}

std::vector<float> StrokeExtractor::reference(const samples::Signal& signal) const {
  const std::vector<uint8_t> bytes = sensor_bytes(signal);
  std::vector<std::array<float, 2>> points(bytes.size() / 8);
  std::memcpy(points.data(), bytes.data(), bytes.size());
  std::vector<float> out(static_cast<size_t>(device_.width * device_.height * dsp::kStrokeChannels), -1.0f);
  for (size_t i = 0; i < points.size(); ++i) {
    const auto column = [&](size_t p) {
      return device_.width / 2.0 + points[p][0] * double{device_.columns_per_unit};
    };
    const auto row = [&](size_t p) {
      return device_.height / 2.0 - points[p][1] * double{device_.rows_per_unit};
    };
    const size_t from = i > 0 ? i - 1 : 0;
    const double dx = column(i) - column(from), dy = row(i) - row(from);
    const int steps = static_cast<int>(std::ceil(std::max(std::abs(dx), std::abs(dy))));
    const double t =
        points.size() > 1 ? 2.0 * static_cast<double>(i) / static_cast<double>(points.size() - 1) : 0;
    const double colours[3] = {std::max(0.0, 1 - t), t < 1 ? t : 2 - t, std::max(0.0, t - 1)};
    for (int step = 0; step <= steps; ++step) {
      const double part = steps == 0 ? 0 : static_cast<double>(step) / steps;
      const double x = std::floor(column(from) + part * dx), y = std::floor(row(from) + part * dy);
      if (x < 0 || y < 0 || x >= device_.width || y >= device_.height) continue;
      for (size_t c = 0; c < 3; ++c) {
        out[(static_cast<size_t>(y) * static_cast<size_t>(device_.width) + static_cast<size_t>(x)) * 3 + c] =
            static_cast<float>(255 * colours[c] - 128) * scale();
      }
    }
  }
  return out;
}

DeviceConstants StrokeExtractor::device_constants() const {
  const dsp::StrokeFeatures& f = device_;
  DeviceConstants constants{"StrokeFeatures",
                            "device/dsp/stroke_features.h",
                            "",
                            {{"width", f.width},
                             {"height", f.height},
                             {"columns_per_unit", f.columns_per_unit},
                             {"rows_per_unit", f.rows_per_unit},
                             {"most_points", f.most_points}}};
  constants.sample_bytes = 8;
  constants.clip_samples = kMostPoints;
  constants.fewest_samples = 1;
  return constants;
}

std::string StrokeExtractor::fingerprint() const {
  return "stroke" + fingerprint_field("version", dsp::kStrokeFeaturesVersion) +
         fingerprint_field("width", config_.width) + fingerprint_field("height", config_.height) +
         fingerprint_field("stroke_range", config_.stroke_range);
}

}  // namespace tadpole::features
