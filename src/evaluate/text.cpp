#include "evaluate/text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace tadpole::evaluate {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kNoBreak = "\xC2\xA0";          // keeps a number and its unit on one line
constexpr std::string_view kDash = "\xE2\x80\x93";

/// Length of the valid UTF-8 sequence at the start of `text` (Unicode 15, table 3-7), 0 when it is not one.
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0; };
  const auto tail = [&](size_t i, int low = 0x80, int high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const int b = byte(0);
  if (b < 0x80) return 1;
  if (b >= 0xC2 && b <= 0xDF) return tail(1) ? 2 : 0;
  if (b >= 0xE0 && b <= 0xEF) {
    const int low = b == 0xE0 ? 0xA0 : 0x80, high = b == 0xED ? 0x9F : 0xBF;
    return tail(1, low, high) && tail(2) ? 3 : 0;
  }
  if (b >= 0xF0 && b <= 0xF4) {
    const int low = b == 0xF0 ? 0x90 : 0x80, high = b == 0xF4 ? 0x8F : 0xBF;
    return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

std::string with_unit(std::string number, std::string_view unit) {
  number += kNoBreak;
  number += unit;
  return number;
}

int decimals_for(double value) { return std::abs(value) < 9.95 ? 2 : std::abs(value) < 99.5 ? 1 : 0; }

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const uint8_t first = static_cast<uint8_t>(text[0]);
    const bool control = (first < 0x20 && first != '\t' && first != '\n') || first == 0x7F;
    if (length == 0 || control) {
      out += kReplacement;
    } else if (first == '&') {
      out += "&amp;";
    } else if (first == '<') {
      out += "&lt;";
    } else if (first == '>') {
      out += "&gt;";
    } else if (first == '"') {
      out += "&quot;";
    } else if (first == '\'') {
      out += "&#39;";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string exact(double value) {
  if (!std::isfinite(value)) return std::string(kDash);
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return std::string(buffer.data(), end);
}

std::string grouped(double value, int decimals) {
  if (!std::isfinite(value)) return std::string(kDash);
  if (std::abs(value) >= 1e15) return exact(value);
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                 std::chars_format::fixed, decimals)
                       .ptr;
  const std::string digits(buffer.data(), end);
  const size_t whole = std::min(digits.find('.'), digits.size());
  std::string out;
  if (value < 0 && digits.find_first_not_of("0.") != std::string::npos) out = "\xE2\x88\x92";  // minus sign
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i < whole && (whole - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string bytes_text(double bytes) {
  if (std::abs(bytes) < 1024) return with_unit(grouped(bytes), "B");
  if (std::abs(bytes) < 1024.0 * 1024.0) {
    const double kb = bytes / 1024;
    return with_unit(grouped(kb, kb == std::floor(kb) ? 0 : 1), "KB");
  }
  return with_unit(grouped(bytes / 1024 / 1024, 1), "MB");
}

std::string percent_text(double share) {
  const double percent = share * 100;
  if (percent == 0 || percent == 100) return with_unit(grouped(percent), "%");
  // Rounding must not turn "nearly all" into "all", nor "hardly any" into "none".
  if (percent > 99.9 && percent < 100) return with_unit("99.9", "%");
  if (percent > 0 && percent < 0.1) return with_unit("0.1", "%");
  return with_unit(grouped(percent, 1), "%");
}

std::string compact(double value) {
  const double size = std::abs(value);
  if (size < 10000) return grouped(value, value == std::floor(value) ? 0 : decimals_for(value));
  if (size < 999500) return with_unit(grouped(value / 1e3, decimals_for(value / 1e3)), "thousand");
  if (size < 999.5e6) return with_unit(grouped(value / 1e6, decimals_for(value / 1e6)), "million");
  return with_unit(grouped(value / 1e9, decimals_for(value / 1e9)), "billion");
}

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return std::string(kDash);
  if (seconds < 10) return with_unit(grouped(seconds, seconds == std::floor(seconds) ? 0 : 1), "s");
  const double whole = std::round(seconds);
  if (whole < 60) return with_unit(grouped(whole), "s");
  const bool hours = whole >= 3600;
  const double big = std::floor(whole / (hours ? 3600 : 60));
  const double small = std::floor((whole - big * (hours ? 3600 : 60)) / (hours ? 60 : 1));
  std::string out = with_unit(grouped(big), hours ? "h" : "min");
  if (small > 0) out += std::string(kNoBreak) + with_unit(grouped(small), hours ? "min" : "s");
  return out;
}

std::string with_tooltip(std::string_view text, std::string_view tooltip, double value) {
  return "<data value=\"" + escape(exact(value)) + "\" title=\"" + escape(tooltip) + "\">" + escape(text) +
         "</data>";
}

std::string bytes_html(double bytes) {
  return with_tooltip(bytes_text(bytes), grouped(bytes) + " bytes", bytes);
}

std::string percent_html(double share) { return with_tooltip(percent_text(share), exact(share), share); }

std::string compact_html(double value) { return with_tooltip(compact(value), grouped(value), value); }

std::string grouped_html(double value, int decimals) {
  return with_tooltip(grouped(value, decimals), exact(value), value);
}

std::string base64(std::span<const uint8_t> bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = bytes.size() - i;
    const uint32_t word = static_cast<uint32_t>(bytes[i]) << 16 |
                          (left > 1 ? static_cast<uint32_t>(bytes[i + 1]) << 8 : 0) |
                          (left > 2 ? static_cast<uint32_t>(bytes[i + 2]) : 0);
    out += kDigits[word >> 18];
    out += kDigits[word >> 12 & 63];
    out += left > 1 ? kDigits[word >> 6 & 63] : '=';
    out += left > 2 ? kDigits[word & 63] : '=';
  }
  return out;
}

}  // namespace tadpole::evaluate
