// std::bit_cast for the library of em++ 3.1.6, which lacks it.
#pragma once

#include <type_traits>

namespace tadpole {

/// The same bytes as another type of the same size.
template <class To, class From>
constexpr To bit_cast(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  static_assert(std::is_trivially_copyable_v<To> && std::is_trivially_copyable_v<From>);
  return __builtin_bit_cast(To, from);
}

}  // namespace tadpole
