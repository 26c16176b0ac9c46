// Small helpers for messages that people read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tadpole::base {

/// The candidate with the fewest edits (insert, delete, replace, swap of neighbours) from `name`, or "" when
/// none is nearer than half of the name's length. Upper and lower case count as equal.
std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

/// "a, b and c"
std::string join_words(std::span<const std::string_view> words);

/// "983,040"
std::string with_commas(int64_t number);

/// "12.3 KB" (1 KB = 1024 B), "912 B"
std::string readable_bytes(int64_t bytes);

}  // namespace tadpole::base
