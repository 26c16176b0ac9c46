// Variants of pictures, motion and strokes, rooms and voices: repeatable, and each change does what it says.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "samples/augment.h"
#include "samples/augment_image.h"
#include "samples/augment_motion.h"
#include "samples/augment_room.h"
#include "samples/turn.h"

namespace tadpole::samples {
namespace {

Image random_image(int width, int height, int channels, uint64_t seed = 1) {
  Rng rng(seed);
  Image image{width, height, channels, {}};
  for (int i = 0; i < width * height * channels; ++i)
    image.pixels.push_back(static_cast<uint8_t>(rng.below(256)));
  return image;
}

ImageAugment still() {
  ImageAugment none;
  none.flip_share = none.blur_share = none.cut_out_share = 0;
  none.rotate_degrees = none.shift_percent = none.zoom_percent = none.shear_percent = 0;
  none.brightness_percent = none.contrast_percent = none.colour_percent = none.noise_percent = 0;
  return none;
}

TEST(Turn, agrees_with_the_library_within_1e_9) {
  for (double degrees = -180; degrees <= 180; degrees += 7.5) {
    const Turn turn = turn_by(degrees);
    EXPECT_NEAR(turn.sine, std::sin(degrees * M_PI / 180), 1e-9);
    EXPECT_NEAR(turn.cosine, std::cos(degrees * M_PI / 180), 1e-9);
  }
}

TEST(AugmentImage, with_everything_off_the_picture_is_unchanged) {
  Rng rng(1);
  for (const int channels : {1, 3}) {
    const Image image = random_image(13, 9, channels);
    EXPECT_EQ(augment(image, still(), rng).pixels, image.pixels);
  }
}

TEST(AugmentImage, the_same_seed_gives_the_same_bits_and_variants_differ) {
  const Image image = random_image(16, 16, 3);
  std::set<std::vector<uint8_t>> distinct;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Rng first(seed), second(seed);
    const Image variant = augment(image, {}, first);
    EXPECT_EQ(variant.pixels, augment(image, {}, second).pixels);
    EXPECT_EQ(variant.pixels.size(), image.pixels.size());
    distinct.insert(variant.pixels);
  }
  EXPECT_EQ(distinct.size(), 20u);
}

TEST(AugmentImage, a_flip_mirrors_left_and_right) {
  const Image image = random_image(6, 4, 3);
  ImageAugment options = still();
  options.flip_share = 1;
  Rng rng(3);
  const Image flipped = augment(image, options, rng);
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 6; ++x)
      for (int c = 0; c < 3; ++c)
        ASSERT_EQ(flipped.pixels[static_cast<size_t>((y * 6 + x) * 3 + c)],
                  image.pixels[static_cast<size_t>((y * 6 + 5 - x) * 3 + c)]);
}

TEST(AugmentImage, a_turn_of_a_dot_moves_it_around_the_middle) {
  Image image{41, 41, 1, std::vector<uint8_t>(41 * 41)};
  image.pixels[20 * 41 + 36] = 255;  // 16 right of the middle
  ImageAugment options = still();
  options.rotate_degrees = 90;
  double low = 0, high = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Rng rng(seed);
    const Image turned = augment(image, options, rng);
    double mass = 0, right = 0, down = 0;
    for (int y = 0; y < 41; ++y) {
      for (int x = 0; x < 41; ++x) {
        const double value = turned.pixels[static_cast<size_t>(y * 41 + x)];
        mass += value;
        right += value * (x - 20);
        down += value * (y - 20);
      }
    }
    // The centre of mass of four neighbouring pixels: within a tenth of a pixel of the true place.
    EXPECT_NEAR(std::hypot(right / mass, down / mass), 16, 0.1);
    const double angle = std::atan2(down, right) * 180 / M_PI;
    low = std::min(low, angle);
    high = std::max(high, angle);
  }
  EXPECT_LT(low, -60);
  EXPECT_GT(high, 60);
  EXPECT_GE(low, -91);
  EXPECT_LE(high, 91);
}

