#include "data/npy_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "data/text_lines.h"

namespace tadpole::data {
namespace {

constexpr size_t kLongestHeader = size_t{1} << 16;
constexpr uint64_t kLargestRow = uint64_t{64} << 20;  // bytes

uint32_t little(std::span<const uint8_t> bytes, size_t at, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i) value |= static_cast<uint32_t>(bytes[at + i]) << (8 * i);
  return value;
}

Error damaged(const std::string& name, uint64_t at, const std::string& what) {
  return {Code::data_malformed, name + ": byte " + std::to_string(at) + ": " + what +
                                    ". Save it again with numpy.save, or leave it out with --skip-bad."};
}

// The text after 'key': in a header, a Python literal, up to where it ends.
std::string_view literal_of(std::string_view header, std::string_view key) {
  const std::string quoted = "'" + std::string(key) + "'";
  size_t at = header.find(quoted);
  if (at == std::string_view::npos) return {};
  at = header.find(':', at + quoted.size());
  if (at == std::string_view::npos) return {};
  std::string_view rest = trimmed(header.substr(at + 1));
  const char close = rest.starts_with('(') ? ')' : rest.starts_with('\'') ? '\'' : ',';
  const size_t end = rest.find(close, 1);
  if (end == std::string_view::npos) return {};
  return rest.substr(0, close == ',' ? end : end + 1);
}

Result<NpyHeader> parse_header(std::string_view text, const std::string& name) {
  NpyHeader header;
  const std::string_view type = literal_of(text, "descr"), shape = literal_of(text, "shape"),
                         order = literal_of(text, "fortran_order");
  const auto bad = [&](const std::string& what) { return damaged(name, 10, what); };
  if (type.size() < 5 || std::string_view("<>|=").find(type[1]) == std::string_view::npos ||
      std::string_view("fiubUS").find(type[2]) == std::string_view::npos) {
    return bad("the type is " + std::string(type.empty() ? "missing" : type) +
               "; numbers, bools and texts are read");
  }
  header.kind = type[2];
  header.big_endian = type[1] == '>';
  size_t width = 0;
  const auto [end, failed] = std::from_chars(type.data() + 3, type.data() + type.size() - 1, width);
  if (failed != std::errc() || *end != '\'' || width > 4096) return bad("the type is " + std::string(type));
  header.item_bytes = header.kind == 'U' ? 4 * width : width;
  const bool number_size = width == 1 || width == 2 || width == 4 || width == 8;
  if (header.kind == 'f' ? width != 4 && width != 8
                         : header.kind != 'U' && header.kind != 'S' && !number_size)
    return bad("the type is " + std::string(type) + "; float32, float64 and integers up to 64 bits are read");
  if (order != "False") return bad("the array is in Fortran order. Save numpy.ascontiguousarray(a) instead");
  if (!shape.starts_with('(')) return bad("the shape is missing");
  std::vector<std::string> sizes;
  split_fields(shape.substr(1, shape.size() - 2), ',', sizes);
  if (!sizes.empty() && sizes.back().empty()) sizes.pop_back();  // "(3,)"
  if (sizes.empty() || sizes.size() > 4)
    return bad("the shape is " + std::string(shape) + "; 1 to 4 axes are read");
  uint64_t product = header.item_bytes;
  for (const std::string& size : sizes) {
    uint64_t value = 0;
    const auto [stop, wrong] = std::from_chars(size.data(), size.data() + size.size(), value);
    if (wrong != std::errc() || stop != size.data() + size.size() || value == 0)
      return bad("the shape is " + std::string(shape));
    if (!header.shape.empty() && __builtin_mul_overflow(product, value, &product)) product = UINT64_MAX;
    header.shape.push_back(value);
  }
  if (product > kLargestRow) return bad("the shape is " + std::string(shape) + ": one row is too large");
  return header;
}

}  // namespace

uint64_t NpyHeader::row_values() const {
  uint64_t product = 1;
  for (size_t i = 1; i < shape.size(); ++i) product *= shape[i];
  return product;
}

Result<NpyReader> NpyReader::open(std::unique_ptr<ByteStream> stream, const std::string& name) {
  NpyReader reader(std::move(stream), name);
  std::array<uint8_t, 8> magic{};
  TADPOLE_CHECK(read_exactly(*reader.stream_, magic, 0, name));
  if (std::memcmp(magic.data(), "\x93NUMPY", 6) != 0 || magic[6] < 1 || magic[6] > 3) {
    return damaged(name, 0, "this is not a NumPy array of version 1 to 3");
  }
  std::array<uint8_t, 4> length{};
  const size_t length_bytes = magic[6] == 1 ? 2 : 4;
  TADPOLE_CHECK(read_exactly(*reader.stream_, std::span(length).first(length_bytes), 8, name));
  const size_t size = little(length, 0, length_bytes);
  if (size > kLongestHeader) return damaged(name, 8, "the header claims " + std::to_string(size) + " bytes");
  std::vector<uint8_t> text(size);
  TADPOLE_CHECK(read_exactly(*reader.stream_, text, 8 + length_bytes, name));
  TADPOLE_TRY(reader.header_, parse_header({reinterpret_cast<const char*>(text.data()), text.size()}, name));
  reader.at_ = 8 + length_bytes + size;
  return reader;
}

Result<std::span<const uint8_t>> NpyReader::next_raw() {
  row_.resize(header_.row_values() * header_.item_bytes);
  TADPOLE_CHECK(read_exactly(*stream_, row_, at_, name_));
  at_ += row_.size();
  return std::span<const uint8_t>(row_);
}

