// Pictures as this computer's camera sees them now, through Video4Linux 2.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/progress.h"
#include "base/result.h"
#include "samples/sample.h"

namespace tadpole::data {

/// How the bytes of a camera's frame lie.
enum class FrameFormat : uint8_t { yuyv, mjpeg };

/// One frame as a picture of three channels. `row_bytes`: from one row of yuyv to the next; not read of
/// mjpeg, which has its own size and may lack the Huffman tables that all such cameras share. Fails:
/// image_damaged (fewer bytes than the size needs, an odd or impossible width), and as decode_image.
Result<samples::Image> decode_frame(FrameFormat format, int width, int height, size_t row_bytes,
                                    std::span<const uint8_t> bytes, const std::string& name);

class LiveCamera {
 public:
  virtual ~LiveCamera() = default;

  /// The newest picture: what waited in the camera's buffers is thrown away. Fails: cancelled, timed_out (no
  /// picture for five seconds), file_unreadable (unplugged), and as decode_frame.
  virtual Result<samples::Image> next(const Progress& progress) = 0;
};

/// `device`: "/dev/video0". The camera may choose another size near the wanted one. Fails: file_not_found,
/// file_unreadable (busy, no permission, not a camera, or one that gives neither YUYV nor MJPEG).
Result<std::unique_ptr<LiveCamera>> open_camera(const std::string& device, int width, int height);

}  // namespace tadpole::data
