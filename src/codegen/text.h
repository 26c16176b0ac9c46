// Inside the room: numbers and strings as C++ source.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tadpole::codegen {

std::string literal(int64_t value);
/// Nine significant digits: the same float is read back.
std::string literal(float value);
/// A quoted string; everything but printable ASCII is escaped.
std::string literal(std::string_view text);

/// "alignas(4) const int8_t name[3] = {1, 2, 3};" in lines of at most 110 columns.
std::string array_definition(std::string_view name, std::span<const int8_t> values);
std::string array_definition(std::string_view name, std::span<const uint8_t> values, int alignment = 4);
std::string array_definition(std::string_view name, std::span<const int16_t> values);
std::string array_definition(std::string_view name, std::span<const uint16_t> values);
std::string array_definition(std::string_view name, std::span<const int32_t> values);
std::string array_definition(std::string_view name, std::span<const float> values);

/// "007"
std::string three_digits(int number);

}  // namespace tadpole::codegen
