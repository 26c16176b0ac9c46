// Source of the calls: the kernel's documentation of Video4Linux, "Streaming I/O (Memory Mapping)".
#include "data/live_camera.h"

#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "data/image_file.h"
#include "device/dsp/image_features.h"

namespace tadpole::data {

namespace {

constexpr int kPollMs = 50, kPatienceMs = 5000;
constexpr uint32_t kBuffers = 4;
/// A camera needs some pictures until it has found its exposure.
constexpr int kFirstPictures = 5;

int call(int file, unsigned long request, void* argument) {
  int result = 0;
  do result = ::ioctl(file, request, argument);
  while (result < 0 && errno == EINTR);
  return result;
}

struct Mapped {
  void* bytes;
  size_t size;
};

class V4lCamera final : public LiveCamera {
 public:
  V4lCamera(std::string device, int file) : device_(std::move(device)), file_(file) {}
  ~V4lCamera() override {
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (streams_) call(file_, VIDIOC_STREAMOFF, &type);
    for (const Mapped& buffer : buffers_) ::munmap(buffer.bytes, buffer.size);
    ::close(file_);
  }
  V4lCamera(const V4lCamera&) = delete;
  V4lCamera& operator=(const V4lCamera&) = delete;

  Result<void> start(int width, int height) {
    TADPOLE_CHECK(need_capture());
    TADPOLE_CHECK(choose_format(width, height));
    TADPOLE_CHECK(map_buffers());
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (call(file_, VIDIOC_STREAMON, &type) < 0) return failed("does not start");
    streams_ = true;
    return {};
  }

  Result<samples::Image> next(const Progress& progress) override {
    // As many frames as there are buffers were filled before anybody asked.
    const int stale = fresh_ ? kFirstPictures : static_cast<int>(buffers_.size());
    fresh_ = false;
    for (int i = 0; i < stale; ++i) {
      TADPOLE_TRY([[maybe_unused]] const auto skipped, frame(progress));
    }
    TADPOLE_TRY(const std::vector<uint8_t> bytes, frame(progress));
    return decode_frame(format_, width_, height_, row_bytes_, bytes, device_);
  }

 private:
  Error failed(const std::string& what) const {
    if (errno == EBUSY) {
      return {Code::file_unreadable,
              "the camera " + device_ + " is in use by another program. Close it and try again."};
    }
    return {Code::file_unreadable, "the camera " + device_ + " " + what + ": " + std::strerror(errno) + "."};
  }

  Result<void> need_capture() {
    v4l2_capability about{};
    if (call(file_, VIDIOC_QUERYCAP, &about) < 0) return failed("is no camera");
    const uint32_t can =
        (about.capabilities & V4L2_CAP_DEVICE_CAPS) != 0 ? about.device_caps : about.capabilities;
    if ((can & V4L2_CAP_VIDEO_CAPTURE) != 0 && (can & V4L2_CAP_STREAMING) != 0) return {};
    return Error{Code::file_unreadable, device_ +
                                            " gives no pictures. One camera often has several such "
                                            "files; try another: ls /dev/video*"};
  }

  Result<void> choose_format(int width, int height) {
    for (const uint32_t wanted : {uint32_t{V4L2_PIX_FMT_YUYV}, uint32_t{V4L2_PIX_FMT_MJPEG}}) {
      v4l2_format format{};
      format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
      format.fmt.pix.width = static_cast<uint32_t>(width);
      format.fmt.pix.height = static_cast<uint32_t>(height);
      format.fmt.pix.pixelformat = wanted;
      format.fmt.pix.field = V4L2_FIELD_ANY;
      if (call(file_, VIDIOC_S_FMT, &format) < 0) {
        if (errno == EBUSY) return failed("");
        continue;
      }
      if (format.fmt.pix.pixelformat != wanted) continue;
      format_ = wanted == V4L2_PIX_FMT_YUYV ? FrameFormat::yuyv : FrameFormat::mjpeg;
      width_ = static_cast<int>(format.fmt.pix.width);
      height_ = static_cast<int>(format.fmt.pix.height);
      row_bytes_ = format.fmt.pix.bytesperline;
      return {};
    }
    return Error{Code::file_unreadable, "the camera " + device_ + " gives neither YUYV nor MJPEG pictures."};
  }

  Result<void> map_buffers() {
    v4l2_requestbuffers wanted{};
    wanted.count = kBuffers;
    wanted.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    wanted.memory = V4L2_MEMORY_MMAP;
    if (call(file_, VIDIOC_REQBUFS, &wanted) < 0 || wanted.count == 0) return failed("lends no memory");
    for (uint32_t i = 0; i < wanted.count; ++i) {
      v4l2_buffer buffer = number(i);
      if (call(file_, VIDIOC_QUERYBUF, &buffer) < 0) return failed("lends no memory");
      void* const bytes = ::mmap(nullptr, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, file_,
                                 static_cast<off_t>(buffer.m.offset));
      if (bytes == MAP_FAILED) return failed("lends no memory");
      buffers_.push_back({bytes, buffer.length});
      if (call(file_, VIDIOC_QBUF, &buffer) < 0) return failed("takes no memory");
    }
    return {};
  }

