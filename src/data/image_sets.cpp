#include "data/image_sets.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "data/files.h"
#include "data/image_file.h"
#include "data/lists.h"
#include "data/text_lines.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t kCifarSide = 32, kCifarPlane = kCifarSide * kCifarSide;

std::string hex_of(std::span<const uint8_t> bytes) {
  std::string text;
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const uint8_t byte : bytes) {
    if (!text.empty()) text += ' ';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

// The sizes after the magic of an IDX file of bytes with `least` to `most` dimensions.
Result<std::vector<uint32_t>> idx_header(ByteStream& stream, const std::string& name, int least, int most) {
  std::array<uint8_t, 4> magic{};
  TADPOLE_CHECK(read_exactly(stream, magic, 0, name));
  if (magic[0] != 0 || magic[1] != 0 || magic[2] != 8 || magic[3] < least || magic[3] > most) {
    return Error{Code::data_malformed, name + ": byte 0: starts with " + hex_of(magic) +
                                           "; an IDX file of bytes with " + std::to_string(least) + " to " +
                                           std::to_string(most) + " dimensions starts with 00 00 08 0" +
                                           std::to_string(least) + ". Is it the right file?"};
  }
  std::vector<uint32_t> sizes;
  for (int i = 0; i < magic[3]; ++i) {
    std::array<uint8_t, 4> size{};
    TADPOLE_CHECK(read_exactly(stream, size, 4 + 4 * static_cast<uint64_t>(i), name));
    sizes.push_back(static_cast<uint32_t>(size[0]) << 24 | static_cast<uint32_t>(size[1]) << 16 |
                    static_cast<uint32_t>(size[2]) << 8 | size[3]);
  }
  return sizes;
}

Result<void> expect_end(ByteStream& stream, const std::string& name, uint64_t at) {
  std::array<uint8_t, 1> more{};
  TADPOLE_TRY(const size_t count, stream.read(more));
  if (count == 0) return {};
  return Error{Code::data_malformed,
               name + ": byte " + std::to_string(at) +
                   ": the file goes on after what its header promises. Download it again."};
}

std::string without_gz(std::string name) {
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  return name;
}

}  // namespace

Result<void> read_idx(ByteStream& images, const std::string& images_name, ByteStream& labels,
                      const std::string& labels_name, const TakeImage& take) {
  TADPOLE_TRY(const std::vector<uint32_t> sizes, idx_header(images, images_name, 3, 4));
  TADPOLE_TRY(const std::vector<uint32_t> label_sizes, idx_header(labels, labels_name, 1, 1));
  if (sizes[0] != label_sizes[0]) {
    return Error{Code::data_malformed, labels_name + ": byte 4: has " + std::to_string(label_sizes[0]) +
                                           " labels, " + images_name + " has " + std::to_string(sizes[0]) +
                                           " pictures. They do not belong together."};
  }
  const uint64_t height = sizes[1], width = sizes[2], channels = sizes.size() > 3 ? sizes[3] : 1;
  if (height == 0 || width == 0 || height > 4096 || width > 4096 || (channels != 1 && channels != 3)) {
    return Error{Code::data_malformed, images_name + ": byte 8: pictures of " + std::to_string(width) +
                                           " x " + std::to_string(height) + " pixels with " +
                                           std::to_string(channels) +
                                           " channels; up to 4096 x 4096 with 1 or 3 channels are read."};
  }
  const uint64_t bytes = height * width * channels, header = 4 + 4 * sizes.size();
  for (uint64_t i = 0; i < sizes[0]; ++i) {
    samples::Image image{static_cast<int>(width), static_cast<int>(height), static_cast<int>(channels), {}};
    image.pixels.resize(bytes);
    TADPOLE_CHECK(read_exactly(images, image.pixels, header + i * bytes, images_name));
    std::array<uint8_t, 1> label{};
    TADPOLE_CHECK(read_exactly(labels, label, 8 + i, labels_name));
    if (!take(std::move(image), std::to_string(label[0]), i)) return {};
  }
  TADPOLE_CHECK(expect_end(images, images_name, header + sizes[0] * bytes));
  return expect_end(labels, labels_name, 8 + uint64_t{sizes[0]});
}

