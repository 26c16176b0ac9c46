// Pictures: every pixel format, cutting and resizing against the judge.
#include <gmock/gmock.h>

#include "base/rng.h"
#include "features/picture.h"
#include "tests/unit/features/blocks.h"

namespace tadpole::features {
namespace {

using testing::Each;
using testing::HasSubstr;

samples::Image random_picture(int width, int height, int channels, uint64_t seed) {
  Rng rng(seed);
  samples::Image image{width, height, channels, {}};
  for (int i = 0; i < width * height * channels; ++i)
    image.pixels.push_back(static_cast<uint8_t>(rng.below(256)));
  return image;
}

FeatureConfig picture(int width, int height, const std::string& colour = "grey") {
  FeatureConfig config = default_config("image");
  config.width = width;
  config.height = height;
  config.colour = colour;
  return config;
}

TEST(Image, of_the_wanted_size_is_its_pixels_minus_128) {
  const FeatureBlock block = made(picture(12, 7));
  EXPECT_EQ(block.kind(), SignalKind::image);
  EXPECT_EQ(block.shape(), (std::array<int, 3>{7, 12, 1}));
  EXPECT_EQ(block.scale(), 1.0f / 128);
  const samples::Image image = random_picture(12, 7, 1, 1);
  const std::vector<int16_t> found = block.extract(image);
  for (size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], image.pixels[i] - 128);
}

TEST(Image, unit_pixels_are_shares_of_255) {
  FeatureConfig config = picture(4, 4, "rgb");
  config.pixels = "unit";
  const FeatureBlock block = made(config);
  const samples::Image image = random_picture(4, 4, 3, 1);
  EXPECT_EQ(block.extract(image), (std::vector<int16_t>(image.pixels.begin(), image.pixels.end())));
  EXPECT_EQ(block.scale(), 1.0f / 255);
  // As the int8 input of a model with that scale: pixel - 128, exactly.
  const std::vector<int8_t> quantised =
      quantise_features(block.extract(image), block.scale(), 1.0f / 255, -128);
  for (size_t i = 0; i < quantised.size(); ++i) ASSERT_EQ(quantised[i], image.pixels[i] - 128);
}

TEST(Image, crop_takes_the_largest_centred_part_of_the_shape) {
  const Cut wide = cut_of(176, 144, 96, 96, "crop");
  EXPECT_EQ((std::array{wide.x, wide.y, wide.width, wide.height}), (std::array{16, 0, 144, 144}));
  const Cut centre = cut_of(176, 144, 96, 96, "centre");
  EXPECT_EQ((std::array{centre.x, centre.y, centre.width, centre.height}), (std::array{40, 24, 96, 96}));
  const Cut tall = cut_of(100, 300, 20, 10, "crop");
  EXPECT_EQ((std::array{tall.x, tall.y, tall.width, tall.height}), (std::array{0, 125, 100, 50}));
  const Cut small = cut_of(8, 4, 96, 96, "centre");
  EXPECT_EQ((std::array{small.x, small.y, small.width, small.height}), (std::array{2, 0, 4, 4}));
  const Cut all = cut_of(8, 4, 96, 96, "stretch");
  EXPECT_EQ((std::array{all.x, all.y, all.width, all.height}), (std::array{0, 0, 8, 4}));
  const Cut line = cut_of(1, 1000, 1000, 1, "crop");
  EXPECT_EQ((std::array{line.width, line.height}), (std::array{1, 1}));
}

TEST(Image, area_of_a_half_is_the_mean_of_four) {
  const FeatureBlock block = made(picture(1, 1));
  EXPECT_EQ(block.extract(samples::Image{2, 2, 1, {10, 20, 30, 41}})[0], 25 - 128);  // 25.25
  EXPECT_EQ(block.extract(samples::Image{2, 2, 1, {10, 20, 30, 42}})[0], 26 - 128);  // 25.5, halves go up
}

struct Case {
  std::string format, colour, resize, fit;
};

class Formats : public testing::TestWithParam<std::string> {};

// Decoding rounds a colour by up to half a step, the luma weights (sum 256) by up to 0.6, and the result
// again: 1.6 of 256 steps at most.
TEST_P(Formats, every_way_of_resizing_stays_within_two_steps_of_the_judge) {
  for (const char* colour : {"grey", "rgb"}) {
    for (const char* resize : {"area", "bilinear"}) {
      for (const char* fit : {"crop", "centre", "stretch"}) {
        for (const auto& [width, height] : {std::pair{10, 6}, {24, 18}, {31, 40}}) {
          FeatureConfig config = picture(width, height, colour);
          config.resize = resize;
          config.fit = fit;
          config.sensor_width = 26;
          config.sensor_height = 20;
          config.sensor_format = GetParam();
          const FeatureBlock block = made(config);
          JudgedError error;
          error.add(block, random_picture(33, 29, 3, 5));
          EXPECT_LE(error.max * 128, 1.6) << colour << " " << resize << " " << fit << " " << width;
        }
      }
    }
  }
}

TEST_P(Formats, a_picture_of_one_colour_stays_that_colour) {
  FeatureConfig config = picture(9, 9, "rgb");
  config.sensor_width = 16;
  config.sensor_height = 12;
  config.sensor_format = GetParam();
  const FeatureBlock block = made(config);
  for (const auto& rgb : {std::array<int, 3>{255, 255, 255}, {0, 0, 0}, {200, 40, 90}}) {
    samples::Image image{20, 20, 3, {}};
    for (int i = 0; i < 400; ++i) {
      for (const int value : rgb) image.pixels.push_back(static_cast<uint8_t>(value));
    }
    const std::vector<int16_t> found = block.extract(image);
    const int luma = (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000;
    for (size_t i = 0; i < found.size(); ++i) {
      const int expected = (GetParam() == "grey" ? luma : rgb[i % 3]) - 128;
      ASSERT_NEAR(found[i], expected, 8) << i;  // 5 bits of red and blue: steps of 8
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Pixels, Formats,
                         testing::Values("grey", "rgb", "rgb565", "rgb565_swapped", "yuyv", "uyvy",
                                         "bayer_rggb", "bayer_bggr", "bayer_grbg", "bayer_gbrg"));

TEST(Image, byte_order_of_565_is_what_its_name_says) {
  const std::vector<uint8_t> red(3 * 4, 0);
  std::vector<uint8_t> pixels = {255, 0, 0, 255, 0, 0};
  EXPECT_EQ(encode_pixels(pixels, 2, 1, dsp::kRgb565), (std::vector<uint8_t>{0x00, 0xf8, 0x00, 0xf8}));
  EXPECT_EQ(encode_pixels(pixels, 2, 1, dsp::kRgb565Swapped), (std::vector<uint8_t>{0xf8, 0x00, 0xf8, 0x00}));
}

TEST(Image, what_the_sensor_sends_gives_the_same_features_as_the_picture) {
  FeatureConfig config = picture(16, 16);
  config.sensor_width = 40;
  config.sensor_height = 30;
  config.sensor_format = "rgb565_swapped";
  const FeatureBlock block = made(config);
  const samples::Image image = random_picture(64, 48, 3, 9);
  EXPECT_EQ(block.sensor_bytes(image).size(), 40u * 30 * 2);
  EXPECT_EQ(block.device_constants().sample_bytes, 2u);
  EXPECT_EQ(block.device_constants().clip_samples, 1200u);
}

TEST(Image, refuses_what_cannot_be_by_name) {
  EXPECT_THAT(refused(picture(0, 5)), HasSubstr("[features] width = 0: needs 1 to 1024 pixels"));
  FeatureConfig config = picture(8, 8, "cmyk");
  EXPECT_THAT(refused(config), HasSubstr("colour = \"cmyk\": needs one of grey and rgb"));
  config = picture(8, 8);
  config.sensor_width = 10;
  EXPECT_THAT(refused(config), HasSubstr("sensor_height = 0"));
  config.sensor_width = config.sensor_height = 9;
  config.sensor_format = "yuyv";
  EXPECT_THAT(refused(config), HasSubstr("sensor_width = 9: needs an even number"));
  const FeatureBlock block = made(picture(8, 8));
  EXPECT_FALSE(block.accepts(samples::Image{4, 4, 2, std::vector<uint8_t>(32)}).ok());
  EXPECT_FALSE(block.accepts(samples::Image{4, 4, 1, std::vector<uint8_t>(15)}).ok());
  EXPECT_FALSE(block.accepts(samples::Image{0, 4, 1, {}}).ok());
  EXPECT_THAT(block.extract(samples::Image{4, 4, 1, {}}), Each(0));
}

}  // namespace
}  // namespace tadpole::features
