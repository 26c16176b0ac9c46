// A camera's picture to the pixels that a network sees: any common pixel format, cut, resized and centred in
// integers. Board and host compile this same source. Formulas and error: docs/formats/features.md.
#ifndef TADPOLE_DEVICE_DSP_IMAGE_FEATURES_H_
#define TADPOLE_DEVICE_DSP_IMAGE_FEATURES_H_

#include <stdint.h>

namespace tadpole {
namespace dsp {

/// Raised whenever the same picture would give other features.
constexpr int32_t kImageFeaturesVersion = 1;

/// How a pixel lies in memory.
enum PixelFormat : int32_t {
  kGrey8 = 0,
  kRgb888 = 1,
  kRgb565 = 2,         // 16-bit words, low byte first
  kRgb565Swapped = 3,  // high byte first, as an OV7675 sends them
  kYuyv = 4,           // YUV 4:2:2: Y0 U Y1 V
  kUyvy = 5,           // YUV 4:2:2: U Y0 V Y1
  kBayerRggb = 6,      // one colour a pixel; the first two pixels of the first two rows
  kBayerBggr = 7,
  kBayerGrbg = 8,
  kBayerGbrg = 9,
};

/// Bytes of one pixel.
constexpr int32_t pixel_bytes(int32_t format) {
  return format == kRgb888 ? 3 : format >= kRgb565 && format <= kUyvy ? 2 : 1;
}

enum ResizeMethod : int32_t {
  kArea = 0,      // mean of what the new pixel covers
  kBilinear = 1,  // between the four nearest pixels; pixel centres at halves
};

/// The largest pictures: sums stay below 2^31.
constexpr int32_t kMaxCutPixels = 1 << 23;
constexpr int32_t kMaxImagePixels = 1 << 20;

/// Everything that defines one block; made by features::FeatureBlock.
struct ImageFeatures {
  int32_t in_width, in_height;                  // 4:2:2 needs an even width
  int32_t format;                               // a PixelFormat
  int32_t cut_x, cut_y, cut_width, cut_height;  // the part that is looked at; at most kMaxCutPixels
  int32_t width, height;                        // of the result; at most kMaxImagePixels
  int32_t channels;                             // 1: grey (BT.601 luma), 3: red, green, blue
  int32_t method;                               // a ResizeMethod
  int32_t offset;                               // a feature is the pixel's 0 to 255 minus this: 128 or 0
};

/// All features of one picture. pixels: [in_height, in_width] in the format. out: row-major [height, width,
/// channels]; with fewer pixels than a picture has, black. scratch: not used. Equal to exact arithmetic
/// rounded to nearest, halves up, on pixels of 8 bits. No heap; cost O(cut pixels + width * height).
void extract(const ImageFeatures& features, const uint8_t* pixels, uint32_t count, void* scratch,
             int16_t* out);
constexpr uint32_t scratch_bytes(const ImageFeatures&) { return 0; }
/// Rows [first_row, last_row) of the same, 0 <= first_row <= last_row <= height: for whoever has no room for
/// a whole picture of features. out: [last_row - first_row, width, channels].
void extract_rows(const ImageFeatures& features, const uint8_t* pixels, uint32_t count, int32_t first_row,
                  int32_t last_row, int16_t* out);

}  // namespace dsp
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_DSP_IMAGE_FEATURES_H_
