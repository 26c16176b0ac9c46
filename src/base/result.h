// Result<T>: a value or an Error. The only way a function in src/ says that a user's input was at fault.
#pragma once

#include <cassert>
#include <optional>
#include <utility>
#include <variant>

#include "base/error.h"

namespace tadpole::base {

/// A T, or why there is none. Reading the value of a failed Result is a bug and asserts.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit on purpose
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    assert(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

/// Done, or why not.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit on purpose

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    assert(!ok());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace tadpole::base

namespace tadpole {
using base::Result;
}  // namespace tadpole

#define TADPOLE_JOIN_(a, b) a##b
#define TADPOLE_JOIN(a, b) TADPOLE_JOIN_(a, b)

/// TADPOLE_TRY(auto model, read(path)): declares `model` with the value, or returns the error from this
/// function.
#define TADPOLE_TRY(declaration, expression)                                                 \
  auto TADPOLE_JOIN(result_, __LINE__) = (expression);                                       \
  if (!TADPOLE_JOIN(result_, __LINE__).ok()) return TADPOLE_JOIN(result_, __LINE__).error(); \
  declaration = std::move(TADPOLE_JOIN(result_, __LINE__)).value()

/// TADPOLE_CHECK(write(path)): returns the error of a Result<void> from this function.
#define TADPOLE_CHECK(expression)                                              \
  do {                                                                         \
    if (auto checked_ = (expression); !checked_.ok()) return checked_.error(); \
  } while (false)
