// The table of error codes and how an error is printed.
#include "base/error.h"

#include <array>
#include <cassert>
#include <cstdio>

namespace tadpole::base {

namespace {
constexpr CodeInfo kCodes[] = {
#define TADPOLE_ERROR(name, number, summary, advice) {Code::name, #name, summary, advice},
#include "base/errors.def"
#undef TADPOLE_ERROR
};
}  // namespace

std::span<const CodeInfo> all_codes() { return kCodes; }

const CodeInfo& info(Code code) {
  for (const CodeInfo& row : kCodes) {
    if (row.code == code) return row;
  }
  assert(false && "a Code that is not in errors.def");
  return kCodes[1];
}

std::string code_text(Code code) {
  char text[8];
  std::snprintf(text, sizeof text, "E%04u", static_cast<unsigned>(code));
  return text;
}

std::string Error::message() const {
  const std::string code_name = " [" + code_text(code) + "]";
  return (detail.empty() ? std::string(info(code).summary) : detail) + code_name;
}

}  // namespace tadpole::base
