// Pictures of any size as a board's camera would give them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "device/dsp/image_features.h"
#include "samples/sample.h"

namespace tadpole::features {

/// Names of dsp::PixelFormat's values, in their order: "grey", "rgb", "rgb565", "rgb565_swapped", "yuyv",
/// "uyvy", "bayer_rggb", "bayer_bggr", "bayer_grbg", "bayer_gbrg".
const std::vector<std::string_view>& pixel_format_names();

/// What part of a picture is used: x, y, width, height.
struct Cut {
  int x, y, width, height;
};

/// fit: "crop": the largest centred part with the shape width : height; "centre": the centred part of that
/// size, or as "crop" where the picture is smaller; "stretch": all of it.
Cut cut_of(int from_width, int from_height, int width, int height, std::string_view fit);

/// The bytes of a sensor of these sizes that sees `pixels`, RGB, row-major [height, width, 3]. 4:2:2: width
/// is even, and two neighbours share the mean of their colours. Bayer: one colour a pixel.
std::vector<uint8_t> encode_pixels(const std::vector<uint8_t>& pixels, int width, int height,
                                   dsp::PixelFormat format);

}  // namespace tadpole::features
