// Places carry 8 fraction bits. A line is walked pixel by pixel along its longer side.
#include "device/dsp/stroke_features.h"

namespace tadpole {
namespace dsp {
namespace {

constexpr int32_t kOne = 256;  // a pixel
/// Farther outside nothing is seen; it keeps the walk short and the products small.
constexpr float kFarthest = 4.0f * kMaxStrokeSide;

struct Place {
  int32_t x, y;
};

bool is_number(float value) { return value - value == 0.0f; }

/// round(value * 256), halves away from zero, of a value within kFarthest.
int32_t to_fixed(float value) {
  const float bounded = value < -kFarthest ? -kFarthest : value > kFarthest ? kFarthest : value;
  const float scaled = bounded * static_cast<float>(kOne);
  return static_cast<int32_t>(scaled < 0 ? scaled - 0.5f : scaled + 0.5f);
}

Place place_of(const StrokeFeatures& f, const float* point) {
  return {f.width * (kOne / 2) + to_fixed(point[0] * f.columns_per_unit),
          f.height * (kOne / 2) - to_fixed(point[1] * f.rows_per_unit)};
}

void put(const StrokeFeatures& f, int32_t x, int32_t y, int32_t along, int16_t* out) {
  const int32_t column = x >> 8, row = y >> 8;
  if (column < 0 || column >= f.width || row < 0 || row >= f.height) return;
  int16_t* const pixel = out + (row * f.width + column) * kStrokeChannels;
  // along: 0 at the first point, 512 at the last.
  const int32_t second = along < 256 ? along : 512 - along;  // green
  const int32_t green = second > 255 ? 255 : second;
  pixel[0] = static_cast<int16_t>((along < 256 ? 255 - green : 0) - 128);
  pixel[1] = static_cast<int16_t>(green - 128);
  pixel[2] = static_cast<int16_t>((along < 256 ? 0 : 255 - green) - 128);
}

inline int32_t size_of(int32_t value) { return value < 0 ? -value : value; }

void draw_line(const StrokeFeatures& f, Place from, Place to, int32_t along, int16_t* out) {
  const int32_t dx = to.x - from.x, dy = to.y - from.y;
  const int32_t longer = size_of(dx) > size_of(dy) ? size_of(dx) : size_of(dy);
  const int32_t steps = (longer + kOne - 1) / kOne;  // at most one pixel each
  for (int32_t i = 0; i <= steps; ++i) {
    // steps is at most 2^12 and a difference at most 2^20: the product needs 64 bits.
    const auto part = [=](int32_t whole) {
      return steps == 0 ? 0 : static_cast<int32_t>(static_cast<int64_t>(whole) * i / steps);
    };
    put(f, from.x + part(dx), from.y + part(dy), along, out);
  }
}

}  // namespace

void extract(const StrokeFeatures& features, const uint8_t* samples, uint32_t count_of_points, void*,
             int16_t* out) {
  const float* const points = static_cast<const float*>(static_cast<const void*>(samples));
  const int32_t count = static_cast<int32_t>(count_of_points);
  const int32_t size = features.width * features.height * kStrokeChannels;
  for (int32_t i = 0; i < size; ++i) out[i] = -128;
  bool first = true;
  Place before = {0, 0};
  for (int32_t i = 0; i < count; ++i) {
    const float* const point = points + 2 * i;
    if (!is_number(point[0]) || !is_number(point[1])) continue;
    const Place here = place_of(features, point);
    const int32_t along = count > 1 ? i * 512 / (count - 1) : 0;
    draw_line(features, first ? here : before, here, along, out);
    before = here;
    first = false;
  }
}

}  // namespace dsp
}  // namespace tadpole