Result<void> read_cifar10(ByteStream& stream, const std::string& name, const std::vector<std::string>& names,
                          const TakeImage& take) {
  std::vector<uint8_t> record(1 + 3 * kCifarPlane);
  for (size_t i = 0;; ++i) {
    TADPOLE_TRY(const size_t count, stream.read(record));
    if (count == 0 && i > 0) return {};
    const uint64_t at = i * record.size();
    if (count < record.size()) {
      return Error{Code::data_malformed, name + ": ends too early, at byte " + std::to_string(at + count) +
                                             "; every picture takes 3073 bytes. Download it again."};
    }
    if (record[0] > 9) {
      return Error{Code::data_malformed, name + ": byte " + std::to_string(at) + ": the label is " +
                                             std::to_string(record[0]) + "; CIFAR-10 has 0 to 9."};
    }
    samples::Image image{kCifarSide, kCifarSide, 3, std::vector<uint8_t>(3 * kCifarPlane)};
    for (size_t pixel = 0; pixel < kCifarPlane; ++pixel) {
      for (size_t c = 0; c < 3; ++c) image.pixels[3 * pixel + c] = record[1 + c * kCifarPlane + pixel];
    }
    const std::string label = record[0] < names.size() ? names[record[0]] : std::to_string(record[0]);
    if (!take(std::move(image), label, i)) return {};
  }
}

Result<std::vector<ImageSetFile>> find_image_sets(const std::string& folder) {
  std::set<std::string, decltype(&samples::natural_less)> names(&samples::natural_less);
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed))
    names.insert(entry->path().filename().string());
  std::vector<ImageSetFile> sets;
  for (const std::string& name : names) {
    const std::string bare = without_gz(name);
    const bool test = name.starts_with("t10k") || name.starts_with("test");
    if (bare.ends_with("-ubyte") && bare.find("images") != std::string::npos) {
      std::string labels = bare;
      labels.replace(labels.find("images"), 6, "labels");
      if (const size_t dims = labels.find("idx"); dims != std::string::npos && dims + 3 < labels.size())
        labels[dims + 3] = '1';
      const auto found = std::find_if(names.begin(), names.end(), [&](const std::string& candidate) {
        return without_gz(candidate) == labels;
      });
      if (found == names.end()) {
        return Error{Code::data_malformed, folder + "/" + name + ": its labels are missing: there is no " +
                                               labels + " beside it. Download both."};
      }
      sets.push_back({ImageSetFile::Kind::idx, name, *found, test});
    } else if (bare.ends_with(".bin") && bare.find("_batch") != std::string::npos) {
      sets.push_back({ImageSetFile::Kind::cifar10, name, "", test});
    }
  }
  std::stable_partition(sets.begin(), sets.end(), [](const ImageSetFile& set) { return !set.test; });
  return sets;
}

Result<void> read_image_set(const std::string& folder, const ImageSetFile& set, const TakeImage& take) {
  const std::string path = folder + "/" + set.images;
  TADPOLE_TRY(const auto images, open_stream(path));
  if (set.kind == ImageSetFile::Kind::idx) {
    const std::string labels_path = folder + "/" + set.labels;
    TADPOLE_TRY(const auto labels, open_stream(labels_path));
    return read_idx(*images, path, *labels, labels_path, take);
  }
  std::vector<std::string> names;
  std::error_code ignored;
  if (const std::string meta = folder + "/batches.meta.txt"; fs::exists(meta, ignored)) {
    TADPOLE_TRY(const std::string text, read_text(meta));
    names = parse_list(text);
  }
  return read_cifar10(*images, path, names, take);
}

}  // namespace tadpole::data
