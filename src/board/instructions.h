// From the plugin's records (a mark was reached, so much was executed so far) to instructions per layer, per
// inference and per feature frame, each by class. Counts are exact.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "board/elf.h"

namespace tadpole::board {

/// What is counted: the rows of plugin/classes.def. First the classes, of which every instruction is in one,
/// then amounts beside them.
enum class Count : size_t {
#define TADPOLE_CLASS(name, words) name,
#define TADPOLE_AMOUNT(name, words) name,
#include "board/plugin/classes.def"
};

inline constexpr size_t kCounts = 0
#define TADPOLE_CLASS(name, words) +1
#define TADPOLE_AMOUNT(name, words) +1
#include "board/plugin/classes.def"
    ;
inline constexpr size_t kClasses = 0
#define TADPOLE_CLASS(name, words) +1
#define TADPOLE_AMOUNT(name, words)
#include "board/plugin/classes.def"
    ;

/// "load_multiple", and what it is in words.
std::string_view count_name(Count count);
std::string_view count_words(Count count);

/// One number for each row of the table.
struct Counts {
  std::array<int64_t, kCounts> values{};

  int64_t operator[](Count count) const { return values[static_cast<size_t>(count)]; }
  int64_t& operator[](Count count) { return values[static_cast<size_t>(count)]; }
  /// All instructions: the sum of the classes.
  int64_t instructions() const;
  Counts operator-(const Counts& other) const;
  Counts& operator+=(const Counts& other);
  bool operator==(const Counts&) const = default;
};

struct LayerInstructions {
  std::string name;          ///< the function's: "tadpole_layer_003"
  int64_t instructions = 0;  ///< from its first instruction to the first of what follows it
  Counts counts{};           ///< the same by class
};

/// Of the last inference and the last feature frame, with the largest seen since boot beside them:
/// instructions may depend on the data.
struct InstructionCounts {
  std::vector<LayerInstructions> layers;
  int64_t inference = 0;  ///< from tadpole_invoke_begin to tadpole_invoke_end; layers plus what calls them
  Counts inference_counts{};
  int64_t largest_inference = 0;
  int64_t inferences = 0;  ///< how many were counted
  int64_t feature_frame = 0;
  Counts feature_frame_counts{};
  int64_t largest_feature_frame = 0;
  Counts largest_feature_frame_counts{};
  int64_t feature_frames = 0;
};

/// Follows the records of one board.
class InstructionTracker {
 public:
  explicit InstructionTracker(const Elf& elf);

  /// Addresses to give to the plugin.
  std::vector<uint32_t> marks() const;

  /// Takes whole records from the front of `records` and leaves a rest of less than one.
  void follow(std::vector<uint8_t>& records);

  const InstructionCounts& counts() const { return counts_; }

  /// The function of the last mark that was reached; "" before the first.
  const std::string& last_mark() const { return last_mark_; }

 private:
  void reach(uint32_t address, const Counts& total);

  std::map<uint32_t, std::string> names_;
  InstructionCounts counts_, current_;
  Counts invoke_begin_, feature_begin_, layer_begin_;
  bool in_inference_ = false, in_feature_frame_ = false;
  std::string open_layer_, last_mark_;
};

}  // namespace tadpole::board
