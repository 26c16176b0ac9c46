// Drawn lines: where they land, in which colours, and that the judge draws the same.
#include <gmock/gmock.h>

#include <cstring>
#include <limits>

#include "base/rng.h"
#include "tests/unit/features/blocks.h"

namespace tadpole::features {
namespace {

using testing::HasSubstr;

struct Pixel {
  int r, g, b;
  bool operator==(const Pixel&) const = default;
};

Pixel at(const std::vector<int16_t>& picture, int x, int y) {
  const size_t i = static_cast<size_t>(y * 32 + x) * 3;
  return {picture[i] + 128, picture[i + 1] + 128, picture[i + 2] + 128};
}

TEST(Stroke, runs_from_red_over_green_to_blue_from_left_to_right) {
  const FeatureBlock block = made(default_config("stroke"));
  EXPECT_EQ(block.shape(), (std::array<int, 3>{32, 32, 3}));
  samples::Stroke stroke;
  for (int i = 0; i <= 64; ++i) stroke.points.push_back({-0.58f + 1.16f * static_cast<float>(i) / 64, 0.0f});
  const std::vector<int16_t> picture = block.extract(stroke);
  EXPECT_EQ(at(picture, 0, 16).b, 0);
  EXPECT_GT(at(picture, 0, 16).r, 230);
  EXPECT_GT(at(picture, 16, 16).g, 230);
  EXPECT_GT(at(picture, 31, 16).b, 230);
  EXPECT_EQ(at(picture, 31, 16).r, 0);
  EXPECT_EQ(at(picture, 5, 15), (Pixel{0, 0, 0}));
}

TEST(Stroke, goes_up_when_y_grows) {
  const FeatureBlock block = made(default_config("stroke"));
  const std::vector<int16_t> picture = block.extract(samples::Stroke{{{0.0f, 0.5f}}});
  EXPECT_EQ(at(picture, 16, 2), (Pixel{255, 0, 0}));
}

TEST(Stroke, outside_is_not_drawn_and_what_is_no_number_is_left_out) {
  const FeatureBlock block = made(default_config("stroke"));
  const std::vector<int16_t> empty(32 * 32 * 3, -128);
  EXPECT_EQ(block.extract(samples::Stroke{{{5.0f, 5.0f}, {9.0f, 7.0f}}}), empty);
  const float nan = std::numeric_limits<float>::quiet_NaN(), huge = 3e38f;
  EXPECT_EQ(block.extract(samples::Stroke{{{nan, 0.0f}}}), empty);
  EXPECT_NE(block.extract(samples::Stroke{{{-huge, 0.0f}, {huge, 0.0f}}}), empty);
}

// Places are rounded to 1/256 pixel: few points land in a neighbour, and there a whole colour differs.
TEST(Stroke, is_the_judges_picture_but_for_one_pixel_in_fifty) {
  const FeatureBlock block = made(default_config("stroke"));
  Rng rng(3);
  int different = 0, drawn = 0;
  for (int trial = 0; trial < 50; ++trial) {
    samples::Stroke stroke;
    float x = 0, y = 0;
    for (int i = 0; i < 100; ++i) {
      x += rng.uniform(-0.08f, 0.08f);
      y += rng.uniform(-0.08f, 0.08f);
      stroke.points.push_back({x, y});
    }
    const std::vector<int16_t> found = block.extract(stroke);
    const std::vector<float> expected = block.extract_reference(stroke);
    for (size_t i = 0; i < found.size(); i += 3) {
      bool differs = false, line = false;
      for (size_t c = i; c < i + 3; ++c) {
        // One step of colour for rounding, one for 512 instead of any number of colours.
        differs = differs || std::fabs(found[c] - 128 * expected[c]) > 2;
        line = line || found[c] > -128;
      }
      different += differs ? 1 : 0;
      drawn += line ? 1 : 0;
    }
  }
  EXPECT_GT(drawn, 1000);
  EXPECT_LT(different * 50, drawn);
}

TEST(Stroke, longer_than_a_board_keeps_is_thinned_out_from_end_to_end) {
  const FeatureBlock block = made(default_config("stroke"));
  samples::Stroke stroke;
  for (int i = 0; i < 5000; ++i) stroke.points.push_back({static_cast<float>(i) / 10000, 0.25f});
  const std::vector<uint8_t> bytes = block.sensor_bytes(stroke);
  EXPECT_EQ(bytes.size(), 320u * 8);
  EXPECT_EQ(std::memcmp(bytes.data(), stroke.points.front().data(), 8), 0);
  EXPECT_EQ(std::memcmp(bytes.data() + 319 * 8, stroke.points.back().data(), 8), 0);
}

TEST(Stroke, without_points_is_refused) {
  const FeatureBlock block = made(default_config("stroke"));
  const auto found = block.accepts(samples::Stroke{});
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.error().detail, HasSubstr("has no points"));
}

}  // namespace
}  // namespace tadpole::features