double NpyReader::number(const uint8_t* item) const {
  std::array<uint8_t, 8> bytes{};
  std::memcpy(bytes.data(), item, header_.item_bytes);
  if (header_.big_endian) std::reverse(bytes.begin(), bytes.begin() + static_cast<long>(header_.item_bytes));
  uint64_t bits = 0;
  for (size_t i = 0; i < header_.item_bytes; ++i) bits |= static_cast<uint64_t>(bytes[i]) << (8 * i);
  if (header_.kind == 'f' && header_.item_bytes == 4) {
    float value;
    const auto half = static_cast<uint32_t>(bits);
    std::memcpy(&value, &half, sizeof value);
    return static_cast<double>(value);
  }
  if (header_.kind == 'f') {
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  if (header_.kind != 'i') return static_cast<double>(bits);
  const unsigned shift = 64 - 8 * static_cast<unsigned>(header_.item_bytes);
  return static_cast<double>(static_cast<int64_t>(bits << shift) >> shift);
}

Result<std::vector<float>> NpyReader::next_numbers() {
  if (header_.kind == 'U' || header_.kind == 'S')
    return damaged(name_, at_, "holds text where numbers are needed");
  const uint64_t start = at_;
  TADPOLE_TRY(const auto raw, next_raw());
  std::vector<float> values(header_.row_values());
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(number(raw.data() + i * header_.item_bytes));
    if (!std::isfinite(values[i]))
      return damaged(name_, start + i * header_.item_bytes, "the value is not a finite number");
  }
  return values;
}

Result<std::vector<uint8_t>> NpyReader::next_bytes() {
  if (header_.kind != 'u' || header_.item_bytes != 1)
    return damaged(name_, at_, "pictures have to be of type uint8");
  TADPOLE_TRY(const auto raw, next_raw());
  return std::vector<uint8_t>(raw.begin(), raw.end());
}

Result<std::string> NpyReader::next_label() {
  if (header_.row_values() != 1 || header_.kind == 'f')
    return damaged(name_, at_, "labels have to be a list of whole numbers or texts");
  TADPOLE_TRY(const auto raw, next_raw());
  if (header_.kind != 'U' && header_.kind != 'S')
    return std::to_string(static_cast<int64_t>(number(raw.data())));
  std::string text;
  for (size_t i = 0; i < raw.size(); i += header_.kind == 'U' ? 4 : 1) {
    const uint8_t first = raw[i + (header_.kind == 'U' && header_.big_endian ? 3 : 0)];
    if (first != 0) text += static_cast<char>(first);
  }
  return text;
}

Result<std::vector<ZipEntry>> list_zip(std::span<const uint8_t> bytes, const std::string& name) {
  // The end record is 22 bytes and a comment of up to 65,535.
  const auto wrong = [&](uint64_t at, const std::string& what) { return damaged(name, at, what); };
  size_t end = std::string::npos;
  for (size_t back = 22; back <= std::min<size_t>(bytes.size(), 22 + 65535); ++back) {
    if (little(bytes, bytes.size() - back, 4) == 0x06054b50) {
      end = bytes.size() - back;
      break;
    }
  }
  if (end == std::string::npos)
    return wrong(bytes.size(), "this is no whole zip archive: its end is missing");
  const size_t count = little(bytes, end + 10, 2);
  size_t at = little(bytes, end + 16, 4);
  std::vector<ZipEntry> entries;
  for (size_t i = 0; i < count; ++i) {
    if (at > bytes.size() || bytes.size() - at < 46 || little(bytes, at, 4) != 0x02014b50)
      return wrong(at, "the directory of the archive is damaged");
    const uint32_t flags = little(bytes, at + 8, 2), method = little(bytes, at + 10, 2);
    const size_t packed = little(bytes, at + 20, 4), name_size = little(bytes, at + 28, 2);
    const size_t skip = 46 + name_size + little(bytes, at + 30, 2) + little(bytes, at + 32, 2);
    const size_t local = little(bytes, at + 42, 4);
    if (skip > bytes.size() - at) return wrong(at, "the directory of the archive is damaged");
    ZipEntry entry;
    entry.name.assign(reinterpret_cast<const char*>(bytes.data() + at + 46), name_size);
    if ((flags & 1) != 0 || (method != 0 && method != 8))
      return wrong(at, "\"" + entry.name + "\" is encrypted or packed in a way that is not read");
    if (packed == UINT32_MAX || local == UINT32_MAX)
      return wrong(at, "\"" + entry.name + "\" is over 4 GB. Save the arrays as .npy files");
    if (local > bytes.size() || bytes.size() - local < 30 || little(bytes, local, 4) != 0x04034b50)
      return wrong(local, "\"" + entry.name + "\" is not where the directory says");
    const size_t header = 30 + little(bytes, local + 26, 2) + little(bytes, local + 28, 2);
    if (header > bytes.size() - local || packed > bytes.size() - local - header)
      return wrong(local, "\"" + entry.name + "\" ends after the file");
    entry.deflated = method == 8;
    entry.stored = bytes.subspan(local + header, packed);
    entries.push_back(std::move(entry));
    at += skip;
  }
  return entries;
}

std::unique_ptr<ByteStream> zip_stream(const ZipEntry& entry, const std::string& name) {
  std::unique_ptr<ByteStream> stored = plain_stream(entry.stored);
  if (!entry.deflated) return stored;
  return inflate_stream(std::move(stored), name + "/" + entry.name);
}

}  // namespace tadpole::data
