// Error codes and the Error value. Codes come from errors.def; nothing here allocates but the detail text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tadpole::base {

/// One code per kind of failure; the number is stable and names the page docs/errors/E0123.md.
enum class Code : uint16_t {
#define TADPOLE_ERROR(name, number, summary, advice) name = number,
#include "base/errors.def"
#undef TADPOLE_ERROR
};

/// A row of errors.def. The texts live as long as the program.
struct CodeInfo {
  Code code;
  std::string_view name;
  std::string_view summary;
  std::string_view advice;
};

/// All rows of errors.def in the order of the file.
std::span<const CodeInfo> all_codes();

/// The row of `code`. Every Code made by its name has one.
const CodeInfo& info(Code code);

/// A failure: what kind, and a sentence with the thing, what was found, what is needed and what to do.
struct Error {
  Code code;
  std::string detail;

  /// "detail [E0110]": the sentence, then the code that names the page in docs/errors.
  std::string message() const;
};

/// "E0110" for Code 110.
std::string code_text(Code code);

}  // namespace tadpole::base

namespace tadpole {
using base::Code;
using base::Error;
}  // namespace tadpole
