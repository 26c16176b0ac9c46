// Which machine code a function can reach, read from the firmware itself: what one layer costs in flash.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "board/elf.h"

namespace tadpole::board {

/// The calls and jumps from function to function. Calls through pointers are not seen.
class CodeMap {
 public:
  /// `image` is the ELF file that `elf` was read from. Fails: elf_damaged. Cost: O(size of the code).
  static Result<CodeMap> read(std::span<const uint8_t> image, const Elf& elf);

  /// Addresses of the functions that any of `names` calls, directly or not, and of these themselves.
  std::set<uint32_t> reached_from(std::span<const std::string_view> names) const;
  /// Bytes of these functions.
  int64_t bytes_of(const std::set<uint32_t>& functions) const;
  int64_t bytes_reached_from(std::string_view name) const;

 private:
  struct Function {
    uint32_t size = 0;
    std::vector<uint32_t> calls;
  };
  std::map<uint32_t, Function> functions_;
  std::map<std::string, uint32_t, std::less<>> addresses_;
};

}  // namespace tadpole::board
