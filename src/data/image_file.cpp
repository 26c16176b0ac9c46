// libpng's simplified interface needs no setjmp; libjpeg's does, so its calls live in one plain function.
#include "data/image_file.h"

#include <csetjmp>
#include <cstdio>
// jpeglib.h needs FILE from <cstdio>
#include <jpeglib.h>
#include <png.h>

#include <algorithm>
#include <cstring>

#include "data/files.h"

namespace tadpole::data {
namespace {

constexpr const char* kWhatToDo = " Save it again, remove it, or import with --skip-bad.";

std::string first_bytes(std::span<const uint8_t> bytes) {
  std::string hex, text;
  for (const uint8_t byte : bytes.first(std::min<size_t>(4, bytes.size()))) {
    char digits[4];
    std::snprintf(digits, sizeof digits, "%02X ", byte);
    hex += digits;
    text += byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : '.';
  }
  if (!hex.empty()) hex.pop_back();
  return hex + ", \"" + text + "\"";
}

Result<void> check_size(uint64_t width, uint64_t height, const std::string& name) {
  if (width > 0 && height > 0 && width <= kMostPixels && height <= kMostPixels / width) return {};
  return Error{Code::image_unsupported,
               name + ": is " + std::to_string(width) + " x " + std::to_string(height) + " pixels; at most " +
                   std::to_string(kMostPixels) + " pixels are read. Make it smaller, or remove it."};
}

Result<samples::Image> decode_png(std::span<const uint8_t> bytes, const std::string& name) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  const auto failed = [&](const std::string& why) {
    png_image_free(&png);
    return Error{Code::image_damaged, name + ": the PNG file is damaged (" + why + ")." + kWhatToDo};
  };
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0) return failed(png.message);
  if (auto fits = check_size(png.width, png.height, name); !fits.ok()) {
    png_image_free(&png);
    return fits.error();
  }
  const bool colour = (png.format & PNG_FORMAT_FLAG_COLOR) != 0;
  png.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  samples::Image image{static_cast<int>(png.width), static_cast<int>(png.height), colour ? 3 : 1, {}};
  image.pixels.resize(PNG_IMAGE_SIZE(png));
  const png_color black{0, 0, 0};
  if (png_image_finish_read(&png, &black, image.pixels.data(), 0, nullptr) == 0) return failed(png.message);
  return image;
}

struct JpegFailure {
  jpeg_error_mgr manager;  // first: libjpeg hands back a pointer to it
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void jpeg_failed(j_common_ptr state) {
  auto* failure = reinterpret_cast<JpegFailure*>(state->err);
  state->err->format_message(state, failure->message);
  std::longjmp(failure->back, 1);
}

// A warning means that rows were made up: as bad as an error.
void jpeg_warned(j_common_ptr state, int level) {
  if (level < 0) jpeg_failed(state);
}

// Step 1 fills the header's sizes; step 2 writes the rows. No object with a destructor lives in here.
bool jpeg_rows(jpeg_decompress_struct& jpeg, JpegFailure& failure, std::span<const uint8_t> bytes,
               uint8_t* pixels) {
  if (setjmp(failure.back) != 0) return false;
  if (pixels == nullptr) {
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, bytes.data(), static_cast<unsigned long>(bytes.size()));
    jpeg_read_header(&jpeg, TRUE);
    if (jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK) {
      jpeg.out_color_space = JCS_CMYK;
    } else {
      jpeg.out_color_space = jpeg.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    }
    jpeg.dct_method = JDCT_ISLOW;
    jpeg_calc_output_dimensions(&jpeg);
    return true;
  }
  jpeg_start_decompress(&jpeg);
  const size_t stride = static_cast<size_t>(jpeg.output_width) * static_cast<size_t>(jpeg.output_components);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = pixels + jpeg.output_scanline * stride;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  return true;
}

// Inverted CMYK, as Adobe writes it, to RGB.
void cmyk_to_rgb(samples::Image& image) {
  const size_t count = image.pixels.size() / 4;
  for (size_t i = 0; i < count; ++i) {
    const int key = image.pixels[4 * i + 3];
    for (size_t c = 0; c < 3; ++c)
      image.pixels[3 * i + c] = static_cast<uint8_t>((image.pixels[4 * i + c] * key + 127) / 255);
  }
  image.pixels.resize(3 * count);
  image.channels = 3;
}

Result<samples::Image> decode_jpeg(std::span<const uint8_t> bytes, const std::string& name) {
  jpeg_decompress_struct jpeg{};
  JpegFailure failure{};
  jpeg.err = jpeg_std_error(&failure.manager);
  failure.manager.error_exit = jpeg_failed;
  failure.manager.emit_message = jpeg_warned;
  const auto damaged = [&] {
    jpeg_destroy_decompress(&jpeg);
    return Error{Code::image_damaged,
                 name + ": the JPEG file is damaged (" + failure.message + ")." + kWhatToDo};
  };
  if (!jpeg_rows(jpeg, failure, bytes, nullptr)) return damaged();
  if (auto fits = check_size(jpeg.output_width, jpeg.output_height, name); !fits.ok()) {
    jpeg_destroy_decompress(&jpeg);
    return fits.error();
  }
  const bool cmyk = jpeg.out_color_space == JCS_CMYK;
  const int channels = cmyk ? 4 : jpeg.out_color_space == JCS_GRAYSCALE ? 1 : 3;
  samples::Image image{
      static_cast<int>(jpeg.output_width), static_cast<int>(jpeg.output_height), channels, {}};
  image.pixels.resize(static_cast<size_t>(image.width) * static_cast<size_t>(image.height) *
                      static_cast<size_t>(channels));
  if (!jpeg_rows(jpeg, failure, bytes, image.pixels.data())) return damaged();
  jpeg_destroy_decompress(&jpeg);
  if (cmyk) cmyk_to_rgb(image);
  return image;
}

}  // namespace

Result<samples::Image> decode_image(std::span<const uint8_t> bytes, const std::string& name) {
  if (bytes.size() >= 4 && png_sig_cmp(bytes.data(), 0, 4) == 0) return decode_png(bytes, name);
  if (bytes.size() >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF)
    return decode_jpeg(bytes, name);
  return Error{Code::image_not_image,
               name + ": not a PNG or JPEG file (" +
                   (bytes.empty() ? std::string("it is empty") : "starts with " + first_bytes(bytes)) + ")." +
                   kWhatToDo};
}

Result<samples::Image> read_image(const std::string& path) {
  TADPOLE_TRY(const std::vector<uint8_t> bytes, read_file(path));
  return decode_image(bytes, path);
}

Result<std::vector<uint8_t>> encode_png(const samples::Image& image) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  if (image.width <= 0 || image.height <= 0 || image.pixels.size() != PNG_IMAGE_SIZE(png)) {
    return Error{Code::internal, "a picture's pixels do not fit its sizes"};
  }
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::vector<uint8_t> bytes(size);
  if (png_image_write_to_memory(&png, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr) == 0) {
    return Error{Code::internal, std::string("libpng could not write a picture: ") + png.message};
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace tadpole::data
