#include "data/serial_log.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>
#include <vector>

#include "data/text_lines.h"

namespace tadpole::data {
namespace {

constexpr std::string_view kArrow = " -> ";
constexpr double kDaySeconds = 86400;

// Seconds since midnight of "12:34:56.789 -> "; text then begins after the arrow.
std::optional<double> take_clock(std::string_view& text) {
  const size_t arrow = text.find(kArrow);
  if (arrow == std::string_view::npos || arrow < 8 || arrow > 15 || text[2] != ':' || text[5] != ':')
    return {};
  const auto hour = to_number(text.substr(0, 2)), minute = to_number(text.substr(3, 2)),
             second = to_number(text.substr(6, arrow - 6));
  if (!hour || !minute || !second || *hour < 0 || *minute < 0 || *second < 0 || *hour > 23 || *minute > 59 ||
      *second >= 60)
    return {};
  text.remove_prefix(arrow + kArrow.size());
  return *hour * 3600 + *minute * 60 + *second;
}

struct Line {
  std::optional<double> clock;
  std::vector<std::string> fields;
  bool numbers = false, names = false, blank = false;
};

Line look_at(std::string_view text) {
  Line line;
  line.clock = take_clock(text);
  text = trimmed(text);
  line.blank = text.empty();
  if (line.blank || !split_fields(text, guess_delimiter(text), line.fields).empty()) return line;
  // "ax:0.1" is how the serial plotter wants its values.
  std::vector<std::string> values;
  for (const std::string& field : line.fields) values.push_back(field.substr(field.rfind(':') + 1));
  const auto is_number = [](const std::string& field) { return to_number(field).has_value(); };
  line.numbers = std::all_of(values.begin(), values.end(), is_number);
  if (line.numbers) line.fields = std::move(values);
  line.names = !line.numbers && line.fields.size() > 1 &&
               std::none_of(line.fields.begin(), line.fields.end(),
                            [&](const std::string& field) { return field.empty() || is_number(field); });
  return line;
}

class SerialRows final : public ByteStream {
 public:
  SerialRows(std::unique_ptr<ByteStream> from, const std::string& name, long* dropped)
      : from_(std::move(from)), lines_(*from_, name), dropped_(dropped) {}

  Result<size_t> read(std::span<uint8_t> into) override {
    size_t done = 0;
    while (done < into.size()) {
      if (at_ == text_.size()) {
        TADPOLE_TRY(const bool more, next());
        if (!more) break;
      }
      const size_t count = std::min(into.size() - done, text_.size() - at_);
      std::memcpy(into.data() + done, text_.data() + at_, count);
      at_ += count;
      done += count;
    }
    return done;
  }

 private:
  // Fills text_ with the next row, and the header before the first.
  Result<bool> next() {
    text_.clear();
    at_ = 0;
    for (;;) {
      TADPOLE_TRY(const auto raw, lines_.next());
      if (!raw) return false;
      Line line = look_at(*raw);
      if (width_ == 0 && line.names) {
        if (!header_.empty()) drop();
        header_ = std::move(line.fields);
        continue;
      }
      if (!line.numbers || (width_ > 0 && line.fields.size() != width_)) {
        if (line.blank && width_ > 0) {
          text_ = "\n";
          return true;
        }
        if (!line.blank) drop();
        continue;
      }
      if (width_ == 0) begin(line);
      if (clocked_) text_ += clock_text(line.clock.value_or(last_clock_)) + ",";
      for (size_t i = 0; i < line.fields.size(); ++i) text_ += (i > 0 ? "," : "") + line.fields[i];
      text_ += "\n";
      return true;
    }
  }

  void begin(const Line& line) {
    width_ = line.fields.size();
    clocked_ = line.clock.has_value();
    if (header_.size() != width_) {
      if (!header_.empty()) drop();
      header_.clear();
    }
    for (size_t i = header_.size(); i < width_ && (clocked_ || !header_.empty()); ++i)
      header_.push_back(width_ == 1 ? "value" : "axis_" + std::to_string(i + 1));
    if (header_.empty()) return;
    if (clocked_) text_ += "time_s,";
    for (size_t i = 0; i < width_; ++i) text_ += (i > 0 ? "," : "") + csv_field(header_[i]);
    text_ += "\n";
  }

  std::string clock_text(double clock) {
    if (clock + days_ * kDaySeconds < last_clock_ - kDaySeconds / 2) ++days_;
    last_clock_ = std::max(last_clock_, clock + days_ * kDaySeconds);
    char text[40];
    std::snprintf(text, sizeof text, "%.3f", last_clock_);
    return text;
  }

  void drop() {
    if (dropped_ != nullptr) ++*dropped_;
  }

  std::unique_ptr<ByteStream> from_;
  LineReader lines_;
  long* dropped_;
  std::string text_;
  size_t at_ = 0, width_ = 0;
  std::vector<std::string> header_;
  bool clocked_ = false;
  double last_clock_ = 0;
  int days_ = 0;
};

}  // namespace

bool looks_like_serial_log(std::string_view start) {
  const size_t end = start.rfind('\n');
  if (end == std::string_view::npos) return false;
  start = start.substr(0, end);
  int clocks = 0, rows = 0, other = 0;
  bool plotter = false;
  while (!start.empty()) {
    const size_t stop = std::min(start.find('\n'), start.size());
    const std::string_view raw = trimmed(start.substr(0, stop));
    const Line line = look_at(raw);
    clocks += line.clock.has_value() && line.numbers;
    rows += line.numbers;
    // A header is one line of names; a boot message is anything else before the numbers.
    other += rows == 0 && !line.numbers && !line.names && !line.blank;
    plotter = plotter || (line.numbers && !line.clock && raw.find(':') != std::string_view::npos);
    start.remove_prefix(std::min(stop + 1, start.size()));
  }
  return rows >= 3 && (clocks >= 2 || plotter || (other > 0 && other <= 20));
}

Result<std::unique_ptr<ByteStream>> serial_rows(std::unique_ptr<ByteStream> from, const std::string& name,
                                                long* dropped) {
  return std::unique_ptr<ByteStream>(std::make_unique<SerialRows>(std::move(from), name, dropped));
}

}  // namespace tadpole::data
