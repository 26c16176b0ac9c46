// The report's colours and style sheet. Each colour is written once, for the light and the dark scheme; a
// test checks their contrast.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tadpole::evaluate {

struct Rgb {
  uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Rgb&) const = default;
};

/// A named colour: the CSS variable --name.
struct Colour {
  std::string_view name;
  uint32_t light, dark;  ///< 0xRRGGBB
};

/// Every colour of the page.
std::span<const Colour> palette();
Rgb rgb(uint32_t hex);
Rgb mix(Rgb from, Rgb to, double share);
/// Contrast ratio, 1 to 21. Source: WCAG 2.1, "relative luminance" and "contrast ratio".
double contrast(Rgb a, Rgb b);

/// Steps of the heat map's cells: CSS classes r0 to r10 (right answers) and w0 to w10 (wrong ones).
inline constexpr int kHeatSteps = 11;
struct HeatCell {
  Rgb background, ink;
};
/// step in [0, kHeatSteps).
HeatCell heat_cell(bool right, int step, bool dark);

/// The colour of a spectrogram's level, 0 (quiet, dark) to 255 (loud, bright); brightness rises steadily, so
/// it also prints in grey.
Rgb heat_level(int level);

/// The whole style sheet (style.cpp): both schemes, narrow screens, paper.
std::string style_sheet();

}  // namespace tadpole::evaluate