TEST(AugmentImage, brightness_adds_and_contrast_keeps_the_mean) {
  const Image image{8, 8, 1, std::vector<uint8_t>(64, 100)};
  ImageAugment options = still();
  options.contrast_percent = 50;
  Rng rng(1);
  EXPECT_EQ(augment(image, options, rng).pixels, image.pixels) << "a grey picture has no contrast to change";
  options.brightness_percent = 20;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Rng one(seed);
    const int value = augment(image, options, one).pixels[0];
    EXPECT_GE(value, 100 - 51);
    EXPECT_LE(value, 100 + 51);
  }
}

TEST(AugmentImage, colour_leaves_grey_pictures_of_one_channel_alone) {
  const Image image = random_image(8, 8, 1);
  ImageAugment options = still();
  options.colour_percent = 100;
  Rng rng(5);
  EXPECT_EQ(augment(image, options, rng).pixels, image.pixels);
}

TEST(AugmentImage, a_hole_hides_no_more_than_its_share) {
  const Image image = random_image(20, 20, 1);
  ImageAugment options = still();
  options.cut_out_share = 1;
  options.cut_out_percent = 50;
  size_t most = 0;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Rng rng(seed);
    const Image cut = augment(image, options, rng);
    size_t changed = 0;
    for (size_t i = 0; i < 400; ++i) changed += cut.pixels[i] != image.pixels[i];
    EXPECT_LE(changed, 100u);
    most = std::max(most, changed);
  }
  EXPECT_GT(most, 30u);
}

Series random_series(int steps, int axes) {
  Rng rng(2);
  Series series;
  series.rate_hz = 100;
  for (int a = 0; a < axes; ++a) series.axes.push_back("axis " + std::to_string(a));
  for (int i = 0; i < steps * axes; ++i) series.values.push_back(rng.normal());
  return series;
}

SeriesAugment resting() { return {0, 0, 0, 0, 0}; }

TEST(AugmentSeries, with_everything_off_nothing_changes) {
  const Series series = random_series(50, 6);
  Rng rng(1);
  const Series same = augment(series, resting(), rng);
  for (size_t i = 0; i < series.values.size(); ++i) ASSERT_EQ(same.values[i], series.values[i]) << i;
}

TEST(AugmentSeries, a_turned_sensor_keeps_the_length_of_every_vector) {
  const Series series = random_series(50, 7);
  SeriesAugment options = resting();
  options.rotate_degrees = 90;
  Rng rng(4);
  const Series turned = augment(series, options, rng);
  bool moved = false;
  for (size_t t = 0; t < 50; ++t) {
    for (const size_t first : {size_t{0}, size_t{3}}) {
      double was = 0, is = 0;
      for (size_t k = 0; k < 3; ++k) {
        was += std::pow(series.values[t * 7 + first + k], 2);
        is += std::pow(turned.values[t * 7 + first + k], 2);
      }
      ASSERT_NEAR(is, was, 1e-5 * (1 + was));  // floats through three rotations
      moved = moved || std::abs(turned.values[t * 7 + first] - series.values[t * 7 + first]) > 0.1f;
    }
    ASSERT_EQ(turned.values[t * 7 + 6], series.values[t * 7 + 6]) << "the seventh axis is in no three";
  }
  EXPECT_TRUE(moved);
}

TEST(AugmentSeries, warped_time_never_runs_backwards_and_stays_inside) {
  Series ramp = random_series(100, 1);
  std::iota(ramp.values.begin(), ramp.values.end(), 0.0f);
  SeriesAugment options = resting();
  options.warp_percent = 40;
  options.shift_percent = 20;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Rng rng(seed);
    const Series warped = augment(ramp, options, rng);
    EXPECT_GE(warped.values.front(), 0);
    EXPECT_LE(warped.values.back(), 99);
    for (size_t i = 1; i < 100; ++i) ASSERT_GE(warped.values[i], warped.values[i - 1]);
  }
}

