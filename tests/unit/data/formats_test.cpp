// The readers of single formats, on samples made here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
// jpeglib.h needs FILE from <cstdio>
#include <jpeglib.h>

#include "data/byte_stream.h"
#include "data/image_file.h"
#include "data/json_walk.h"
#include "data/live_camera.h"
#include "data/series_file.h"
#include "data/text_lines.h"

namespace tadpole::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::vector<uint8_t> jpeg(const samples::Image& image) {
  jpeg_compress_struct writer{};
  jpeg_error_mgr errors{};
  writer.err = jpeg_std_error(&errors);
  jpeg_create_compress(&writer);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&writer, &buffer, &size);
  writer.image_width = static_cast<JDIMENSION>(image.width);
  writer.image_height = static_cast<JDIMENSION>(image.height);
  writer.input_components = image.channels;
  writer.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&writer);
  jpeg_set_quality(&writer, 95, TRUE);
  jpeg_start_compress(&writer, TRUE);
  const auto stride = static_cast<size_t>(image.width * image.channels);
  for (size_t row = 0; row < static_cast<size_t>(image.height); ++row) {
    JSAMPROW pixels = const_cast<JSAMPLE*>(image.pixels.data() + row * stride);
    jpeg_write_scanlines(&writer, &pixels, 1);
  }
  jpeg_finish_compress(&writer);
  jpeg_destroy_compress(&writer);
  std::vector<uint8_t> bytes(buffer, buffer + size);
  std::free(buffer);
  return bytes;
}

samples::Image smooth(int channels) {
  samples::Image image{24, 16, channels, {}};
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 24 * channels; ++x)
      image.pixels.push_back(static_cast<uint8_t>(40 + 5 * y + x / channels));
  }
  return image;
}

TEST(ImageFile, png_gives_back_every_pixel) {
  for (const int channels : {1, 3}) {
    const samples::Image image = smooth(channels);
    const auto read = decode_image(*encode_png(image), "a.png");
    ASSERT_TRUE(read.ok()) << read.error().message();
    EXPECT_EQ(read->pixels, image.pixels);
    EXPECT_EQ(read->channels, channels);
  }
}

TEST(ImageFile, jpeg_gives_nearly_every_pixel_back) {
  for (const int channels : {1, 3}) {
    const samples::Image image = smooth(channels);
    const auto read = decode_image(jpeg(image), "a.jpg");
    ASSERT_TRUE(read.ok()) << read.error().message();
    ASSERT_EQ(read->pixels.size(), image.pixels.size());
    // Quality 95 on a smooth picture: a few steps of 255.
    for (size_t i = 0; i < image.pixels.size(); ++i) EXPECT_NEAR(read->pixels[i], image.pixels[i], 6);
  }
}

TEST(ImageFile, cut_off_pictures_are_damaged) {
  auto png = *encode_png(smooth(3));
  png.resize(png.size() / 2);
  EXPECT_EQ(decode_image(png, "a.png").error().code, Code::image_damaged);
  auto cut = jpeg(smooth(3));
  cut.resize(cut.size() * 2 / 3);
  EXPECT_EQ(decode_image(cut, "a.jpg").error().code, Code::image_damaged);
  EXPECT_THAT(decode_image(bytes_of("GIF89a"), "a.gif").error().detail, HasSubstr("47 49 46 38"));
}

