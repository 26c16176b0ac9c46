// Numbers as text: exact, and fast enough for a million weights.
#include "codegen/text.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <limits>

namespace tadpole::codegen {

namespace {

constexpr size_t kColumns = 108;

template <class T>
std::string definition(std::string_view type, std::string_view name, std::span<const T> values,
                       int alignment = 4) {
  std::string text = "alignas(" + std::to_string(alignment) + ") const " + std::string(type) + " " +
                     std::string(name) + "[" + std::to_string(values.size()) + "] = {";
  size_t line_start = text.size() + 1;
  text += "\n   ";
  for (size_t i = 0; i < values.size(); ++i) {
    std::string number;
    if constexpr (std::is_same_v<T, float>) {
      number = literal(values[i]);
    } else {
      number = literal(static_cast<int64_t>(values[i]));
    }
    if (text.size() - line_start + number.size() + 2 > kColumns) {
      line_start = text.size() + 1;
      text += "\n   ";
    }
    text += ' ';
    text += number;
    if (i + 1 < values.size()) text += ',';
  }
  return text + "};\n";
}

}  // namespace

std::string literal(int64_t value) {
  // The smallest number of a type has no literal of its own: a minus is an operator in C++.
  if (value == std::numeric_limits<int32_t>::min()) return "(-2147483647 - 1)";
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

std::string literal(float value) {
  std::array<char, 40> digits;
  std::snprintf(digits.data(), digits.size(), "%.9g", static_cast<double>(value));
  std::string text = digits.data();
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text + "f";
}

std::string literal(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte >= 0x7f || c == '?') {
      // Octal has at most three digits, so that a digit may follow; "?" could begin a trigraph.
      std::array<char, 8> escape;
      std::snprintf(escape.data(), escape.size(), "\\%03o", byte);
      quoted += escape.data();
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string array_definition(std::string_view name, std::span<const int8_t> values) {
  return definition("int8_t", name, values);
}
std::string array_definition(std::string_view name, std::span<const uint8_t> values, int alignment) {
  return definition("uint8_t", name, values, alignment);
}
std::string array_definition(std::string_view name, std::span<const int16_t> values) {
  return definition("int16_t", name, values);
}
std::string array_definition(std::string_view name, std::span<const uint16_t> values) {
  return definition("uint16_t", name, values);
}
std::string array_definition(std::string_view name, std::span<const int32_t> values) {
  return definition("int32_t", name, values);
}
std::string array_definition(std::string_view name, std::span<const float> values) {
  return definition("float", name, values);
}

std::string three_digits(int number) {
  std::array<char, 16> digits;
  std::snprintf(digits.data(), digits.size(), "%03d", number);
  return digits.data();
}

}  // namespace tadpole::codegen
