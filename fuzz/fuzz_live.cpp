// What a serial line and a camera may send: rows with finite numbers, pictures of their own size, or errors.
#include <cmath>
#include <cstdlib>

#include "data/live_camera.h"
#include "data/live_rows.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tadpole::data;
  if (size < 4) return 0;
  const std::span<const uint8_t> bytes(data + 4, size - 4);
  RowParser parser;
  const size_t cut = bytes.size() * data[0] / 256;  // bytes come in pieces
  for (const auto& part : {bytes.first(cut), bytes.subspan(cut)}) {
    for (const auto& row : parser.feed(part)) {
      if (row.empty()) abort();
      for (const float value : row) {
        if (!std::isfinite(value)) abort();
      }
    }
  }
  for (const FrameFormat format : {FrameFormat::yuyv, FrameFormat::mjpeg}) {
    const int width = data[1] - 4, height = data[2] - 4;
    const auto picture = decode_frame(format, width, height, data[3] * size_t{4}, bytes, "frame");
    if (!picture.ok()) continue;
    if (picture->channels != 3) abort();
    if (picture->pixels.size() !=
        static_cast<size_t>(picture->width) * static_cast<size_t>(picture->height) * 3)
      abort();
  }
  return 0;
}