TEST(TextLines, fields_may_be_quoted_and_blanks_are_one) {
  std::vector<std::string> fields;
  EXPECT_EQ(split_fields(R"(a, "b, ""c""" ,d)", ',', fields), "");
  EXPECT_THAT(fields, ElementsAre("a", "b, \"c\"", "d"));
  EXPECT_EQ(split_fields("  1  2\t3 ", ' ', fields), "");
  EXPECT_THAT(fields, ElementsAre("1", "2", "3"));
  EXPECT_EQ(split_fields("\"a", ',', fields), "a quote is opened but not closed");
}

TEST(TextLines, a_file_that_is_not_text_is_refused_with_the_place) {
  const std::string text("ok\na\0b\n", 7);
  const auto stream = plain_stream(bytes_of(text));
  LineReader lines(*stream, "a.csv");
  EXPECT_EQ(**lines.next(), "ok");
  EXPECT_THAT(lines.next().error().detail, HasSubstr("a.csv:2: holds a byte 00 at column 2"));
}

TEST(SeriesFile, text_and_back_is_the_same) {
  const samples::Series series{50, {"x", "y (g)"}, {0.1f, -2e-9f, 3, 1e30f}};
  const std::string text = series_csv(series);
  const auto read = read_series(*plain_stream(bytes_of(text)), "a.csv");
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->series.values, series.values);
  EXPECT_EQ(read->series.axes, series.axes);
  EXPECT_NEAR(read->series.rate_hz, 50, 1e-9);
}

TEST(SeriesFile, strokes_and_back_are_the_same) {
  const samples::Stroke stroke{{{0.5f, -1}, {2, 1e-7f}}};
  const std::string text = stroke_csv(stroke);
  EXPECT_EQ(read_stroke(*plain_stream(bytes_of(text)), "a.csv")->points, stroke.points);
}

TEST(SeriesFile, dates_are_seconds) {
  EXPECT_EQ(date_to_seconds("1970-01-02 00:00:01"), 86401);
  EXPECT_EQ(date_to_seconds("2014-02-26T22:05:00.5Z"), 1393452300.5);
  EXPECT_FALSE(date_to_seconds("2014-13-26 22:05:00"));
  EXPECT_FALSE(date_to_seconds("2014-02-26"));
}

TEST(SeriesFile, units_of_times_are_stated_or_taken_from_the_values) {
  const auto rate = [](const std::string& text) {
    return read_series(*plain_stream(bytes_of(text)), "a.csv")->series.rate_hz;
  };
  EXPECT_NEAR(rate("time_ms,x\n0,1\n10,2\n20,3\n"), 100, 1e-9);
  EXPECT_NEAR(rate("time,x\n0,1\n0.02,2\n0.04,3\n"), 50, 1e-9);
  EXPECT_NEAR(rate("t,x\n0,1\n8403,2\n16806,3\n"), 119.005, 0.001);
  EXPECT_NEAR(rate("timestamp,x\n1700000000,1\n1700000060,2\n"), 1.0 / 60, 1e-9);
}

TEST(JsonWalk, deep_nesting_is_refused_in_json_and_cbor) {
  const auto nothing = [](const JsonPath&, const JsonEvent&) { return Result<void>(); };
  const std::string json(100000, '['), cbor(100000, '\x81');
  EXPECT_THAT(walk_json(*plain_stream(bytes_of(json)), "a", JsonForm::json, nothing).error().detail,
              HasSubstr("32 deep"));
  EXPECT_THAT(walk_json(*plain_stream(bytes_of(cbor)), "a", JsonForm::cbor, nothing).error().detail,
              HasSubstr("32 deep"));
}

TEST(ByteStream, damaged_gzip_names_the_place) {
  const std::string packed("\x1F\x8B\x08\0\0\0\0\0\0\x03garbage that is not deflate", 36);
  const auto stream = memory_stream(bytes_of(packed), "a.gz");
  std::vector<uint8_t> block(100);
  EXPECT_THAT(stream->read(block).error().detail,
              HasSubstr("a.gz: the compressed data are damaged near byte"));
}

TEST(CameraFrame, becomes_a_picture_row_by_row) {
  // Two rows of two pixels, each row padded to six bytes: grey 10 and 200, then a red pair.
  const std::vector<uint8_t> bytes = {10, 128, 200, 128, 99, 99, 76, 85, 76, 255, 99, 99};
  const auto image = decode_frame(FrameFormat::yuyv, 2, 2, 6, bytes, "camera");
  ASSERT_TRUE(image.ok()) << image.error().message();
  ASSERT_EQ(image->pixels.size(), 12u);
  EXPECT_THAT(std::vector<uint8_t>(image->pixels.begin(), image->pixels.begin() + 6),
              ElementsAre(10, 10, 10, 200, 200, 200));
  EXPECT_NEAR(image->pixels[6], 254, 1);
  EXPECT_LE(image->pixels[7], 1);
  EXPECT_LE(image->pixels[8], 1);
}

TEST(CameraFrame, that_is_cut_off_or_impossible_is_refused) {
  const std::vector<uint8_t> bytes(16);
  for (const auto& [width, height, row] : std::vector<std::tuple<int, int, size_t>>{{4, 3, 8},
                                                                                    {4, 2, 12},
                                                                                    {3, 1, 6},
                                                                                    {0, 1, 0},
                                                                                    {-2, 1, 4},
                                                                                    {2, 0, 4},
                                                                                    {16384, 16384, 32768},
                                                                                    {4, 2, SIZE_MAX}}) {
    const auto image = decode_frame(FrameFormat::yuyv, width, height, row, bytes, "camera");
    ASSERT_FALSE(image.ok()) << width << " x " << height;
    EXPECT_EQ(image.error().code, Code::image_damaged);
  }
  EXPECT_TRUE(decode_frame(FrameFormat::yuyv, 4, 2, 8, bytes, "camera").ok());
  EXPECT_FALSE(decode_frame(FrameFormat::mjpeg, 4, 2, 8, bytes, "camera").ok());
}

/// Motion JPEG as most webcams send it: the Huffman tables (markers DHT) are left out.
std::vector<uint8_t> without_huffman_tables(const std::vector<uint8_t>& bytes) {
  std::vector<uint8_t> left(bytes.begin(), bytes.begin() + 2);
  size_t at = 2;
  while (at + 4 <= bytes.size() && bytes[at + 1] != 0xda) {
    const size_t size = 2 + size_t{bytes[at + 2]} * 256 + bytes[at + 3];
    if (bytes[at + 1] != 0xc4)
      left.insert(left.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at),
                  bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
  }
  left.insert(left.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end());
  return left;
}

TEST(CameraFrame, of_motion_jpeg_needs_no_huffman_tables) {
  samples::Image image{16, 16, 3, {}};
  for (int i = 0; i < 16 * 16; ++i) image.pixels.insert(image.pixels.end(), 3, static_cast<uint8_t>(i));
  const std::vector<uint8_t> whole = jpeg(image), bare = without_huffman_tables(whole);
  ASSERT_LT(bare.size(), whole.size());
  const auto expected = decode_frame(FrameFormat::mjpeg, 16, 16, 0, whole, "camera");
  const auto seen = decode_frame(FrameFormat::mjpeg, 16, 16, 0, bare, "camera");
  ASSERT_TRUE(seen.ok()) << seen.error().message();
  EXPECT_EQ(seen->pixels, expected->pixels);
}

}  // namespace
}  // namespace tadpole::data