  static v4l2_buffer number(uint32_t index) {
    v4l2_buffer buffer{};
    buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    buffer.memory = V4L2_MEMORY_MMAP;
    buffer.index = index;
    return buffer;
  }

  /// A copy of the next frame; its buffer goes back to the camera.
  Result<std::vector<uint8_t>> frame(const Progress& progress) {
    for (int waited_ms = 0;; waited_ms += kPollMs) {
      if (progress.cancelled()) return Error{Code::cancelled, ""};
      if (waited_ms >= kPatienceMs) {
        return Error{Code::timed_out,
                     "the camera " + device_ + " gave no picture for 5 s. Unplug it and plug it in again."};
      }
      pollfd ready{file_, POLLIN, 0};
      if (::poll(&ready, 1, kPollMs) <= 0) continue;
      v4l2_buffer buffer = number(0);
      if (call(file_, VIDIOC_DQBUF, &buffer) < 0) {
        if (errno == EAGAIN) continue;
        return failed("stopped");
      }
      if (buffer.index >= buffers_.size()) return failed("answered with memory that it does not have");
      const Mapped& mapped = buffers_[buffer.index];
      const auto* bytes = static_cast<const uint8_t*>(mapped.bytes);
      std::vector<uint8_t> copy(bytes, bytes + std::min<size_t>(buffer.bytesused, mapped.size));
      if (call(file_, VIDIOC_QBUF, &buffer) < 0) return failed("stopped");
      return copy;
    }
  }

  std::string device_;
  int file_;
  bool streams_ = false, fresh_ = true;
  FrameFormat format_ = FrameFormat::yuyv;
  int width_ = 0, height_ = 0;
  size_t row_bytes_ = 0;
  std::vector<Mapped> buffers_;
};

}  // namespace

Result<samples::Image> decode_frame(FrameFormat format, int width, int height, size_t row_bytes,
                                    std::span<const uint8_t> bytes, const std::string& name) {
  if (format == FrameFormat::mjpeg) return decode_image(bytes, name);
  const size_t used = 2 * static_cast<size_t>(std::max(width, 0)),
               rows = static_cast<size_t>(std::max(height, 0));
  if (width < 2 || width % 2 != 0 || height < 1 || width > 1 << 14 || height > 1 << 14 ||
      used / 2 * rows > dsp::kMaxImagePixels) {
    return Error{Code::image_damaged, name + ": a frame of " + std::to_string(width) + " x " +
                                          std::to_string(height) +
                                          " pixels; needs an even width and at most 1,048,576 pixels."};
  }
  row_bytes = std::max(row_bytes, used);
  if (row_bytes > bytes.size() || (rows - 1) > (bytes.size() - used) / row_bytes) {
    return Error{Code::image_damaged, name + ": a frame ended after " + std::to_string(bytes.size()) +
                                          " bytes; " + std::to_string(width) + " x " +
                                          std::to_string(height) + " pixels need " +
                                          std::to_string(used * rows) + "."};
  }
  std::vector<uint8_t> packed(used * rows);
  for (size_t row = 0; row < rows; ++row)
    std::memcpy(packed.data() + row * used, bytes.data() + row * row_bytes, used);
  const dsp::ImageFeatures whole = {width,  height, dsp::kYuyv, 0, 0,          width,
                                    height, width,  height,     3, dsp::kArea, 0};
  std::vector<int16_t> values(used / 2 * rows * 3);
  dsp::extract(whole, packed.data(), static_cast<uint32_t>(used / 2 * rows), nullptr, values.data());
  samples::Image image{width, height, 3, {}};
  image.pixels.assign(values.begin(), values.end());
  return image;
}

Result<std::unique_ptr<LiveCamera>> open_camera(const std::string& device, int width, int height) {
  const int file = ::open(device.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) {
    if (errno == EACCES || errno == EPERM) {
      return Error{Code::file_unreadable,
                   "you may not use the camera " + device +
                       ". Add yourself to its group: sudo adduser $USER video, then log "
                       "in again."};
    }
    return Error{Code::file_not_found, "there is no camera at " + device + " (" + std::strerror(errno) +
                                           "). Plug one in; ls /dev/video* lists those there are, and --from "
                                           "camera:/dev/videoN chooses one."};
  }
  auto camera = std::make_unique<V4lCamera>(device, file);
  TADPOLE_CHECK(camera->start(width, height));
  return std::unique_ptr<LiveCamera>(std::move(camera));
}

}  // namespace tadpole::data