TEST(AugmentStroke, moves_scales_and_turns_within_its_extremes) {
  const Stroke square{{{0, 0}, {10, 0}, {10, 10}, {0, 10}}};
  std::set<float> sides;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Rng rng(seed), again(seed);
    const Stroke variant = augment(square, {}, rng);
    EXPECT_EQ(variant.points, augment(square, {}, again).points);
    double x = 0, y = 0;
    for (const auto& point : variant.points) {
      x += static_cast<double>(point[0]) / 4;
      y += static_cast<double>(point[1]) / 4;
    }
    EXPECT_LE(std::abs(x - 5), 1.001);
    EXPECT_LE(std::abs(y - 5), 1.001);
    const float side =
        std::hypot(variant.points[1][0] - variant.points[0][0], variant.points[1][1] - variant.points[0][1]);
    EXPECT_GE(side, 8.999f);
    EXPECT_LE(side, 11.001f);
    sides.insert(side);
  }
  EXPECT_GT(sides.size(), 20u);
}

std::vector<float> tone(double hz, size_t length = 16000) {
  std::vector<float> sound(length);
  for (size_t i = 0; i < length; ++i)
    sound[i] = 8000 * static_cast<float>(std::sin(2 * M_PI * hz * static_cast<double>(i) / 16000));
  return sound;
}

TEST(Room, adds_the_energy_that_it_says_after_the_sound_began_and_keeps_the_direct_sound) {
  std::vector<float> click(8000);
  click[100] = 1000;
  Rng rng(1);
  const auto heard = reverberate(click, 16000, {200, 0.5f}, rng);
  EXPECT_EQ(heard[100], 1000);
  double energy = 0;
  for (size_t i = 0; i < heard.size(); ++i) {
    if (i != 100) energy += static_cast<double>(heard[i]) * static_cast<double>(heard[i]);
    if (i < 100 + 32) {
      ASSERT_EQ(heard[i], click[i]) << "a reflection before 2 ms";
    }
  }
  // Reflections that meet on one sample add up; 48 over 3,168 samples seldom do.
  EXPECT_NEAR(energy, 0.5e6, 0.1e6);
}

TEST(Pitch, of_a_tone_is_multiplied_and_its_length_stays) {
  const auto sound = tone(200);
  for (const float factor : {0.8f, 1.0f, 1.25f}) {
    const auto other = change_pitch(sound, 16000, factor);
    ASSERT_EQ(other.size(), sound.size());
    int crossings = 0;
    for (size_t i = 1601; i < 14400; ++i) crossings += (other[i - 1] < 0) != (other[i] < 0);
    // Pieces are laid on a grid of 0.25 ms, so a tone of 5 ms keeps its pitch within some percent.
    EXPECT_NEAR(crossings, 400 * 0.8 * static_cast<double>(factor), 400 * 0.8 * 0.05) << factor;
  }
}

TEST(Augment, rooms_voices_and_other_recordings_leave_the_rest_of_the_draws_alone) {
  std::vector<int16_t> sound;
  for (const float value : tone(300)) sound.push_back(static_cast<int16_t>(value));
  const std::vector<int16_t> other(16000, 700);
  AugmentOptions plain;
  plain.noise_probability = 0;
  AugmentOptions rich = plain;
  rich.room_probability = rich.mix_probability = rich.pitch_probability = 1;
  rich.pitch_percent = 20;
  Rng a(1), b(1);
  EXPECT_NE(augment(sound, 16000, {}, plain, a), augment(sound, 16000, {}, rich, b, {other}));
  EXPECT_TRUE(a.state() == b.state());
  EXPECT_NE(plain.fingerprint(), rich.fingerprint());
}

}  // namespace
}  // namespace tadpole::samples
