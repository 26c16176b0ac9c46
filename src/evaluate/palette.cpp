#include "evaluate/palette.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tadpole::evaluate {
namespace {

constexpr Colour kPalette[] = {
    {"page", 0xF4F7F6, 0x0D1412},   {"surface", 0xFFFFFF, 0x16201D},   {"sunken", 0xEDF2F0, 0x1E2A26},
    {"line", 0xD5DEDA, 0x2D3B36},   {"ink", 0x13201B, 0xE9F0ED},       {"muted", 0x4C5B55, 0xA5B6AF},
    {"accent", 0x0A6B5B, 0x58D6BA}, {"warn-back", 0xFFF3D6, 0x33290D}, {"warn-ink", 0x6A4200, 0xFFDB8F},
    {"bad", 0xB42318, 0xFF9485},    {"c1", 0x1B6CB0, 0x72B6F5},        {"c2", 0xB8560A, 0xF6A854},
    {"c3", 0x0B7A5E, 0x4FD1A5},     {"c4", 0x7549B8, 0xBB9AF6},        {"c5", 0xB02E79, 0xF58FC3},
    {"c6", 0x64736C, 0x92A39B},     {"right", 0x0B7A5E, 0x3CBF98},     {"wrong", 0xC8460F, 0xF0894A},
};

Rgb named(std::string_view name, bool dark) {
  for (const Colour& colour : kPalette) {
    if (colour.name == name) return rgb(dark ? colour.dark : colour.light);
  }
  return {};
}

double luminance(Rgb colour) {
  const auto linear = [](int part) {
    const double value = part / 255.0;
    return value <= 0.03928 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue);
}

}  // namespace

std::span<const Colour> palette() { return kPalette; }

Rgb rgb(uint32_t hex) {
  return {static_cast<uint8_t>(hex >> 16), static_cast<uint8_t>(hex >> 8), static_cast<uint8_t>(hex)};
}

Rgb mix(Rgb from, Rgb to, double share) {
  const auto part = [&](int a, int b) { return static_cast<uint8_t>(std::lround(a + (b - a) * share)); };
  return {part(from.red, to.red), part(from.green, to.green), part(from.blue, to.blue)};
}

double contrast(Rgb a, Rgb b) {
  const double la = luminance(a), lb = luminance(b);
  return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

HeatCell heat_cell(bool right, int step, bool dark) {
  // Even the faintest step differs from an empty cell; the strongest stops short of the pure colour.
  const double share = 0.10 + 0.88 * step / (kHeatSteps - 1);
  const Rgb background = mix(named("surface", dark), named(right ? "right" : "wrong", dark), share);
  const Rgb black = {0, 0, 0}, white = {255, 255, 255};
  return {background, contrast(background, black) > contrast(background, white) ? black : white};
}

Rgb heat_level(int level) {
  static constexpr std::array<uint32_t, 6> kStops = {0x0B1030, 0x1C3A6B, 0x12707C,
                                                     0x2FA86F, 0xA8D04C, 0xFFF6B0};
  const double at = std::clamp(level, 0, 255) / 255.0 * (kStops.size() - 1);
  const size_t stop = std::min<size_t>(static_cast<size_t>(at), kStops.size() - 2);
  return mix(rgb(kStops[stop]), rgb(kStops[stop + 1]), at - static_cast<double>(stop));
}

}  // namespace tadpole::evaluate
