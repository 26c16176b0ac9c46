// NumPy's .npy arrays and .npz archives of them, read row by row.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/byte_stream.h"

namespace tadpole::data {

/// What the header of an array says.
struct NpyHeader {
  char kind = 'f';        ///< f float, i and u integers, b bool, U text of UCS-4, S bytes
  size_t item_bytes = 4;  ///< of one element
  bool big_endian = false;
  std::vector<uint64_t> shape;

  uint64_t rows() const { return shape.empty() ? 1 : shape[0]; }
  uint64_t row_values() const;  ///< elements of one row: the product of all sizes but the first
};

/// One array whose rows (slices along the first axis) come one at a time.
/// Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays", versions 1 to 3.
class NpyReader {
 public:
  /// Reads the header. Fails: data_malformed (magic, header, types of objects, Fortran order, sizes that
  /// overflow).
  static Result<NpyReader> open(std::unique_ptr<ByteStream> stream, const std::string& name);

  const NpyHeader& header() const { return header_; }
  /// The next row as numbers. Fails: data_malformed with the byte (too short, text, not finite).
  Result<std::vector<float>> next_numbers();
  /// The next row of single bytes (kind u, 1 byte).
  Result<std::vector<uint8_t>> next_bytes();
  /// The next element of a one-dimensional array as a label: whole numbers and text.
  Result<std::string> next_label();

 private:
  NpyReader(std::unique_ptr<ByteStream> stream, std::string name)
      : stream_(std::move(stream)), name_(std::move(name)) {}
  Result<std::span<const uint8_t>> next_raw();
  double number(const uint8_t* item) const;

  std::unique_ptr<ByteStream> stream_;
  std::string name_;
  NpyHeader header_;
  uint64_t at_ = 0;
  std::vector<uint8_t> row_;
};

/// A file in a zip archive.
struct ZipEntry {
  std::string name;
  bool deflated = false;
  std::span<const uint8_t> stored;  ///< its bytes as they lie in the archive
};

/// The files of a zip archive by its central directory; stored or deflated, not encrypted.
/// Fails: data_malformed with the byte. Source: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.16.
Result<std::vector<ZipEntry>> list_zip(std::span<const uint8_t> bytes, const std::string& name);

/// The bytes of an entry, unpacked.
std::unique_ptr<ByteStream> zip_stream(const ZipEntry& entry, const std::string& name);

}  // namespace tadpole::data
