// Numbers and strings as people read them, safe to put into HTML. In: values. Out: UTF-8 text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tadpole::evaluate {

/// `text` with & < > " ' replaced by entities, and every byte that is not valid UTF-8 or is a control
/// character (but tab and newline) by U+FFFD, so that any string can stand in HTML text and in a quoted
/// attribute.
std::string escape(std::string_view text);

/// "1,234,567.8": thousands separated, `decimals` in [0, 6] digits after the point. The same in every locale.
/// A value that is not finite is a dash, one beyond 1e15 is written with an exponent.
std::string grouped(double value, int decimals = 0);

/// Shortest text that reads back as the same double: the exact value for tooltips.
std::string exact(double value);

/// "812 B", "45.7 KB", "1.2 MB"; 1 KB = 1024 B as on data sheets of memories.
std::string bytes_text(double bytes);

/// "85.2 %" for 0.852. "100 %" and "0 %" only when they are exact.
std::string percent_text(double share);

/// "950", "12.3 thousand", "2.66 million".
std::string compact(double value);

/// "0.4 s", "42 s", "3 min 20 s", "2 h 5 min".
std::string duration_text(double seconds);

/// A value element that shows `text`, and `tooltip` when pointed at: for numbers shown short that have an
/// exact value.
std::string with_tooltip(std::string_view text, std::string_view tooltip, double value);

/// The shorthands that pages use: short text, exact value in the tooltip.
std::string bytes_html(double bytes);
std::string percent_html(double share);
std::string compact_html(double value);
std::string grouped_html(double value, int decimals = 0);

/// RFC 4648, with padding.
std::string base64(std::span<const uint8_t> bytes);

}  // namespace tadpole::evaluate
