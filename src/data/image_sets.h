// Collections of small pictures in one file: MNIST's IDX and CIFAR-10's binary form. Pictures come one at a
// time.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/byte_stream.h"
#include "samples/dataset.h"

namespace tadpole::data {

/// The files of a collection in a folder, as they belong together.
struct ImageSetFile {
  enum class Kind : uint8_t { idx, cifar10 } kind = Kind::idx;
  std::string images;  ///< name in the folder
  std::string labels;  ///< IDX: the file of labels
  bool test = false;   ///< t10k-*, test-*, test_batch*
};

/// IDX pairs and CIFAR batches in `folder`, in natural order; empty when there are none.
/// Fails: data_malformed (pictures without their labels).
Result<std::vector<ImageSetFile>> find_image_sets(const std::string& folder);

/// Gets each picture with its label and its number in the file; returns false to stop.
using TakeImage = std::function<bool(samples::Image&& image, const std::string& label, size_t number)>;

/// IDX: magic 00 00 08 03 (count, height, width; bytes, big-endian sizes) or 08 04 with channels last, and
/// magic 00 00 08 01 for the labels. Source: Y. LeCun, "The MNIST database", file formats.
/// Fails: data_malformed with file and byte (magic, sizes, counts that differ, too short, too long).
Result<void> read_idx(ByteStream& images, const std::string& images_name, ByteStream& labels,
                      const std::string& labels_name, const TakeImage& take);

/// CIFAR-10 binary: 1 byte of label, 1,024 bytes each of red, green, blue, row-major, for every picture.
/// `names`: of the ten classes; empty: "0" to "9". Source: A. Krizhevsky, "The CIFAR-10 dataset".
Result<void> read_cifar10(ByteStream& stream, const std::string& name, const std::vector<std::string>& names,
                          const TakeImage& take);

/// Reads one set of `folder`, whichever kind. batches.meta.txt, when there, names CIFAR's classes.
Result<void> read_image_set(const std::string& folder, const ImageSetFile& set, const TakeImage& take);

}  // namespace tadpole::data
