#include "data/text_lines.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

namespace tadpole::data {
namespace {
constexpr size_t kLongestLine = size_t{1} << 20;
constexpr size_t kBlockBytes = size_t{1} << 16;
}  // namespace

LineReader::LineReader(ByteStream& stream, std::string name)
    : stream_(stream), name_(std::move(name)), block_(kBlockBytes) {}

std::string LineReader::place() const { return name_ + ":" + std::to_string(number_) + ": "; }

Result<std::optional<std::string_view>> LineReader::next() {
  line_.clear();
  for (bool ended = false; !ended;) {
    if (at_ == filled_) {
      at_ = 0;
      TADPOLE_TRY(filled_, stream_.read(block_));
      if (filled_ == 0) {
        if (line_.empty()) return std::optional<std::string_view>();
        break;
      }
    }
    const auto from = block_.begin() + static_cast<long>(at_),
               to = block_.begin() + static_cast<long>(filled_);
    const auto end = std::find(from, to, '\n');
    line_.append(from, end);
    ended = end != to;
    at_ = static_cast<size_t>(end - block_.begin()) + (ended ? 1 : 0);
    if (line_.size() > kLongestLine) {
      ++number_;
      return Error{Code::csv_malformed,
                   place() + "the line is longer than 1 MB: this is not a table of text."};
    }
  }
  ++number_;
  if (line_.find('\0') != std::string::npos) {
    return Error{Code::csv_malformed, place() + "holds a byte 00 at column " +
                                          std::to_string(line_.find('\0') + 1) +
                                          ": this is not a text file, or it is in UTF-16. Save it as UTF-8."};
  }
  std::string_view line = line_;
  if (number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return std::optional<std::string_view>(line);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t start = text.find_first_not_of(kBlank);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kBlank) - start + 1);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string split_fields(std::string_view line, char delimiter, std::vector<std::string>& fields) {
  size_t count = 0;
  const auto start_field = [&] {
    if (count == fields.size()) fields.emplace_back();
    fields[count++].clear();
  };
  const auto blank = [&](char c) { return delimiter == ' ' && (c == ' ' || c == '\t'); };
  if (delimiter == ' ') line = trimmed(line);
  start_field();
  bool quoted = false, was_quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    std::string& field = fields[count - 1];
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      field += '"';
      ++i;
    } else if (quoted && c == '"') {
      quoted = false;
    } else if (!quoted && c == '"' && !was_quoted && trimmed(field).empty()) {
      field.clear();
      quoted = was_quoted = true;
    } else if (!quoted && (c == delimiter || blank(c))) {
      while (delimiter == ' ' && i + 1 < line.size() && blank(line[i + 1])) ++i;
      start_field();
      was_quoted = false;
    } else {
      field += c;
    }
  }
  fields.resize(count);
  for (std::string& field : fields) {
    const std::string_view inner = trimmed(field);
    if (inner.size() != field.size()) field = std::string(inner);
  }
  return quoted ? "a quote is opened but not closed" : "";
}

char guess_delimiter(std::string_view line) {
  constexpr std::array<char, 4> kCandidates = {',', ';', '\t', ' '};
  std::array<int, 4> count{};
  bool quoted = false;
  for (const char c : trimmed(line)) {
    if (c == '"') quoted = !quoted;
    for (size_t i = 0; i < kCandidates.size() && !quoted; ++i) count[i] += c == kCandidates[i];
  }
  const auto most = std::max_element(count.begin(), count.begin() + 3);  // of equals the comma
  if (*most > 0) return kCandidates[static_cast<size_t>(most - count.begin())];
  return count[3] > 0 ? ' ' : ',';
}

std::optional<double> to_number(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos && trimmed(text) == text)
    return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    if (c != '\n' && c != '\r') quoted += c;
  }
  return quoted + "\"";
}

void append_number(std::string& text, float value) {
  char digits[32];
  const auto done = std::to_chars(digits, digits + sizeof digits, value);
  text.append(digits, done.ptr);
}

}  // namespace tadpole::data
