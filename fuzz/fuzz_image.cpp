// Any bytes as a picture and as a collection of pictures: an error or pixels that fit their sizes.
#include <cstdlib>

#include "data/image_file.h"
#include "data/image_sets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tadpole::data;
  const std::span<const uint8_t> bytes(data, size);
  const auto check = [](const tadpole::samples::Image& image) {
    const auto pixels = static_cast<size_t>(image.width) * static_cast<size_t>(image.height);
    if (pixels == 0 || image.pixels.size() != pixels * static_cast<size_t>(image.channels)) abort();
  };
  // A few bytes may claim a huge picture; that is within the promise, but slow under the sanitizers.
  const bool huge = size > 24 && (data[16] != 0 || data[17] != 0 || data[20] != 0 || data[21] != 0);
  if (!huge || data[0] != 0x89) {
    const auto image = decode_image(bytes, "fuzz");
    if (image.ok()) check(*image);
  }
  const auto take = [&](tadpole::samples::Image&& image, const std::string&, size_t number) {
    check(image);
    return number < 100;
  };
  // The first half as pictures, the second as their labels.
  const auto images = memory_stream(bytes.first(size / 2), "images"),
             labels = plain_stream(bytes.subspan(size / 2));
  static_cast<void>(read_idx(*images, "images", *labels, "labels", take));
  static_cast<void>(read_cifar10(*plain_stream(bytes), "batch", {"a", "b"}, take));
  return 0;
}
