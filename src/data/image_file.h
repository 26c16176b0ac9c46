// PNG and JPEG files to pictures of 8 bits a channel, and back to PNG.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "samples/sample.h"

namespace tadpole::data {

/// Largest picture that is read: 64 million pixels.
inline constexpr int64_t kMostPixels = int64_t{64} << 20;

/// Decodes PNG or JPEG, told apart by their first bytes. Grey pictures have one channel, all others three;
/// transparent parts lie on black; 16-bit values are rounded to 8; CMYK is turned to RGB. Same bits on every
/// machine for PNG; for JPEG the accurate integer transform of libjpeg-turbo. `name` is for messages. Fails:
/// image_not_image (shows the first bytes), image_damaged (with the library's words), image_unsupported.
Result<samples::Image> decode_image(std::span<const uint8_t> bytes, const std::string& name);

/// read_file, then decode_image.
Result<samples::Image> read_image(const std::string& path);

/// A PNG file in memory. Fails: internal, when the sizes do not fit the pixels.
Result<std::vector<uint8_t>> encode_png(const samples::Image& image);

}  // namespace tadpole::data
