// A drawn line to a small picture of it, in fixed point; the colour runs along the line. Board and host
// compile this same source. Formula: docs/formats/features.md.
#ifndef TADPOLE_DEVICE_DSP_STROKE_FEATURES_H_
#define TADPOLE_DEVICE_DSP_STROKE_FEATURES_H_

#include <stdint.h>

namespace tadpole {
namespace dsp {

/// Raised whenever the same points would give other features.
constexpr int32_t kStrokeFeaturesVersion = 1;

constexpr int32_t kStrokeChannels = 3;  // red, green, blue
constexpr int32_t kMaxStrokeSide = 256;
constexpr int32_t kMaxStrokePoints = 4096;

/// Everything that defines one block; made by features::FeatureBlock.
struct StrokeFeatures {
  int32_t width, height;                  // of the picture, at most kMaxStrokeSide
  float columns_per_unit, rows_per_unit;  // pixels for one unit of the points
  int32_t most_points;                    // that a firmware keeps
};

/// The picture of `count` points (x, y), float32 pairs as they lie in memory, 4-byte aligned; (0, 0) is its
/// middle, y goes up. Lines are one pixel wide; what lies outside is not drawn; a later piece covers an
/// earlier one. The first point is red, the middle green, the last blue, mixed evenly between. out: row-major
/// [height, width, 3], the pixel's 0 to 255 minus 128; the ground is black. Points that are no numbers are
/// left out. scratch: not used. No heap.
void extract(const StrokeFeatures& features, const uint8_t* points, uint32_t count, void* scratch,
             int16_t* out);
constexpr uint32_t scratch_bytes(const StrokeFeatures&) { return 0; }

}  // namespace dsp
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_DSP_STROKE_FEATURES_H_
