#include "features/picture.h"

#include <algorithm>
#include <cmath>

namespace tadpole::features {
namespace {

uint8_t to_byte(double value) { return static_cast<uint8_t>(std::clamp(std::lround(value), 0L, 255L)); }

/// JFIF: full range.
struct Yuv {
  double y, u, v;
};
Yuv yuv_of(const uint8_t* rgb) {
  const double r = rgb[0], g = rgb[1], b = rgb[2], y = 0.299 * r + 0.587 * g + 0.114 * b;
  return {y, 128 + (b - y) / 1.772, 128 + (r - y) / 1.402};
}

void append_565(std::vector<uint8_t>& out, const uint8_t* rgb, bool swapped) {
  const int word = (rgb[0] >> 3) << 11 | (rgb[1] >> 2) << 5 | rgb[2] >> 3;
  out.push_back(static_cast<uint8_t>(swapped ? word >> 8 : word & 255));
  out.push_back(static_cast<uint8_t>(swapped ? word & 255 : word >> 8));
}

/// Colour that a Bayer filter lets through: 0 red, 1 green, 2 blue.
int bayer_colour(dsp::PixelFormat format, int x, int y) {
  constexpr int kTiles[4][4] = {{0, 1, 1, 2}, {2, 1, 1, 0}, {1, 0, 2, 1}, {1, 2, 0, 1}};
  return kTiles[format - dsp::kBayerRggb][2 * (y % 2) + x % 2];
}

}  // namespace

const std::vector<std::string_view>& pixel_format_names() {
  static const std::vector<std::string_view> names = {
      "grey", "rgb",        "rgb565",     "rgb565_swapped", "yuyv",
      "uyvy", "bayer_rggb", "bayer_bggr", "bayer_grbg",     "bayer_gbrg"};
  return names;
}

Cut cut_of(int from_width, int from_height, int width, int height, std::string_view fit) {
  if (fit == "stretch") return {0, 0, from_width, from_height};
  if (fit == "centre" && from_width >= width && from_height >= height) {
    return {(from_width - width) / 2, (from_height - height) / 2, width, height};
  }
  int cut_width = from_width, cut_height = from_height;
  if (int64_t{from_width} * height > int64_t{from_height} * width) {
    cut_width = std::max(1, static_cast<int>(int64_t{from_height} * width / height));
  } else {
    cut_height = std::max(1, static_cast<int>(int64_t{from_width} * height / width));
  }
  return {(from_width - cut_width) / 2, (from_height - cut_height) / 2, cut_width, cut_height};
}

std::vector<uint8_t> encode_pixels(const std::vector<uint8_t>& pixels, int width, int height,
                                   dsp::PixelFormat format) {
  std::vector<uint8_t> out;
  out.reserve(static_cast<size_t>(width) * static_cast<size_t>(height) *
              static_cast<size_t>(dsp::pixel_bytes(format)));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const uint8_t* const rgb =
          pixels.data() + 3 * (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x));
      if (format == dsp::kGrey8) {
        out.push_back(to_byte(yuv_of(rgb).y));
      } else if (format == dsp::kRgb888) {
        out.insert(out.end(), rgb, rgb + 3);
      } else if (format == dsp::kRgb565 || format == dsp::kRgb565Swapped) {
        append_565(out, rgb, format == dsp::kRgb565Swapped);
      } else if (format == dsp::kYuyv || format == dsp::kUyvy) {
        const Yuv own = yuv_of(rgb), other = yuv_of(x % 2 == 0 ? rgb + 3 : rgb - 3);
        const uint8_t luma = to_byte(own.y);
        const uint8_t chroma = to_byte(x % 2 == 0 ? (own.u + other.u) / 2 : (own.v + other.v) / 2);
        out.push_back(format == dsp::kYuyv ? luma : chroma);
        out.push_back(format == dsp::kYuyv ? chroma : luma);
      } else {
        out.push_back(rgb[bayer_colour(format, x, y)]);
      }
    }
  }
  return out;
}

}  // namespace tadpole::features
