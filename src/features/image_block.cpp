// image: settings, the stand-in for the camera, and the formula in floating point.
#include "features/image_block.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "features/picture.h"

namespace tadpole::features {
namespace {

/// The whole of a picture to another size, with the device's code and nothing taken away.
std::vector<uint8_t> resized(const samples::Image& image, const Cut& cut, int width, int height,
                             const std::string& method) {
  const dsp::ImageFeatures f = {image.width,
                                image.height,
                                image.channels == 1 ? dsp::kGrey8 : dsp::kRgb888,
                                cut.x,
                                cut.y,
                                cut.width,
                                cut.height,
                                width,
                                height,
                                3,
                                method == "bilinear" ? dsp::kBilinear : dsp::kArea,
                                0};
  std::vector<int16_t> values(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  dsp::extract(f, image.pixels.data(), static_cast<uint32_t>(image.width * image.height), nullptr,
               values.data());
  return {values.begin(), values.end()};
}

/// A pixel of the sensor in floating point: what the integers of the device round.
struct ExactSource {
  const dsp::ImageFeatures& f;
  const std::vector<uint8_t>& bytes;

  const uint8_t* at(int x, int y) const {
    return bytes.data() +
           static_cast<size_t>(y * f.in_width + x) * static_cast<size_t>(dsp::pixel_bytes(f.format));
  }

  std::array<double, 3> colour(int x, int y) const {
    const uint8_t* const p = at(x, y);
    switch (f.format) {
      case dsp::kGrey8:
        return {double(p[0]), double(p[0]), double(p[0])};
      case dsp::kRgb888:
        return {double(p[0]), double(p[1]), double(p[2])};
      case dsp::kRgb565:
      case dsp::kRgb565Swapped: {
        const bool swapped = f.format == dsp::kRgb565Swapped;
        const int word = p[swapped ? 0 : 1] << 8 | p[swapped ? 1 : 0];
        return {(word >> 11) * 255 / 31.0, (word >> 5 & 63) * 255 / 63.0, (word & 31) * 255 / 31.0};
      }
      case dsp::kYuyv:
      case dsp::kUyvy: {
        const int luma_at = f.format == dsp::kYuyv ? 0 : 1;
        const uint8_t* const pair = at(x & ~1, y);
        const double luma = p[luma_at], u = pair[1 - luma_at] - 128.0, v = pair[3 - luma_at] - 128.0;
        const auto bounded = [](double value) { return std::clamp(value, 0.0, 255.0); };
        return {bounded(luma + 1.402 * v), bounded(luma - 0.344136 * u - 0.714136 * v),
                bounded(luma + 1.772 * u)};
      }
      default:
        return bayer(x, y);
    }
  }

  std::array<double, 3> bayer(int x, int y) const {
    // Which colour stands where, as in the format's name.
    static constexpr const char* kTiles[] = {"rggb", "bggr", "grbg", "gbrg"};
    const char* const tile = kTiles[f.format - dsp::kBayerRggb];
    const auto letter = [&](int u, int v) { return tile[2 * (v & 1) + (u & 1)]; };
    std::array<double, 3> colours{};
    constexpr char kLetters[] = {'r', 'g', 'b'};
    for (size_t i = 0; i < 3; ++i) {
      double sum = 0, count = 0;
      for (int v = std::max(0, y - 1); v <= std::min(f.in_height - 1, y + 1); ++v) {
        for (int u = std::max(0, x - 1); u <= std::min(f.in_width - 1, x + 1); ++u) {
          if (letter(u, v) != kLetters[i] || (letter(x, y) == kLetters[i] && (u != x || v != y))) continue;
          sum += *at(u, v);
          ++count;
        }
      }
      colours[i] = count > 0 ? sum / count : *at(x, y);
    }
    return colours;
  }

  double channel(int x, int y, int c) const {
    if (f.channels == 3) return colour(x, y)[static_cast<size_t>(c)];
    if (f.format == dsp::kYuyv || f.format == dsp::kUyvy) return at(x, y)[f.format == dsp::kYuyv ? 0 : 1];
    const auto [r, g, b] = colour(x, y);
    return 0.299 * r + 0.587 * g + 0.114 * b;
  }
};

/// Weight of source pixel `j` in new pixel `i`.
double weight(int i, int j, int from, int to, bool bilinear) {
  const double ratio = static_cast<double>(from) / to;
  if (bilinear) {
    const double place = std::clamp((i + 0.5) * ratio - 0.5, 0.0, from - 1.0);
    return std::max(0.0, 1.0 - std::abs(place - j));
  }
  return std::max(0.0, std::min((i + 1) * ratio, j + 1.0) - std::max(i * ratio, double(j))) / ratio;
}

}  // namespace

Result<std::shared_ptr<const Extractor>> ImageExtractor::create(const FeatureConfig& config) {
  TADPOLE_CHECK(check_range("width", config.width, 1, 1024, " pixels"));
  TADPOLE_CHECK(check_range("height", config.height, 1, 1024, " pixels"));
  TADPOLE_CHECK(check_choice("colour", config.colour, {"grey", "rgb"}));
  TADPOLE_CHECK(check_choice("fit", config.fit, {"crop", "centre", "stretch"}));
  TADPOLE_CHECK(check_choice("resize", config.resize, {"area", "bilinear"}));
  TADPOLE_CHECK(check_choice("pixels", config.pixels, {"centred", "unit"}));
  if (!config.sensor_format.empty()) {
    TADPOLE_CHECK(check_choice("sensor_format", config.sensor_format, pixel_format_names()));
  }
  if ((config.sensor_width == 0) != (config.sensor_height == 0)) {
    return bad_setting(config.sensor_width == 0 ? "sensor_width" : "sensor_height", "0",
                       "a number, as the other one of the two has, or both 0");
  }
  TADPOLE_CHECK(check_range("sensor_width", config.sensor_width, 0, 2048, " pixels"));
  TADPOLE_CHECK(check_range("sensor_height", config.sensor_height, 0, 2048, " pixels"));
  const int width = config.sensor_width > 0 ? config.sensor_width : config.width;
  if (width % 2 != 0 && (config.sensor_format == "yuyv" || config.sensor_format == "uyvy")) {
    return bad_setting("sensor_width", std::to_string(width), "an even number with " + config.sensor_format);
  }
  return std::shared_ptr<const Extractor>(new ImageExtractor(config));
}

ImageExtractor::ImageExtractor(const FeatureConfig& config) : config_(config) {
  device_.in_width = config.sensor_width > 0 ? config.sensor_width : config.width;
  device_.in_height = config.sensor_height > 0 ? config.sensor_height : config.height;
  device_.channels = config.colour == "grey" ? 1 : 3;
  const auto& names = pixel_format_names();
  const auto named = std::find(names.begin(), names.end(), config.sensor_format);
  device_.format = named != names.end()    ? static_cast<int32_t>(named - names.begin())
                   : device_.channels == 1 ? dsp::kGrey8
                                           : dsp::kRgb888;
  const Cut cut = cut_of(device_.in_width, device_.in_height, config.width, config.height, config.fit);
  device_.cut_x = cut.x;
  device_.cut_y = cut.y;
  device_.cut_width = cut.width;
  device_.cut_height = cut.height;
  device_.width = config.width;
  device_.height = config.height;
  device_.method = config.resize == "bilinear" ? dsp::kBilinear : dsp::kArea;
  device_.offset = config.pixels == "unit" ? 0 : 128;
}

float ImageExtractor::scale() const { return config_.pixels == "unit" ? 1.0f / 255.0f : 1.0f / 128.0f; }

Result<void> ImageExtractor::accepts(const samples::Signal& signal) const {
  const samples::Image& image = std::get<samples::Image>(signal);
  const int64_t pixels = int64_t{image.width} * image.height;
  if (image.width > 0 && image.height > 0 && pixels <= dsp::kMaxCutPixels &&
      (image.channels == 1 || image.channels == 3) &&
      image.pixels.size() == static_cast<size_t>(pixels * image.channels)) {
    return {};
  }
  return Error{Code::features_bad_setting,
               "this picture has " + std::to_string(image.width) + " x " + std::to_string(image.height) +
                   " pixels of " + std::to_string(image.channels) + " channels in " +
                   std::to_string(image.pixels.size()) +
                   " bytes; needs 1 or 3 channels of a byte each and at most " +
                   base::with_commas(dsp::kMaxCutPixels) + " pixels. Make it smaller."};
}

std::vector<uint8_t> ImageExtractor::sensor_bytes(const samples::Signal& signal) const {
  const samples::Image& image = std::get<samples::Image>(signal);
  const bool camera = config_.sensor_width > 0;
  // A camera sees as much as its shape allows; without one this step is the whole way.
  const Cut cut =
      cut_of(image.width, image.height, device_.in_width, device_.in_height, camera ? "crop" : config_.fit);
  const std::vector<uint8_t> rgb =
      resized(image, cut, device_.in_width, device_.in_height, camera ? "area" : config_.resize);
  return encode_pixels(rgb, device_.in_width, device_.in_height,
                       static_cast<dsp::PixelFormat>(device_.format));
}

std::vector<int16_t> ImageExtractor::extract(const samples::Signal& signal) const {
  const std::vector<uint8_t> bytes = sensor_bytes(signal);
  std::vector<int16_t> out(static_cast<size_t>(device_.width * device_.height * device_.channels));
  dsp::extract(device_, bytes.data(), static_cast<uint32_t>(device_.in_width * device_.in_height), nullptr,
               out.data());
  return out;
}

std::vector<float> ImageExtractor::reference(const samples::Signal& signal) const {
  const std::vector<uint8_t> bytes = sensor_bytes(signal);
  const ExactSource source{device_, bytes};
  const bool bilinear = device_.method == dsp::kBilinear;
  std::vector<float> out;
  for (int y = 0; y < device_.height; ++y) {
    for (int x = 0; x < device_.width; ++x) {
      for (int c = 0; c < device_.channels; ++c) {
        double sum = 0;
        for (int v = 0; v < device_.cut_height; ++v) {
          const double row = weight(y, v, device_.cut_height, device_.height, bilinear);
          if (row <= 0) continue;
          for (int u = 0; u < device_.cut_width; ++u) {
            const double column = weight(x, u, device_.cut_width, device_.width, bilinear);
            if (column > 0) sum += row * column * source.channel(device_.cut_x + u, device_.cut_y + v, c);
          }
        }
        out.push_back(static_cast<float>(sum - device_.offset) * scale());
      }
    }
  }
  return out;
}

DeviceConstants ImageExtractor::device_constants() const {
  const dsp::ImageFeatures& f = device_;
  DeviceConstants constants{"ImageFeatures",
                            "device/dsp/image_features.h",
                            "",
                            {{"in_width", f.in_width},
                             {"in_height", f.in_height},
                             {"format", f.format},
                             {"cut_x", f.cut_x},
                             {"cut_y", f.cut_y},
                             {"cut_width", f.cut_width},
                             {"cut_height", f.cut_height},
                             {"width", f.width},
                             {"height", f.height},
                             {"channels", f.channels},
                             {"method", f.method},
                             {"offset", f.offset}}};
  constants.sample_bytes = static_cast<uint32_t>(dsp::pixel_bytes(f.format));
  constants.clip_samples = constants.fewest_samples = static_cast<uint32_t>(f.in_width * f.in_height);
  constants.rows = static_cast<uint32_t>(f.height);
  return constants;
}

std::string ImageExtractor::fingerprint() const {
  return "image" + fingerprint_field("version", dsp::kImageFeaturesVersion) +
         fingerprint_field("width", config_.width) + fingerprint_field("height", config_.height) +
         " colour=" + config_.colour + " fit=" + config_.fit + " resize=" + config_.resize +
         " pixels=" + config_.pixels + fingerprint_field("sensor_width", config_.sensor_width) +
         fingerprint_field("sensor_height", config_.sensor_height) +
         " sensor_format=" + config_.sensor_format;
}

}  // namespace tadpole::features
